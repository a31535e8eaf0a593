"""The executor that serves: transactions on py-evm's opcodes over flat accounts, with a native path for transfers.

    begin_block -> system calls (EIP-4788, EIP-2935) -> apply, apply, ... -> finish

    apply    deposit         mint -> run, free of charge; what fails outside the EVM becomes a failed receipt
             plain transfer  no data, no code at the recipient: balances and nonce only, no frame, no journal
             all else        buy gas, nonce -> authorizations, warm sets -> run -> refund, floor -> fees

Sources: op-geth's and geth's state transition for order and edges; EIP-1559, 2929, 3529, 3651, 7623, 7702;
specs/protocol/deposits.md, exec-engine.md, isthmus/exec-engine.md; PROTOCOL.md sections 1 and 5.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from contracts.addresses import BEACON_ROOTS, HISTORY_STORAGE, checksum
from state.errors import InvalidTransaction
from state.execution.errors import InsufficientFunds
from state.execution.fast_frame import NO_WEI, Frame, FrameRunner, contract_address, outcome_of
from state.execution.fees import (
    BASE_FEE_VAULT_ADDRESS,
    L1_BLOCK_ADDRESS,
    L1_FEE_VAULT_ADDRESS,
    OPERATOR_FEE_VAULT_ADDRESS,
    L1FeeParams,
    l1_fee,
    operator_fee,
)
from state.execution.overrides import pretended
from state.execution.port import AccountOverride, BlockEnv, CallMessage, ChainRules, TransactionOutcome
from state.execution.validation import (
    TRANSACTION_GAS,
    validate_against,
    validate_call,
    validate_gas_available,
    validate_message_gas,
    validate_stateless,
)
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import Address, Gas, Wei
from state.transactions import DepositTransaction, ExecutableTransaction, RecoveredTransaction
from state.world.journal import WorldState
from state.world.types import StateChanges, StateReader


class FastExecutor:
    """Stateless; safe to share between threads, which the blocks that it begins are not."""

    name = "fast"

    def begin_block(self, state: StateReader, env: BlockEnv, rules: ChainRules) -> "FastBlock":
        """An execution on top of `state`; the pre-block system calls have run."""
        block = FastBlock(state, env, rules)
        block.run_system_calls()
        return block

    def call(
        self,
        state: StateReader,
        env: BlockEnv,
        rules: ChainRules,
        message: CallMessage,
        overrides: Mapping[Address, AccountOverride] | None = None,
    ) -> TransactionOutcome:
        """What `message` would do on `state`. Raises InvalidTransaction where geth's eth_call errs, too."""
        reader, call_env = pretended(state, env, rules, overrides)
        if not message.gas_price:
            call_env = replace(call_env, base_fee_per_gas=Wei(0))
        return FastBlock(reader, call_env, rules).call(message)


class FastBlock:
    """One block's execution."""

    def __init__(self, state: StateReader, env: BlockEnv, rules: ChainRules) -> None:
        self.gas_used = 0
        self._env = env
        self._rules = rules
        self._world = WorldState(state)
        self._frames = FrameRunner(self._world, env, rules)
        self._l1_fee_params: L1FeeParams | None = None

    def finish(self) -> StateChanges:
        """All changes since begin_block."""
        return self._world.changes()

    # System calls

    def run_system_calls(self) -> None:
        """EIP-4788's and EIP-2935's, as geth makes them: nothing happens where the contract isn't deployed."""
        self._frames.system_call(Address(BEACON_ROOTS), self._env.parent_beacon_block_root)
        self._frames.system_call(Address(HISTORY_STORAGE), self._env.parent_hash)

    # Transactions

    def apply(self, transaction: ExecutableTransaction) -> TransactionOutcome:
        """The outcome, with the state moved on. Raises InvalidTransaction with the state as it was."""
        if isinstance(transaction, DepositTransaction):
            outcome = self._apply_deposit(transaction)
        else:
            outcome = self._apply_signed(transaction)
        self.gas_used += outcome.gas_used
        return outcome

    def _fee_params(self) -> L1FeeParams:
        """This block's, read from L1Block once its attributes deposit has run."""
        params = self._l1_fee_params
        if params is None:
            storage = self._world.get_storage
            params = L1FeeParams.from_storage(lambda slot: storage(L1_BLOCK_ADDRESS, slot))
            self._l1_fee_params = params
        return params

    def _apply_signed(self, tx: RecoveredTransaction) -> TransactionOutcome:
        charge = self._validate(tx)
        if self._is_plain_transfer(tx):
            return self._transfer(tx, charge)
        signed, world = tx.transaction, self._world
        world.add_balance(tx.sender, -(signed.gas_limit * charge.price + charge.op_fees(signed.gas_limit)))
        frame = Frame(
            sender=tx.sender,
            to=signed.to,
            value=signed.value,
            data=signed.data,
            gas_limit=signed.gas_limit,
            gas_price=charge.price,
            access_list=signed.access_list,
            authorizations=signed.authorizations,
        )
        computation, gas_used, most = self._frames.run(frame)
        unused_fees = charge.op_fees(signed.gas_limit) - charge.op_fees(gas_used)
        world.add_balance(tx.sender, (signed.gas_limit - gas_used) * charge.price + unused_fees)
        self._pay(world.add_balance, gas_used, charge)
        self._frames.finish(computation)
        created = contract_address(tx.sender, signed.nonce) if signed.to is None else None
        return outcome_of(
            computation, gas_used, most, created, l1=charge.data_fee, operator=charge.operator_fee(gas_used)
        )

    def _validate(self, tx: RecoveredTransaction) -> "Charge":
        """What the transaction pays by, once it is found fit. Raises InvalidTransaction, nothing changed."""
        validate_stateless(tx, self._rules)
        params = self._fee_params() if self._rules.is_optimism else None
        base_fee = self._env.base_fee_per_gas
        charge = Charge(
            price=tx.transaction.effective_gas_price(base_fee),
            data_fee=NO_WEI if params is None else l1_fee(tx.raw, params),
            params=params,
        )
        validate_against(
            tx,
            self._world.fields(tx.sender),
            self._world.code_by_hash,
            base_fee=base_fee,
            gas_available=self._env.gas_limit - self.gas_used,
            op_fees=charge.op_fees(tx.transaction.gas_limit),
        )
        return charge

    def _is_plain_transfer(self, tx: RecoveredTransaction) -> bool:
        """Whether nothing can run: no data or lists, and neither code nor a precompile at the recipient."""
        signed = tx.transaction
        to = signed.to
        if to is None or signed.data or signed.access_list or signed.authorizations:
            return False
        recipient = self._world.fields(to)
        return (recipient is None or recipient.code_hash == KECCAK_EMPTY) and to not in self._frames.precompiles

    def _transfer(self, tx: RecoveredTransaction, charge: "Charge") -> TransactionOutcome:
        """A plain transfer, whose funds are checked: it can't fail, so that nothing needs a journal."""
        signed, credit = tx.transaction, self._world.credit
        assert signed.to is not None  # noqa: S101 - _is_plain_transfer has seen to it
        cost = TRANSACTION_GAS * charge.price + charge.op_fees(TRANSACTION_GAS)
        self._world.debit(tx.sender, signed.value + cost)
        credit(signed.to, signed.value)
        self._pay(credit, TRANSACTION_GAS, charge)
        return TransactionOutcome(
            succeeded=True,
            gas_used=Gas(TRANSACTION_GAS),
            logs=(),
            output=b"",
            error=None,
            created_address=None,
            l1_fee=charge.data_fee,
            operator_fee=charge.operator_fee(TRANSACTION_GAS),
            max_used_gas=Gas(TRANSACTION_GAS),
        )

    def _pay(self, credit: "_Credit", gas_used: int, charge: "Charge") -> None:
        """Distribute what the sender paid: tip to the fee recipient, the rest to the vaults; L1 burns the base fee."""
        base_fee = self._env.base_fee_per_gas
        credit(self._env.fee_recipient, gas_used * (charge.price - base_fee))
        if charge.params is not None:
            credit(BASE_FEE_VAULT_ADDRESS, gas_used * base_fee)
            credit(L1_FEE_VAULT_ADDRESS, charge.data_fee)
            credit(OPERATOR_FEE_VAULT_ADDRESS, charge.operator_fee(gas_used))

    def _apply_deposit(self, deposit: DepositTransaction) -> TransactionOutcome:
        """Mint, run for nothing; a failure outside the EVM keeps mint and nonce and uses the whole gas limit."""
        validate_gas_available(deposit.gas_limit, self._env.gas_limit - self.gas_used)
        world, sender = self._world, deposit.sender
        nonce = world.get_nonce(sender)
        if deposit.mint:
            world.add_balance(sender, deposit.mint)
        frame = Frame(
            sender=sender,
            to=deposit.to,
            value=deposit.value,
            data=deposit.data,
            gas_limit=deposit.gas_limit,
            gas_price=0,
        )
        try:
            self._validate_deposit(frame)
        except InvalidTransaction as error:
            world.increment_nonce(sender)
            world.finish_transaction()
            return _failed_deposit(deposit, nonce, error)
        computation, gas_used, most = self._frames.run(frame)
        self._frames.finish(computation)
        created = contract_address(sender, nonce) if deposit.to is None else None
        return outcome_of(computation, gas_used, most, created, deposit_nonce=nonce)

    def _validate_deposit(self, frame: Frame) -> None:
        validate_message_gas(
            gas_limit=frame.gas_limit,
            data=frame.data,
            is_creation=frame.to is None,
            intrinsic=frame.intrinsic_gas,
        )
        if self._world.get_balance(frame.sender) < frame.value:
            raise InsufficientFunds(f"insufficient funds for transfer: address {checksum(frame.sender)}")

    def call(self, message: CallMessage) -> TransactionOutcome:
        """One message on a state that is thrown away."""
        world = self._world
        validate_call(message, world.get_balance(message.sender), self._env.base_fee_per_gas)
        nonce = world.get_nonce(message.sender)
        world.add_balance(message.sender, -message.gas_limit * message.gas_price)
        frame = Frame(
            sender=message.sender,
            to=message.to,
            value=message.value,
            data=message.data,
            gas_limit=message.gas_limit,
            gas_price=message.gas_price,
            access_list=message.access_list,
            authorizations=message.authorizations,
        )
        computation, gas_used, most = self._frames.run(frame)
        created = contract_address(message.sender, nonce) if message.to is None else None
        return outcome_of(computation, gas_used, most, created)


_Credit: TypeAlias = Callable[[Address, int], None]


@dataclass(frozen=True, slots=True)
class Charge:
    """What a signed transaction pays by."""

    price: int
    data_fee: Wei
    params: L1FeeParams | None
    """None on L1."""

    def operator_fee(self, gas: int) -> Wei:
        return NO_WEI if self.params is None else operator_fee(gas, self.params)

    def op_fees(self, gas: int) -> int:
        """Wei beyond the gas price: L1 fee and operator fee on `gas`."""
        return self.data_fee + self.operator_fee(gas)


def _failed_deposit(deposit: DepositTransaction, nonce: int, error: InvalidTransaction) -> TransactionOutcome:
    return TransactionOutcome(
        succeeded=False,
        gas_used=deposit.gas_limit,
        logs=(),
        output=b"",
        error=f"failed deposit: {error}",
        created_address=None,
        deposit_nonce=nonce,
        max_used_gas=deposit.gas_limit,
    )
