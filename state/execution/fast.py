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
from typing import Final, TypeAlias

from eth.exceptions import VMError
from eth.vm.message import Message

from contracts.addresses import BEACON_ROOTS, HISTORY_STORAGE, SYSTEM_CALLER
from state.blocks import Log
from state.errors import InvalidTransaction
from state.execution.errors import InsufficientFunds
from state.execution.fast_vm import FastComputation, FastState, outer_message
from state.execution.fees import (
    BASE_FEE_VAULT_ADDRESS,
    L1_BLOCK_ADDRESS,
    L1_FEE_VAULT_ADDRESS,
    OPERATOR_FEE_VAULT_ADDRESS,
    L1FeeParams,
    l1_fee,
    operator_fee,
)
from state.execution.overrides import with_overrides
from state.execution.port import AccountOverride, BlockEnv, CallMessage, ChainRules, TransactionOutcome
from state.execution.validation import (
    TRANSACTION_GAS,
    floor_gas,
    intrinsic_gas,
    is_delegation,
    validate_against,
    validate_call,
    validate_gas_available,
    validate_message_gas,
    validate_stateless,
)
from state.execution.vm_errors import geth_text
from state.primitives import rlp
from state.primitives.crypto import KECCAK_EMPTY, InvalidSignature, keccak256
from state.primitives.types import UINT64_MAX, ZERO_ADDRESS, Address, Gas, Hash32, Wei
from state.transactions import (
    AccessListEntry,
    Authorization,
    DepositTransaction,
    ExecutableTransaction,
    RecoveredTransaction,
)
from state.transactions.signing import recover_authority
from state.world.journal import WorldState
from state.world.types import StateChanges, StateReader

SYSTEM_CALL_GAS: Final = 30_000_000
REFUND_QUOTIENT: Final = 5
EXISTING_AUTHORITY_REFUND: Final = 12_500
NO_WEI: Final = Wei(0)
CREATION_TARGET: Final = b""
"""How py-evm's Message spells `no recipient`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """A transaction's outermost message, its gas already bought and its nonce not yet moved."""

    sender: Address
    to: Address | None
    value: int
    data: bytes
    gas_limit: int
    gas_price: int
    access_list: tuple[AccessListEntry, ...] = ()
    authorizations: tuple[Authorization, ...] = ()

    @property
    def intrinsic_gas(self) -> int:
        return intrinsic_gas(
            self.data,
            is_creation=self.to is None,
            access_list=self.access_list,
            authorization_count=len(self.authorizations),
        )


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
        reader = with_overrides(state, overrides)
        call_env = env if message.gas_price else replace(env, base_fee_per_gas=Wei(0))
        return FastBlock(reader, call_env, rules).call(message)


class FastBlock:
    """One block's execution."""

    def __init__(self, state: StateReader, env: BlockEnv, rules: ChainRules) -> None:
        self.gas_used = 0
        self._env = env
        self._rules = rules
        self._world = WorldState(state)
        self._vm = FastState(self._world, env, rules)
        self._precompiles: frozenset[bytes] = self._vm.precompile_addresses
        self._l1_fee_params: L1FeeParams | None = None

    def finish(self) -> StateChanges:
        """All changes since begin_block."""
        return self._world.changes()

    # System calls

    def run_system_calls(self) -> None:
        """EIP-4788's and EIP-2935's, as geth makes them: nothing happens where the contract isn't deployed."""
        self._system_call(Address(BEACON_ROOTS), self._env.parent_beacon_block_root)
        self._system_call(Address(HISTORY_STORAGE), self._env.parent_hash)

    def _system_call(self, to: Address, data: bytes) -> None:
        code = self._world.get_code(to)
        if not code:
            return
        self._world.mark_address_warm(to)
        message = outer_message(gas=SYSTEM_CALL_GAS, to=to, sender=SYSTEM_CALLER, value=0, data=data, code=code)
        self._vm.run(message, origin=Address(SYSTEM_CALLER), gas_price=0)
        self._world.finish_transaction()

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
        signed, world, base_fee = tx.transaction, self._world, self._env.base_fee_per_gas
        validate_stateless(tx, self._rules)
        params = data_fee = None
        op_fees = 0
        if self._rules.is_optimism:
            params = self._fee_params()
            data_fee = l1_fee(tx.raw, params)
            op_fees = data_fee + operator_fee(signed.gas_limit, params)
        validate_against(
            tx,
            world.fields(tx.sender),
            world.code_by_hash,
            base_fee=base_fee,
            gas_available=self._env.gas_limit - self.gas_used,
            op_fees=op_fees,
        )
        to = signed.to
        price = signed.effective_gas_price(base_fee)
        charge = _Charge(price=price, data_fee=data_fee or Wei(0), params=params)
        if to is not None and not signed.data and not signed.access_list and not signed.authorizations:
            recipient = world.fields(to)
            if (recipient is None or recipient.code_hash == KECCAK_EMPTY) and to not in self._precompiles:
                return self._transfer(tx.sender, to, signed.value, charge)
        world.add_balance(tx.sender, -(signed.gas_limit * price + op_fees))
        frame = _Frame(
            sender=tx.sender,
            to=to,
            value=signed.value,
            data=signed.data,
            gas_limit=signed.gas_limit,
            gas_price=price,
            access_list=signed.access_list,
            authorizations=signed.authorizations,
        )
        created = None if to is not None else contract_address(tx.sender, signed.nonce)
        computation, gas_used = self._execute(frame)
        operator = charge.operator_fee(gas_used)
        refund = (signed.gas_limit - gas_used) * price + op_fees - charge.data_fee - operator
        world.add_balance(tx.sender, refund)
        self._pay(world.add_balance, gas_used, charge, operator)
        self._destroy_and_finish(computation)
        return _outcome(computation, gas_used, created, l1=charge.data_fee, operator=operator)

    def _transfer(self, sender: Address, to: Address, value: int, charge: "_Charge") -> TransactionOutcome:
        """A plain transfer, whose funds are checked: it can't fail, so that nothing needs a journal."""
        credit = self._world.credit
        operator = charge.operator_fee(TRANSACTION_GAS)
        self._world.debit(sender, value + TRANSACTION_GAS * charge.price + charge.data_fee + operator)
        credit(to, value)
        self._pay(credit, TRANSACTION_GAS, charge, operator)
        return TransactionOutcome(
            succeeded=True,
            gas_used=Gas(TRANSACTION_GAS),
            logs=(),
            output=b"",
            error=None,
            created_address=None,
            l1_fee=charge.data_fee,
            operator_fee=operator,
        )

    def _pay(self, credit: "_Credit", gas_used: int, charge: "_Charge", operator: Wei) -> None:
        """Distribute what the sender paid: tip to the fee recipient, the rest to the vaults; L1 burns the base fee."""
        base_fee = self._env.base_fee_per_gas
        credit(self._env.fee_recipient, gas_used * (charge.price - base_fee))
        if charge.params is not None:
            credit(BASE_FEE_VAULT_ADDRESS, gas_used * base_fee)
            credit(L1_FEE_VAULT_ADDRESS, charge.data_fee)
            credit(OPERATOR_FEE_VAULT_ADDRESS, operator)

    def _apply_deposit(self, deposit: DepositTransaction) -> TransactionOutcome:
        """Mint, run for nothing; a failure outside the EVM keeps mint and nonce and uses the whole gas limit."""
        validate_gas_available(deposit.gas_limit, self._env.gas_limit - self.gas_used)
        world, sender = self._world, deposit.sender
        nonce = world.get_nonce(sender)
        if deposit.mint:
            world.add_balance(sender, deposit.mint)
        frame = _Frame(
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
        computation, gas_used = self._execute(frame)
        self._destroy_and_finish(computation)
        created = contract_address(sender, nonce) if deposit.to is None else None
        return _outcome(computation, gas_used, created, deposit_nonce=nonce)

    def _validate_deposit(self, frame: _Frame) -> None:
        validate_message_gas(
            gas_limit=frame.gas_limit,
            data=frame.data,
            is_creation=frame.to is None,
            intrinsic=frame.intrinsic_gas,
        )
        if self._world.get_balance(frame.sender) < frame.value:
            raise InsufficientFunds(f"insufficient funds for transfer: address 0x{frame.sender.hex()}")

    def call(self, message: CallMessage) -> TransactionOutcome:
        """One message on a state that is thrown away."""
        world = self._world
        validate_call(message, world.get_balance(message.sender), self._env.base_fee_per_gas)
        nonce = world.get_nonce(message.sender)
        world.add_balance(message.sender, -message.gas_limit * message.gas_price)
        frame = _Frame(
            sender=message.sender,
            to=message.to,
            value=message.value,
            data=message.data,
            gas_limit=message.gas_limit,
            gas_price=message.gas_price,
            access_list=message.access_list,
            authorizations=message.authorizations,
        )
        computation, gas_used = self._execute(frame)
        created = contract_address(message.sender, nonce) if message.to is None else None
        return _outcome(computation, gas_used, created)

    # The frame

    def _execute(self, frame: _Frame) -> tuple[FastComputation, int]:
        """(the finished frame, gas used after refunds and calldata floor). Moves the sender's nonce."""
        world = self._world
        nonce = world.get_nonce(frame.sender)
        world.increment_nonce(frame.sender)
        self._warm(frame)
        refund = self._authorize(frame.authorizations) if frame.authorizations else 0
        message = self._message(frame, nonce, refund)
        computation = self._vm.run(message, origin=frame.sender, gas_price=frame.gas_price)
        spent = frame.gas_limit - computation.get_gas_remaining()
        spent -= min(computation.get_gas_refund(), spent // REFUND_QUOTIENT)
        return computation, max(spent, floor_gas(frame.data))

    def _message(self, frame: _Frame, nonce: int, refund: int) -> Message:
        gas = frame.gas_limit - frame.intrinsic_gas
        if frame.to is None:
            target = contract_address(frame.sender, nonce)
            self._world.mark_address_warm(target)
            return outer_message(
                gas=gas,
                to=CREATION_TARGET,
                sender=frame.sender,
                value=frame.value,
                data=b"",
                code=frame.data,
                create_address=target,
                refund=refund,
            )
        code = self._world.get_code(frame.to)
        delegated = is_delegation(code)
        if delegated:
            delegate = Address(code[3:])
            self._world.mark_address_warm(delegate)
            code = self._world.get_code(delegate)
        return outer_message(
            gas=gas,
            to=frame.to,
            sender=frame.sender,
            value=frame.value,
            data=frame.data,
            code=code,
            is_delegation=delegated,
            refund=refund,
        )

    def _warm(self, frame: _Frame) -> None:
        """EIP-2929, 2930, 3651: sender, recipient, fee recipient and the access list."""
        warm, warm_slot = self._world.mark_address_warm, self._world.mark_storage_warm
        warm(frame.sender)
        warm(self._env.fee_recipient)
        if frame.to is not None:
            warm(frame.to)
        for entry in frame.access_list:
            warm(entry.address)
            for key in entry.storage_keys:
                warm_slot(entry.address, int.from_bytes(key, "big"))

    def _authorize(self, authorizations: tuple[Authorization, ...]) -> int:
        """Apply an EIP-7702 list, skipping void tuples; the gas refund for authorities that existed."""
        return sum(self._apply_authorization(authorization) for authorization in authorizations)

    def _apply_authorization(self, authorization: Authorization) -> int:
        world = self._world
        if authorization.chain_id not in (0, self._rules.chain_id) or authorization.nonce >= UINT64_MAX:
            return 0
        try:
            authority = recover_authority(authorization)
        except InvalidSignature:
            return 0
        world.mark_address_warm(authority)
        code = world.get_code(authority)
        if (code and not is_delegation(code)) or world.get_nonce(authority) != authorization.nonce:
            return 0
        refund = EXISTING_AUTHORITY_REFUND if world.account_exists(authority) else 0
        revoked = authorization.address == ZERO_ADDRESS
        world.set_code(authority, b"" if revoked else b"\xef\x01\x00" + authorization.address)
        world.increment_nonce(authority)
        return refund

    def _destroy_and_finish(self, computation: FastComputation) -> None:
        for address in computation.get_accounts_for_deletion():
            self._world.destroy(Address(address))
        self._world.finish_transaction()


_Credit: TypeAlias = Callable[[Address, int], None]


@dataclass(frozen=True, slots=True)
class _Charge:
    """What a signed transaction pays by."""

    price: int
    data_fee: Wei
    params: L1FeeParams | None
    """None on L1."""

    def operator_fee(self, gas: int) -> Wei:
        return Wei(0) if self.params is None else operator_fee(gas, self.params)


def contract_address(creator: Address, nonce: int) -> Address:
    """Where CREATE puts a contract: the last 20 bytes of keccak(rlp([creator, nonce]))."""
    return Address(keccak256(rlp.wrap_list(b"\x94" + creator + rlp.encode_int(nonce)))[12:])


def _outcome(
    computation: FastComputation,
    gas_used: int,
    created: Address | None,
    *,
    deposit_nonce: int | None = None,
    l1: Wei = NO_WEI,
    operator: Wei = NO_WEI,
) -> TransactionOutcome:
    error: VMError | None = computation._error
    return TransactionOutcome(
        succeeded=error is None,
        gas_used=Gas(gas_used),
        logs=_logs(computation),
        output=bytes(computation.output),
        error=None if error is None else geth_text(error),
        created_address=created if error is None else None,
        deposit_nonce=deposit_nonce,
        l1_fee=l1,
        operator_fee=operator,
    )


def _logs(computation: FastComputation) -> tuple[Log, ...]:
    return tuple(
        Log(
            address=Address(address),
            topics=tuple(Hash32(topic.to_bytes(32, "big")) for topic in topics),
            data=bytes(data),
        )
        for address, topics, data in computation.get_log_entries()
    )


def _failed_deposit(deposit: DepositTransaction, nonce: int, error: InvalidTransaction) -> TransactionOutcome:
    return TransactionOutcome(
        succeeded=False,
        gas_used=deposit.gas_limit,
        logs=(),
        output=b"",
        error=f"failed deposit: {error}",
        created_address=None,
        deposit_nonce=nonce,
    )
