"""A block whose transactions can be traced: the fast executor's, with the hooked VM for those that are asked about.

Before the asked transaction all run as ever; the traced one runs with the same accounts, fees and rules, only never on
the native path for transfers, so that what it does equals its receipt.
"""

from state.execution.fast import FastBlock
from state.execution.fast_frame import FrameRunner, contract_address
from state.execution.hooks import TracedMessage, TraceHooks
from state.execution.port import CallMessage, TransactionOutcome
from state.execution.probe import Probe
from state.execution.traced_vm import TracedState
from state.primitives.types import Address
from state.transactions import Authorization, DepositTransaction, ExecutableTransaction, RecoveredTransaction


class TraceableBlock(FastBlock):
    """One block's execution; between `trace`s it is the fast executor's own."""

    _logs = 0
    _is_tracing = False

    def apply(self, transaction: ExecutableTransaction) -> TransactionOutcome:
        """The outcome, with the state moved on. Raises InvalidTransaction with the state as it was."""
        outcome = super().apply(transaction)
        self._logs += len(outcome.logs)
        return outcome

    def trace(self, transaction: ExecutableTransaction, hooks: TraceHooks) -> TransactionOutcome:
        """`apply`, told to `hooks`. Raises what they raise, too; the block is then no longer of use."""
        signed = transaction if isinstance(transaction, DepositTransaction) else transaction.transaction
        authorizations = () if isinstance(transaction, DepositTransaction) else transaction.transaction.authorizations
        self._begin(hooks, transaction.sender, signed.to, signed.value, signed.data, signed.gas_limit, authorizations)
        outcome = self.apply(transaction)
        return self._end(hooks, outcome)

    def trace_call(self, message: CallMessage, hooks: TraceHooks) -> TransactionOutcome:
        """`call`, told to `hooks`; unlike there, unused gas is given back and the tip paid, as the hooks may look."""
        m, world = message, self._world
        self._begin(hooks, m.sender, m.to, m.value, m.data, m.gas_limit, m.authorizations)
        outcome = self.call(message)
        world.add_balance(m.sender, (m.gas_limit - outcome.gas_used) * m.gas_price)
        tip = max(0, m.gas_price - self._env.base_fee_per_gas)
        world.add_balance(self._env.fee_recipient, outcome.gas_used * tip)
        return self._end(hooks, outcome)

    def _begin(
        self,
        hooks: TraceHooks,
        sender: Address,
        to: Address | None,
        value: int,
        data: bytes,
        gas_limit: int,
        authorizations: tuple[Authorization, ...],
    ) -> None:
        world = self._world
        state = TracedState(world, self._env, self._rules, Probe(hooks, world, self._logs))
        self._frames = FrameRunner(world, self._env, self._rules, state)
        self._is_tracing = True
        hooks.begin(
            TracedMessage(
                sender=sender,
                to=to,
                created_address=contract_address(sender, world.get_nonce(sender)) if to is None else None,
                value=value,
                data=data,
                gas_limit=gas_limit,
                authorizations=authorizations,
                fee_recipient=self._env.fee_recipient,
                is_precompile=self._frames.precompiles.__contains__,
                first_log_index=self._logs,
            ),
            world,
        )

    def _end(self, hooks: TraceHooks, outcome: TransactionOutcome) -> TransactionOutcome:
        self._frames = FrameRunner(self._world, self._env, self._rules)
        self._is_tracing = False
        hooks.end(outcome)
        return outcome

    def _is_plain_transfer(self, tx: RecoveredTransaction) -> bool:
        return not self._is_tracing and super()._is_plain_transfer(tx)
