"""py-evm's Prague opcodes over our flat journaled accounts, with its slow or wrong surroundings replaced.

What is py-evm's: every opcode's logic and gas. What is ours, and why:

    state            the journal of `state.world`, bound as the methods that opcodes call; nothing hashed until sealing
    jump targets     found once for each code and kept, not at every call
    the loop         a table look-up for each opcode; code is padded with STOPs so that no bound is checked
    created list     py-evm forgets it, and charges init code twice, when a frame's caller is the transaction's origin
                     (possible since EIP-7702)
    collisions       storage at the target counts, too (EIP-7610)
    init code        priced with the intrinsic gas, where geth has it, not inside the frame
    hot opcodes      on a stack of integers, one call each (fast_opcodes.py), keccak on our native library
    SELFDESTRUCT     without py-evm's deprecation warning
"""

# py-evm types every argument by its abstract interfaces and its own byte NewTypes; narrowing them is the point here.
# mypy: disable-error-code="override,method-assign,assignment,arg-type,attr-defined,unreachable"

import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, cast

from eth import constants as evm_constants
from eth.exceptions import (
    ContractCreationCollision,
    Halt,
    InsufficientFunds,
    OutOfGas,
    ReservedBytesInCode,
    StackDepthLimit,
    VMError,
)
from eth.vm import opcode_values
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.byzantium.opcodes import ensure_no_static
from eth.vm.forks.cancun.logic import selfdestruct_eip6780
from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.opcodes import PRAGUE_OPCODES
from eth.vm.forks.prague.state import PragueState
from eth.vm.gas_meter import GasMeter
from eth.vm.logic.invalid import InvalidOpcode
from eth.vm.message import Message
from eth.vm.opcode import as_opcode

from state.execution.fast_code import FastCode
from state.execution.fast_opcodes import FastMemory, IntegerStack, fast_opcodes, memory_price
from state.execution.port import BlockEnv, ChainRules
from state.execution.precompiles import (
    ETHEREUM_PRECOMPILES,
    OPTIMISM_PRECOMPILES,
    evm_functions,
    moved_precompiles,
)
from state.execution.validation import MAX_INITCODE_SIZE
from state.primitives.types import Address
from state.world.journal import WorldState

MAX_CODE_SIZE: Final = 24_576
CODE_DEPOSIT_GAS: Final = 200
SELFDESTRUCT_GAS: Final = 5_000
PYTHON_FRAMES: Final = 32_768
"""1,024 nested creations take ten Python frames each, and the caller has some, too: running out of them would be a
result that no other client gives."""
sys.setrecursionlimit(max(PYTHON_FRAMES, sys.getrecursionlimit()))


class FastGasMeter(GasMeter):
    """py-evm's meter without its logging; refunds may go below zero for a while (EIP-2200)."""

    def __init__(self, start_gas: int) -> None:
        self.start_gas = start_gas
        self.gas_remaining = start_gas
        self.gas_refunded = 0

    def consume_gas(self, amount: int, reason: str) -> None:
        """Raises OutOfGas, whose text names the reason."""
        remaining = self.gas_remaining - amount
        if remaining < 0:
            raise OutOfGas(reason)
        self.gas_remaining = remaining

    def return_gas(self, amount: int) -> None:
        """Gas that a child frame didn't use."""
        self.gas_remaining += amount

    def refund_gas(self, amount: int) -> None:
        """Add to the refund counter, maybe a negative amount."""
        self.gas_refunded += amount


def _opcode_table() -> tuple[Callable[..., None], ...]:
    table: list[Callable[..., None]] = [PRAGUE_OPCODES.get(value) or InvalidOpcode(value) for value in range(256)]
    table[opcode_values.SELFDESTRUCT] = as_opcode(
        logic_fn=ensure_no_static(selfdestruct_eip6780),
        mnemonic="SELFDESTRUCT",
        gas_cost=SELFDESTRUCT_GAS,
    )
    for value, opcode in fast_opcodes().items():
        table[value] = opcode
    return tuple(table)


class FastComputation(PragueComputation):
    """One call frame on Ethereum's rules."""

    table: ClassVar[tuple[Callable[..., None], ...]] = _opcode_table()
    _precompiles = evm_functions(ETHEREUM_PRECOMPILES)
    contracts_created: list[Address]

    def __init__(self, state: "FastState", message: Message, transaction_context: CancunTransactionContext) -> None:
        self.state = state
        self.msg = message
        self.transaction_context = transaction_context
        self.code = FastCode(message.code)
        self._gas_meter = meter = FastGasMeter(message.gas)
        self.consume_gas = meter.consume_gas
        self.children = []
        self.accounts_to_delete = []
        self.beneficiaries = []
        self._stack = stack = IntegerStack()
        self.stack_push_int = stack.push_int
        self.stack_push_bytes = stack.push_bytes
        self.stack_pop1_int = stack.pop1_int
        self.stack_pop_ints = stack.pop_ints
        self._memory = FastMemory()
        self._log_entries = []

    @classmethod
    def apply_message(
        cls,
        state: "FastState",
        message: Message,
        transaction_context: CancunTransactionContext,
        parent_computation: "FastComputation | None" = None,
    ) -> "FastComputation":
        """The finished frame of a call, or of a creation's init code; undone if it failed."""
        world = state.world
        snapshot = world.snapshot()
        if message.depth > evm_constants.STACK_DEPTH_LIMIT:
            raise StackDepthLimit("Stack depth limit reached")
        target = message.storage_address
        if message.value and message.should_transfer_value:
            if world.get_balance(message.sender) < message.value:
                raise InsufficientFunds("Insufficient funds")
            world.add_balance(message.sender, -message.value)
            world.add_balance(target, message.value)
        else:
            world.touch_account(target)
        computation = cls.apply_computation(state, message, transaction_context, parent_computation)
        if computation._error is not None:
            world.revert(snapshot)
        return computation

    @classmethod
    def apply_create_message(
        cls,
        state: "FastState",
        message: Message,
        transaction_context: CancunTransactionContext,
        parent_computation: "FastComputation | None" = None,
    ) -> "FastComputation":
        """The finished frame of a creation, its code stored; undone if it failed.

        Raises OutOfGas in the parent's frame for oversize init code, as EIP-3860 has it.
        """
        if len(message.code) > MAX_INITCODE_SIZE:
            raise OutOfGas(f"EIP-3860: {len(message.code)} bytes of init code")
        snapshot = state.world.snapshot()
        state.world.increment_nonce(message.storage_address)
        computation = cls.apply_message(state, message, transaction_context, parent_computation)
        if computation._error is None:
            try:
                cls._store_code(state.world, computation)
            except VMError as error:
                computation._error = error.with_traceback(None)
        if computation._error is not None:
            state.world.revert(snapshot)
        return computation

    @staticmethod
    def _store_code(world: WorldState, computation: "FastComputation") -> None:
        code = computation.output
        if len(code) > MAX_CODE_SIZE:
            raise OutOfGas(f"Contract code size exceeds EIP170: {len(code)} bytes")
        if code[:1] == b"\xef":
            raise ReservedBytesInCode("code begins with 0xef")
        if code:
            computation.consume_gas(len(code) * CODE_DEPOSIT_GAS, "Write contract code")
            world.set_code(computation.msg.storage_address, code)

    @classmethod
    def apply_computation(
        cls,
        state: "FastState",
        message: Message,
        transaction_context: CancunTransactionContext,
        parent_computation: "FastComputation | None" = None,
    ) -> "FastComputation":
        """The frame after its last opcode; a VMError ends up in it and goes no further."""
        computation = cls(state, message, transaction_context)
        created = [] if parent_computation is None else parent_computation.contracts_created
        computation.contracts_created = created
        if message.is_create:
            created.append(message.storage_address)
        try:
            precompile = cls._precompiles.get(message.code_address)
            if precompile is None:
                cls._run(computation)
            elif not message.is_delegation:
                precompile(computation)
        except VMError as error:
            computation._fail(error)
        computation._release()
        return computation

    @classmethod
    def _run(cls, computation: "FastComputation") -> None:
        code, table = computation.code, cls.table
        opcodes = code._raw_code_bytes
        try:
            while True:
                position = code.program_counter
                code.program_counter = position + 1
                table[opcodes[position]](computation)
        except Halt:
            pass

    def extend_memory(self, start_position: int, size: int) -> None:
        """Pay for and zero the memory up to `start_position + size`; nothing for size zero. Raises OutOfGas."""
        memory: bytearray = self._memory._bytes
        before = len(memory) >> 5
        after = (start_position + size + 31) >> 5
        if size and after > before:
            self.consume_gas(memory_price(after) - memory_price(before), "memory expansion")
            memory.extend(bytes((after - before) << 5))

    def _release(self) -> None:
        """Let stack and memory go: a transaction keeps every frame until it ends, and most have thousands of bytes."""
        for name in ("stack_push_int", "stack_push_bytes", "stack_pop1_int", "stack_pop_ints"):
            del self.__dict__[name]
        self._stack = self._memory = None

    def _fail(self, error: VMError) -> None:
        # Without its traceback, which holds this very frame: a cycle that only the garbage collector could free.
        self._error = error.with_traceback(None)
        if error.burns_gas:
            self._gas_meter.gas_remaining = 0
        if error.erases_return_data:
            self.return_data = b""


class OptimismComputation(FastComputation):
    """One call frame with an OP chain's precompiles and their input limits."""

    _precompiles = evm_functions(OPTIMISM_PRECOMPILES)


def with_moved_precompiles(
    usual: type[FastComputation], moves: Mapping[Address, Address | None]
) -> type[FastComputation]:
    """`usual` with precompiles where a call pretends them; one class for each call, and nothing else changed."""
    return type(usual.__name__, (usual,), {"_precompiles": moved_precompiles(usual.get_precompiles(), moves)})


def outer_message(
    *,
    gas: int,
    to: bytes,
    sender: bytes,
    value: int,
    data: bytes,
    code: bytes,
    create_address: bytes | None = None,
    is_delegation: bool = False,
    refund: int = 0,
) -> Message:
    """A transaction's message; `to` is empty for a creation."""
    return Message(
        gas=gas,
        to=to,
        sender=sender,
        value=value,
        data=data,
        code=code,
        create_address=create_address,
        is_delegation=is_delegation,
        refund=refund,
    )


class FastState(PragueState):
    """What opcodes see of the block and the accounts: `world`, with its methods under py-evm's names."""

    computation_class: type[FastComputation]

    def __init__(
        self,
        world: WorldState,
        env: BlockEnv,
        rules: ChainRules,
        computation_class: type[FastComputation] | None = None,
    ) -> None:
        """`computation_class`: frames of another kind, with the chain's usual precompiles."""
        self.world = world
        self._env = env
        self._is_optimism = rules.is_optimism
        usual = computation_class or (OptimismComputation if rules.is_optimism else FastComputation)
        self.computation_class = with_moved_precompiles(usual, env.precompile_moves) if env.precompile_moves else usual
        self.execution_context = ExecutionContext(
            coinbase=env.fee_recipient,
            timestamp=env.timestamp,
            block_number=env.number,
            difficulty=0,
            mix_hash=env.prev_randao,
            gas_limit=env.gas_limit,
            prev_hashes=(),
            chain_id=rules.chain_id,
            base_fee_per_gas=env.base_fee_per_gas,
            excess_blob_gas=env.excess_blob_gas,
        )
        self.precompile_addresses: frozenset[bytes] = frozenset(self.computation_class.get_precompiles())
        self._always_warm: frozenset[bytes] = frozenset(usual.get_precompiles())
        self._bind(world)

    def _bind(self, world: WorldState) -> None:
        """Bound methods on the instance: one call less for each access."""
        self.get_storage = world.get_storage
        self.set_storage = world.set_storage
        self.delete_storage = world.delete_storage
        self.delete_account = world.destroy
        self.get_balance = world.get_balance
        self.set_balance = world.set_balance
        self.delta_balance = world.add_balance
        self.get_nonce = world.get_nonce
        self.set_nonce = world.set_nonce
        self.increment_nonce = world.increment_nonce
        self.get_code = world.get_code
        self.set_code = world.set_code
        self.get_code_hash = world.get_code_hash
        self.has_code_or_nonce = world.is_occupied
        self.account_exists = world.account_exists
        self.account_is_empty = world.account_is_empty
        self.touch_account = world.touch_account
        self.is_storage_warm = world.is_storage_warm
        self.mark_storage_warm = world.mark_storage_warm
        self.mark_address_warm = world.mark_address_warm
        self.get_transient_storage = world.get_transient_storage
        self.set_transient_storage = world.set_transient_storage
        self.snapshot = world.snapshot
        self.revert = world.revert

    def commit(self, snapshot: int) -> None:
        """Nothing: what isn't reverted stays."""

    def is_address_warm(self, address: Address) -> bool:
        """Precompiles always are, where the chain has them."""
        return self.world.is_address_warm(address) or address in self._always_warm

    def get_ancestor_hash(self, block_number: int) -> bytes:
        """BLOCKHASH: one of the 256 blocks before this one, else empty."""
        depth = self._env.number - block_number
        if not 1 <= depth <= 256:
            return b""
        return self._env.ancestor_hash(block_number) or b""

    @property
    def blob_base_fee(self) -> int:
        """1 on an OP chain (exec-engine.md), EIP-4844's on L1, unless a call pretends another."""
        if self._env.blob_base_fee is not None:
            return self._env.blob_base_fee
        return 1 if self._is_optimism else super().blob_base_fee

    def run(self, message: Message, *, origin: Address, gas_price: int) -> FastComputation:
        """The finished frame of a transaction's message; a creation on an occupied address fails without running."""
        context = CancunTransactionContext(gas_price=gas_price, origin=origin)
        computation_class: Any = self.computation_class
        if not message.is_create:
            return cast(FastComputation, computation_class.apply_message(self, message, context))
        if not self.world.is_occupied(message.storage_address):
            return cast(FastComputation, computation_class.apply_create_message(self, message, context))
        computation = computation_class(self, message, context)
        computation._fail(ContractCreationCollision("contract address collision"))
        return cast(FastComputation, computation)
