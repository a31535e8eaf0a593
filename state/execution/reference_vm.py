"""py-evm's Prague VM with the OP Stack's rules added by subclassing. Its opcodes are untouched.

    ReferenceState                 accounts from a StateReader, BLOCKHASH, BLOBBASEFEE
    ├── computation_class          precompiles on native libraries
    └── transaction_executor_class L1 fee and operator fee on top of Ethereum's, vaults

Deviations from py-evm, each because it is wrong there: initcode is charged once also where a delegated account creates
from itself (`is_origin_computation`); an address with storage can't be created at (EIP-7610).
"""

from dataclasses import dataclass, field
from typing import Final, Self

from eth.abc import ComputationAPI, MessageAPI, SignedTransactionAPI
from eth.constants import CREATE_CONTRACT_ADDRESS
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.berlin.transactions import calculate_txn_intrinsic_gas_berlin
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.constants import PER_EMPTY_ACCOUNT_BASE_COST, SET_CODE_TRANSACTION_TYPE
from eth.vm.forks.prague.state import PragueState, PragueTransactionExecutor
from eth.vm.forks.prague.transactions import Authorization as EvmAuthorization
from eth.vm.message import Message
from eth_typing import Address as EvmAddress
from eth_typing import BlockNumber as EvmBlockNumber
from eth_typing import Hash32 as EvmHash32

from state.execution.fees import (
    BASE_FEE_VAULT_ADDRESS,
    L1_FEE_VAULT_ADDRESS,
    OPERATOR_FEE_VAULT_ADDRESS,
)
from state.execution.port import BlockEnv, CallMessage, ChainRules
from state.execution.precompiles import (
    ETHEREUM_PRECOMPILES,
    OPTIMISM_PRECOMPILES,
    evm_functions,
    moved_precompiles,
)
from state.execution.reference_accounts import ReaderAccountDB
from state.primitives.types import Address, BlockNumber
from state.transactions import (
    AccessListEntry,
    Authorization,
    DepositTransaction,
    RecoveredTransaction,
    TransactionType,
)
from state.world.types import StateReader

BLOCKHASH_WINDOW: Final = 256


@dataclass(kw_only=True, slots=True)
class EvmTransaction:
    """One of ours with the attributes that py-evm asks of a transaction."""

    type_id: int
    sender: EvmAddress
    to: EvmAddress
    """Empty for a creation."""
    nonce: int = 0
    gas: int
    max_fee_per_gas: int = 0
    max_priority_fee_per_gas: int = 0
    value: int
    data: bytes
    access_list: tuple[tuple[EvmAddress, tuple[int, ...]], ...] = ()
    authorization_list: tuple[EvmAuthorization, ...] = ()
    is_free: bool = False
    """A deposit, or a call without a gas price: nothing goes to the fee recipient."""
    l1_fee: int = 0
    operator_fee_on_limit: int = 0
    operator_fee_scalar: int = 0
    operator_fee_constant: int = 0
    has_vaults: bool = False
    gas_used: int = field(default=0, init=False)
    """Set by the executor: after refunds and the calldata floor."""
    max_used_gas: int = field(default=0, init=False)
    """Set by the executor: before refunds, at least the calldata floor."""

    @property
    def operator_fee(self) -> int:
        """Wei for the gas that was used (Isthmus); 0 on L1 and for deposits."""
        return self.gas_used * self.operator_fee_scalar // 10**6 + self.operator_fee_constant

    @property
    def intrinsic_gas(self) -> int:
        """py-evm's own sum; it charges a creation's initcode inside the computation."""
        core: int = calculate_txn_intrinsic_gas_berlin(self)  # type: ignore[arg-type]
        return core + PER_EMPTY_ACCOUNT_BASE_COST * len(self.authorization_list)

    @classmethod
    def of_signed(cls, recovered: RecoveredTransaction) -> Self:
        """A pool transaction."""
        tx = recovered.transaction
        return cls(
            type_id=int(tx.type),
            sender=EvmAddress(bytes(recovered.sender)),
            to=_recipient(tx.to),
            nonce=tx.nonce,
            gas=tx.gas_limit,
            max_fee_per_gas=tx.max_fee_per_gas,
            max_priority_fee_per_gas=tx.max_priority_fee_per_gas,
            value=tx.value,
            data=tx.data,
            access_list=_access_list(tx.access_list),
            authorization_list=_authorizations(tx.authorizations),
        )

    @classmethod
    def of_deposit(cls, deposit: DepositTransaction) -> Self:
        """A deposit: as of type 2, free of charge."""
        return cls(
            type_id=int(TransactionType.DYNAMIC_FEE),
            sender=EvmAddress(bytes(deposit.sender)),
            to=_recipient(deposit.to),
            gas=deposit.gas_limit,
            value=deposit.value,
            data=deposit.data,
            is_free=True,
        )

    @classmethod
    def of_call(cls, message: CallMessage) -> Self:
        """A call that nobody signed."""
        return cls(
            type_id=SET_CODE_TRANSACTION_TYPE if message.authorizations else int(TransactionType.DYNAMIC_FEE),
            sender=EvmAddress(bytes(message.sender)),
            to=_recipient(message.to),
            gas=message.gas_limit,
            max_fee_per_gas=message.gas_price,
            max_priority_fee_per_gas=message.gas_price,
            value=message.value,
            data=message.data,
            access_list=_access_list(message.access_list),
            authorization_list=_authorizations(message.authorizations),
            is_free=message.gas_price == 0,
        )


def _recipient(to: Address | None) -> EvmAddress:
    return EvmAddress(CREATE_CONTRACT_ADDRESS if to is None else bytes(to))


def _access_list(entries: tuple[AccessListEntry, ...]) -> tuple[tuple[EvmAddress, tuple[int, ...]], ...]:
    return tuple(
        (EvmAddress(bytes(entry.address)), tuple(int.from_bytes(key, "big") for key in entry.storage_keys))
        for entry in entries
    )


def _authorizations(authorizations: tuple[Authorization, ...]) -> tuple[EvmAuthorization, ...]:
    return tuple(EvmAuthorization(a.chain_id, bytes(a.address), a.nonce, a.y_parity, a.r, a.s) for a in authorizations)


class ReferenceComputation(PragueComputation):
    """Prague's opcodes with Ethereum's precompiles on native libraries."""

    _precompiles = evm_functions(ETHEREUM_PRECOMPILES)

    @property
    def is_origin_computation(self) -> bool:
        # py-evm compares sender and origin, which are the same again where a delegated account (EIP-7702) calls out.
        return self.msg.depth == 0


class OptimismComputation(ReferenceComputation):
    """The same with P256VERIFY and input limits."""

    _precompiles = evm_functions(OPTIMISM_PRECOMPILES)


class ReferenceTransactionExecutor(PragueTransactionExecutor):
    """Ethereum's accounting, then the OP Stack's two fees and its vaults. Validation happened before."""

    def validate_transaction(self, transaction: SignedTransactionAPI) -> None:
        """Nothing: state.execution.validation is the one rule book."""

    def build_evm_message(self, transaction: SignedTransactionAPI) -> MessageAPI:
        tx = _ours(transaction)
        if charge := tx.l1_fee + tx.operator_fee_on_limit:
            self.vm_state.delta_balance(tx.sender, -charge)
        return super().build_evm_message(transaction)

    def finalize_computation(self, transaction: SignedTransactionAPI, computation: ComputationAPI) -> ComputationAPI:
        super().finalize_computation(transaction, computation)
        tx = _ours(transaction)
        before_refund = tx.gas - computation.get_gas_remaining()
        refund = self.calculate_gas_refund(computation, before_refund)
        tx.gas_used = before_refund - refund + self.calc_data_floor_gas(transaction, before_refund, refund)
        tx.max_used_gas = max(before_refund, tx.gas_used)
        if tx.has_vaults:
            self._pay_vaults(tx)
        return computation

    def _pay_vaults(self, tx: EvmTransaction) -> None:
        self._add(tx.sender, tx.operator_fee_on_limit - tx.operator_fee)
        self._add(EvmAddress(bytes(BASE_FEE_VAULT_ADDRESS)), tx.gas_used * self.vm_state.base_fee)
        self._add(EvmAddress(bytes(L1_FEE_VAULT_ADDRESS)), tx.l1_fee)
        self._add(EvmAddress(bytes(OPERATOR_FEE_VAULT_ADDRESS)), tx.operator_fee)

    def _add(self, address: EvmAddress, amount: int) -> None:
        """Nothing is touched by nothing: an empty account must not come to be."""
        if amount:
            self.vm_state.delta_balance(address, amount)


def _ours(transaction: object) -> EvmTransaction:
    assert isinstance(transaction, EvmTransaction)  # noqa: S101 - py-evm's type names its own transactions
    return transaction


class ReferenceState(PragueState):
    """One block's state on an Ethereum chain."""

    computation_class = ReferenceComputation
    transaction_executor_class = ReferenceTransactionExecutor

    def __init__(self, reader: StateReader, env: BlockEnv, rules: ChainRules) -> None:
        # py-evm's own constructor wants a database with a trie, and installs system contracts (FINDINGS).
        self.execution_context = ExecutionContext(
            coinbase=EvmAddress(bytes(env.fee_recipient)),
            timestamp=env.timestamp,
            block_number=EvmBlockNumber(env.number),
            difficulty=0,
            mix_hash=EvmHash32(bytes(env.prev_randao)),
            gas_limit=env.gas_limit,
            prev_hashes=(),
            chain_id=rules.chain_id,
            base_fee_per_gas=env.base_fee_per_gas,
            excess_blob_gas=env.excess_blob_gas,
        )
        self.accounts = ReaderAccountDB(reader)
        self._account_db = self.accounts
        self._ancestor_hash = env.ancestor_hash
        self._env = env
        self._always_warm = frozenset(self.computation_class.get_precompiles())
        if env.precompile_moves:
            table = moved_precompiles(self.computation_class.get_precompiles(), env.precompile_moves)
            moved: type[ReferenceComputation] = type("Moved", (self.computation_class,), {"_precompiles": table})
            self.computation_class = moved

    def is_address_warm(self, address: EvmAddress) -> bool:
        """Precompiles always are, where the chain has them."""
        return self._account_db.is_address_warm(address) or address in self._always_warm

    @property
    def blob_base_fee(self) -> int:
        """EIP-4844's, unless a call pretends another."""
        pretended = self._env.blob_base_fee
        return super().blob_base_fee if pretended is None else pretended

    def get_tip(self, transaction: SignedTransactionAPI) -> int:
        return 0 if _ours(transaction).is_free else super().get_tip(transaction)

    def get_ancestor_hash(self, block_number: int) -> EvmHash32:
        """The hash of one of the 256 blocks before; empty, which BLOCKHASH pushes as 0, for any other."""
        if not self.block_number - BLOCKHASH_WINDOW <= block_number < self.block_number:
            return EvmHash32(b"")
        return EvmHash32(bytes(self._ancestor_hash(BlockNumber(block_number)) or b""))

    def has_code_or_nonce(self, address: EvmAddress) -> bool:
        """Whether nothing can be created at the address (EIP-684, EIP-7610)."""
        return super().has_code_or_nonce(address) or self.accounts.has_storage(address)

    def system_call(self, caller: EvmAddress, target: EvmAddress, data: bytes) -> None:
        """Run `target`'s code for the protocol: 30M gas, no fee, nothing where there is no code."""
        code = self.get_code(target)
        if not code:
            return
        message = Message(gas=30_000_000, to=target, sender=caller, value=0, data=data, code=code)
        context = self.get_transaction_context_class()(gas_price=0, origin=caller)
        self.computation_class.apply_message(self, message, context)
        self.clear_transient_storage()
        self.lock_changes()


class OptimismState(ReferenceState):
    """One block's state on an OP chain."""

    computation_class = OptimismComputation

    @property
    def blob_base_fee(self) -> int:
        """1: there are no blobs on L2 (specs/protocol/exec-engine.md), unless a call pretends another."""
        return 1 if self._env.blob_base_fee is None else self._env.blob_base_fee


def open_state(reader: StateReader, env: BlockEnv, rules: ChainRules) -> ReferenceState:
    """A fresh state for one block."""
    return (OptimismState if rules.is_optimism else ReferenceState)(reader, env, rules)
