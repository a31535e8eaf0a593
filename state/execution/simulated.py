"""A block of transactions that nobody signed, for eth_simulateV1: the fast executor's, with other checks before them.

    not validating   nonces are free, a transaction without fees pays none, and there are no fees of the OP Stack
    validating       all that a block's builder checks, but signatures and that the sender is no contract

The L1 fee is never charged: it is that of signed bytes, and op-geth charges none for a message of JSON-RPC.

Sources: geth's internal/ethapi/simulate.go and its state transition's skipped checks; the notes on eth_simulateV1 in
ethereum/execution-apis; op-geth's core/types/rollup_cost.go.
"""

from collections.abc import Callable

from contracts.addresses import checksum
from state.execution.errors import TipAboveFeeCap
from state.execution.fast import Charge
from state.execution.fast_frame import NO_WEI
from state.execution.fees import BASE_FEE_VAULT_ADDRESS
from state.execution.hooks import EmittedLog, FrameEntry, FrameExit, Step, TracedMessage
from state.execution.port import BlockEnv, ChainRules, TransactionOutcome
from state.execution.traced import TraceableBlock
from state.execution.validation import (
    transaction_intrinsic_gas,
    validate_base_fee,
    validate_funds,
    validate_message_gas,
    validate_nonce,
)
from state.primitives.types import UINT64_MAX, Address, Hash32
from state.transactions import ExecutableTransaction, RecoveredTransaction
from state.world.journal import WorldState
from state.world.types import StateReader

TRANSFER_TOPIC = Hash32(bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"))
"""keccak256("Transfer(address,address,uint256)"), ERC-20's."""
TRANSFER_EMITTER = Address(b"\xee" * 20)
"""ERC-7528: who a log about the gas coin says that it is from."""


class SimulatedBlock(TraceableBlock):
    """One block's execution; its transactions come without signatures, `raw` being `encode_without_signature`."""

    def __init__(self, state: StateReader, env: BlockEnv, rules: ChainRules, *, validates: bool) -> None:
        super().__init__(state, env, rules)
        self._validates = validates

    def nonce(self, address: Address) -> int:
        """The account's next."""
        return self._world.get_nonce(address)

    def apply(self, transaction: ExecutableTransaction) -> TransactionOutcome:
        """The outcome, with the state moved on. Raises InvalidTransaction with the state as it was."""
        outcome = super().apply(transaction)
        if self._world.get_nonce(transaction.sender) > UINT64_MAX:  # only where nobody validates, and geth wraps
            self._world.set_nonce(transaction.sender, 0)
            self._world.finish_transaction()
        return outcome

    def _validate(self, tx: RecoveredTransaction) -> Charge:
        signed, base_fee = tx.transaction, self._env.base_fee_per_gas
        sender = self._world.fields(tx.sender)
        if self._validates:
            validate_nonce(tx, 0 if sender is None else sender.nonce)
        is_free = not self._validates and signed.max_fee_per_gas == signed.max_priority_fee_per_gas == 0
        if not is_free:
            _validate_fees(tx, base_fee)
        params = self._fee_params() if self._rules.is_optimism and self._validates else None
        charge = Charge(
            price=0 if is_free else signed.effective_gas_price(base_fee),
            data_fee=NO_WEI,
            params=params,
        )
        validate_funds(tx, 0 if sender is None else sender.balance, charge.op_fees(signed.gas_limit))
        validate_message_gas(
            gas_limit=signed.gas_limit,
            data=signed.data,
            is_creation=signed.to is None,
            intrinsic=transaction_intrinsic_gas(signed),
        )
        return charge

    def _pay(self, credit: Callable[[Address, int], None], gas_used: int, charge: Charge) -> None:
        if charge.price == 0 and charge.params is None:
            return
        super()._pay(credit, gas_used, charge)
        if self._rules.is_optimism and charge.params is None:
            credit(BASE_FEE_VAULT_ADDRESS, gas_used * self._env.base_fee_per_gas)


def _validate_fees(tx: RecoveredTransaction, base_fee: int) -> None:
    cap, tip = tx.transaction.max_fee_per_gas, tx.transaction.max_priority_fee_per_gas
    if tip > cap:
        raise TipAboveFeeCap(
            f"max priority fee per gas higher than max fee per gas: address {checksum(tx.sender)}, "
            f"maxPriorityFeePerGas: {tip}, maxFeePerGas: {cap}"
        )
    validate_base_fee(tx, base_fee)


class TransferLogs:
    """TraceHooks: a transaction's logs with one more for each transfer of the gas coin, in the order of events.

    As ERC-20 would log it, from TRANSFER_EMITTER. What a frame that failed had logged is gone, its transfers included.
    """

    opcodes: frozenset[int] = frozenset()
    touches: frozenset[int] = frozenset()
    wants_memory = False

    def __init__(self) -> None:
        self._frames: list[list[EmittedLog]] = [[]]

    @property
    def logs(self) -> list[EmittedLog]:
        """Of the whole transaction, once it has ended."""
        return self._frames[0]

    def enter(self, entry: FrameEntry) -> None:
        self._frames.append([])
        if entry.value and entry.kind not in ("DELEGATECALL", "CALLCODE"):
            topics = (TRANSFER_TOPIC, bytes(12) + entry.sender, bytes(12) + entry.to)
            self.log(
                EmittedLog(
                    address=TRANSFER_EMITTER,
                    topics=tuple(int.from_bytes(topic, "big") for topic in topics),
                    data=entry.value.to_bytes(32, "big"),
                    index=0,
                )
            )

    def exit(self, result: FrameExit) -> None:
        frame = self._frames.pop()
        if result.error is None:
            self._frames[-1].extend(frame)

    def log(self, log: EmittedLog) -> None:
        self._frames[-1].append(log)

    def begin(self, message: TracedMessage, world: WorldState) -> None: ...

    def touch(self, opcode: int, address: Address, stack: list[int]) -> None: ...

    def step(self, step: Step) -> None: ...

    def end(self, outcome: TransactionOutcome) -> None: ...

    def tick(self) -> None: ...
