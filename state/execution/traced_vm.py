"""The fast VM with hooks: the same opcodes, accounts and gas, told step by step and frame by frame to a probe."""

# As in fast_vm.py: py-evm types every argument by its abstract interfaces.
# mypy: disable-error-code="override,assignment,arg-type,attr-defined,misc"

from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.message import Message

from state.execution.fast_vm import FastComputation, FastState, OptimismComputation
from state.execution.port import BlockEnv, ChainRules
from state.execution.probe import Probe, TracedGasMeter
from state.execution.validation import MAX_INITCODE_SIZE
from state.primitives.types import Address
from state.world.journal import WorldState


class TracedFrame(FastComputation):
    """One call frame that its state's probe follows."""

    state: "TracedState"

    def __init__(self, state: "TracedState", message: Message, transaction_context: CancunTransactionContext) -> None:
        super().__init__(state, message, transaction_context)
        self._gas_meter = meter = TracedGasMeter(message.gas)
        self.consume_gas = meter.consume_gas

    @classmethod
    def apply_message(
        cls,
        state: "TracedState",
        message: Message,
        transaction_context: CancunTransactionContext,
        parent_computation: FastComputation | None = None,
    ) -> FastComputation:
        """As ever, told; a creation's is told by `apply_create_message`."""
        if message.is_create:
            return super().apply_message(state, message, transaction_context, parent_computation)
        state.probe.enter(message, is_outermost=parent_computation is None)
        computation = super().apply_message(state, message, transaction_context, parent_computation)
        state.probe.exit(computation)
        return computation

    @classmethod
    def apply_create_message(
        cls,
        state: "TracedState",
        message: Message,
        transaction_context: CancunTransactionContext,
        parent_computation: FastComputation | None = None,
    ) -> FastComputation:
        """As ever, told; oversize init code fails in the parent's frame and begins none."""
        begins = len(message.code) <= MAX_INITCODE_SIZE
        if begins:
            state.probe.enter(message, is_outermost=parent_computation is None)
        computation = super().apply_create_message(state, message, transaction_context, parent_computation)
        state.probe.exit(computation)
        return computation

    @classmethod
    def _run(cls, computation: "TracedFrame") -> None:
        if computation.code._length_cache:  # no code: no opcode, not even the STOP behind its end
            computation.state.probe.run(computation, cls.table)

    def add_log_entry(self, account: bytes, topics: tuple[int, ...], data: bytes) -> None:
        """As ever, told."""
        super().add_log_entry(account, topics, data)
        self.state.probe.log(account, topics, data)


class TracedOptimismFrame(TracedFrame):
    """The same with an OP chain's precompiles."""

    _precompiles = OptimismComputation._precompiles


class TracedState(FastState):
    """What the opcodes of one traced transaction see."""

    def __init__(self, world: WorldState, env: BlockEnv, rules: ChainRules, probe: Probe) -> None:
        super().__init__(world, env, rules)
        self.probe = probe
        self.computation_class = _traced(self.computation_class)

    def run(self, message: Message, *, origin: Address, gas_price: int) -> FastComputation:
        """As ever; a creation on an occupied address is told, too, though it never runs."""
        collides = message.is_create and self.world.is_occupied(message.storage_address)
        if collides:
            self.probe.enter(message, is_outermost=True)
        computation = super().run(message, origin=origin, gas_price=gas_price)
        if collides:
            self.probe.exit(computation)
        return computation


def _traced(usual: type[FastComputation]) -> type[TracedFrame]:
    """`usual` with hooks; any other class than these two is one of them with precompiles moved for a call."""
    known = {FastComputation: TracedFrame, OptimismComputation: TracedOptimismFrame}.get(usual)
    return known or type(usual.__name__, (TracedFrame,), {"_precompiles": usual._precompiles})
