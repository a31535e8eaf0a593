"""The reference executor: py-evm's Prague with the OP Stack's rules, slow and plain. The oracle of the fast one.

Reads from the top: a block opens with its system calls; a pool transaction is validated, priced and run; a deposit
mints, runs for nothing and never fails to be included. What the VM adds to py-evm's is in `reference_vm.py`, where its
accounts come from in `reference_accounts.py`.
Sources: PROTOCOL.md sections 1 and 5; specs/protocol/deposits.md, exec-engine.md; EIP-4788, EIP-2935.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from eth._utils.address import generate_contract_address
from eth.abc import ComputationAPI
from eth_typing import Address as EvmAddress

from contracts.addresses import BEACON_ROOTS, HISTORY_STORAGE, SYSTEM_CALLER, checksum
from state.blocks import Log
from state.errors import InvalidTransaction
from state.execution.errors import InsufficientFunds
from state.execution.fees import L1_BLOCK_ADDRESS, L1FeeParams, l1_fee, operator_fee
from state.execution.overrides import pretended
from state.execution.port import (
    AccountOverride,
    BlockEnv,
    CallMessage,
    ChainRules,
    TransactionOutcome,
)
from state.execution.reference_vm import EvmTransaction, ReferenceState, open_state
from state.execution.validation import (
    intrinsic_gas,
    validate_against,
    validate_call,
    validate_gas_available,
    validate_message_gas,
    validate_stateless,
)
from state.execution.vm_errors import geth_text
from state.primitives.types import Address, Gas, Hash32, Wei
from state.transactions import DepositTransaction, ExecutableTransaction, RecoveredTransaction
from state.world.types import Account, StateChanges, StateReader

_SYSTEM_CALLER: Final = EvmAddress(SYSTEM_CALLER)


class ReferenceExecutor:
    """py-evm behind the Executor port."""

    name = "reference"

    def begin_block(self, state: StateReader, env: BlockEnv, rules: ChainRules) -> "ReferenceExecution":
        """An execution on top of `state`; the pre-block system calls have run."""
        execution = ReferenceExecution(state, env, rules)
        execution.run_system_calls()
        return execution

    def call(
        self,
        state: StateReader,
        env: BlockEnv,
        rules: ChainRules,
        message: CallMessage,
        overrides: Mapping[Address, AccountOverride] | None = None,
    ) -> TransactionOutcome:
        """What `message` would do on `state`. Raises InvalidTransaction where it couldn't even start.

        Without a gas price the base fee is 0 inside, too, as in geth.
        """
        reader, price_env = pretended(state, env, rules, overrides)
        if not message.gas_price:
            price_env = replace(price_env, base_fee_per_gas=Wei(0))
        account = reader.account(message.sender)
        validate_call(message, 0 if account is None else account.balance, price_env.base_fee_per_gas)
        return ReferenceExecution(reader, price_env, rules).run(EvmTransaction.of_call(message))


class ReferenceExecution:
    """A block being executed by py-evm."""

    def __init__(self, state: StateReader, env: BlockEnv, rules: ChainRules) -> None:
        self._env = env
        self._rules = rules
        self._vm = open_state(state, env, rules)
        self.gas_used = 0

    def run_system_calls(self) -> None:
        """The parent's beacon root and hash go into their contracts (EIP-4788, EIP-2935)."""
        self._vm.system_call(_SYSTEM_CALLER, EvmAddress(BEACON_ROOTS), self._env.parent_beacon_block_root)
        self._vm.system_call(_SYSTEM_CALLER, EvmAddress(HISTORY_STORAGE), self._env.parent_hash)

    def apply(self, transaction: ExecutableTransaction) -> TransactionOutcome:
        """The outcome, with the state moved on. Raises InvalidTransaction with the state as it was."""
        if isinstance(transaction, DepositTransaction):
            outcome = self._apply_deposit(transaction)
        else:
            outcome = self._apply_signed(transaction)
        self.gas_used += outcome.gas_used
        return outcome

    def finish(self) -> StateChanges:
        """All changes since begin_block."""
        return self._vm.accounts.changes()

    def _apply_signed(self, recovered: RecoveredTransaction) -> TransactionOutcome:
        validate_stateless(recovered, self._rules)
        tx = EvmTransaction.of_signed(recovered)
        if self._rules.is_optimism:
            self._price(tx, recovered.raw)
        validate_against(
            recovered,
            _account(self._vm, tx.sender),
            lambda _hash: self._vm.get_code(tx.sender),
            base_fee=self._env.base_fee_per_gas,
            gas_available=self._env.gas_limit - self.gas_used,
            op_fees=tx.l1_fee + tx.operator_fee_on_limit,
        )
        return replace(self.run(tx), l1_fee=Wei(tx.l1_fee), operator_fee=Wei(tx.operator_fee))

    def _price(self, tx: EvmTransaction, raw: bytes) -> None:
        """Set what the OP Stack charges on top."""
        params = self._fee_params()
        tx.has_vaults = True
        tx.l1_fee = l1_fee(raw, params)
        tx.operator_fee_on_limit = operator_fee(tx.gas, params)
        tx.operator_fee_scalar = params.operator_fee_scalar
        tx.operator_fee_constant = params.operator_fee_constant

    def _fee_params(self) -> L1FeeParams:
        """From L1Block as this block's L1-attributes deposit left it."""
        return L1FeeParams.from_storage(lambda slot: self._vm.get_storage(EvmAddress(bytes(L1_BLOCK_ADDRESS)), slot))

    def _apply_deposit(self, deposit: DepositTransaction) -> TransactionOutcome:
        """Mint, then run; what can't run is a failed receipt, with the mint kept and all gas gone."""
        validate_gas_available(deposit.gas_limit, self._env.gas_limit - self.gas_used)
        tx = EvmTransaction.of_deposit(deposit)
        nonce = self._vm.get_nonce(tx.sender)
        if deposit.mint:
            self._vm.delta_balance(tx.sender, deposit.mint)
        try:
            validate_message_gas(
                gas_limit=deposit.gas_limit,
                data=deposit.data,
                is_creation=deposit.to is None,
                intrinsic=intrinsic_gas(deposit.data, is_creation=deposit.to is None),
            )
            if self._vm.get_balance(tx.sender) < deposit.value:
                raise InsufficientFunds(f"insufficient funds for transfer: address {checksum(deposit.sender)}")
        except InvalidTransaction as error:
            return self._fail_deposit(deposit, nonce, error)
        return replace(self.run(tx), deposit_nonce=nonce)

    def _fail_deposit(self, deposit: DepositTransaction, nonce: int, error: InvalidTransaction) -> TransactionOutcome:
        sender = EvmAddress(bytes(deposit.sender))
        self._vm.increment_nonce(sender)
        self._vm.lock_changes()
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

    def run(self, tx: EvmTransaction) -> TransactionOutcome:
        """Execute a transaction that was found fit, and close it."""
        creator_nonce = self._vm.get_nonce(tx.sender)
        computation = self._vm.get_transaction_executor()(tx)  # type: ignore[arg-type]
        self._vm.lock_changes()
        created = None if tx.to else Address(generate_contract_address(tx.sender, creator_nonce))
        return TransactionOutcome(
            succeeded=computation.is_success,
            gas_used=Gas(tx.gas_used),
            logs=_logs(computation),
            output=bytes(computation.output),
            error=geth_text(computation.error) if computation.is_error else None,
            created_address=created if computation.is_success else None,
            max_used_gas=Gas(tx.max_used_gas),
        )


def _account(vm: ReferenceState, address: EvmAddress) -> Account:
    return Account(
        nonce=vm.get_nonce(address),  # type: ignore[arg-type]
        balance=vm.get_balance(address),  # type: ignore[arg-type]
        code_hash=Hash32(bytes(vm.get_code_hash(address))),
    )


def _logs(computation: ComputationAPI) -> tuple[Log, ...]:
    return tuple(
        Log(
            address=Address(bytes(address)),
            topics=tuple(Hash32(topic.to_bytes(32, "big")) for topic in topics),
            data=bytes(data),
        )
        for address, topics, data in computation.get_log_entries()
    )
