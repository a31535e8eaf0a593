"""An executor that traces every transaction and holds what the hooks are told against EIP-3155's bookkeeping."""

from dataclasses import dataclass

from state.execution.hooks import FrameEntry, FrameExit, Step
from state.execution.opcode_names import CREATIONS, GIVES, TAKES
from state.execution.port import BlockEnv, ChainRules, TransactionOutcome
from state.execution.traced import TraceableBlock
from state.tracing import Budget, TraceConfig, Tracer, make_tracer
from state.tracing.mux import MuxTracer
from state.transactions import ExecutableTransaction
from state.world.types import StateChanges, StateReader

PLENTY = 1 << 40
EVERY_TRACER = (
    TraceConfig(enable_memory=True, enable_return_data=True),
    TraceConfig(tracer="callTracer", with_log=True),
    TraceConfig(tracer="flatCallTracer"),
    TraceConfig(tracer="prestateTracer"),
    TraceConfig(tracer="prestateTracer", diff_mode=True),
    TraceConfig(tracer="4byteTracer"),
    TraceConfig(tracer="noopTracer"),
)


@dataclass(slots=True)
class _Frame:
    entry: FrameEntry
    last: Step | None = None
    """The newest step, not yet followed by another of this frame."""
    spent_inside: int = 0
    """What frames that `last` opened took out of this one, less what its cost has of it already."""


class GasBook(Tracer):
    """Asserts that every step's gas, cost and stack lead to the next one's, through the frames that it opens."""

    opcodes = frozenset(range(256))

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self.frames: list[_Frame] = []

    def step(self, step: Step) -> None:
        frame = self.frames[-1]
        assert step.depth == len(self.frames)
        self._follows(frame, step)
        frame.last, frame.spent_inside = step, 0

    def _follows(self, frame: _Frame, step: Step) -> None:
        before = frame.last
        if before is None:
            assert (step.pc, step.gas, step.stack) == (0, frame.entry.gas, [])
            return
        assert before.error is None, "a step that failed is its frame's last"
        assert step.gas == before.gas - before.cost - frame.spent_inside, (before, step)
        assert len(step.stack) == len(before.stack) - TAKES[before.opcode] + GIVES[before.opcode]
        assert len(step.memory) % 32 == 0
        assert len(step.memory) >= len(before.memory)

    def enter(self, entry: FrameEntry) -> None:
        assert entry.depth == len(self.frames)
        self.frames.append(_Frame(entry))

    def exit(self, result: FrameExit) -> None:
        frame = self.frames.pop()
        assert 0 <= result.gas_used <= frame.entry.gas
        if self.frames:
            parent = self.frames[-1]
            assert parent.last is not None
            is_creation = parent.last.opcode in CREATIONS
            parent.spent_inside = result.gas_used if is_creation else result.gas_used - frame.entry.gas

    def end(self, outcome: TransactionOutcome) -> None:
        assert self.frames == []


class TracingExecutor:
    """The fast executor with all tracers listening at once, and the book above."""

    name = "traced"

    def begin_block(self, state: StateReader, env: BlockEnv, rules: ChainRules) -> "_TracedBlock":
        block = TraceableBlock(state, env, rules)
        block.run_system_calls()
        return _TracedBlock(block)


class _TracedBlock:
    def __init__(self, block: TraceableBlock) -> None:
        self._block = block

    def apply(self, transaction: ExecutableTransaction) -> TransactionOutcome:
        budget = Budget(PLENTY)
        tracers = {str(number): make_tracer(config, budget, {}) for number, config in enumerate(EVERY_TRACER)}
        mux = MuxTracer(budget, tracers | {"book": GasBook(budget)})
        outcome = self._block.trace(transaction, mux)
        assert mux.result().startswith(b'{"0":')
        return outcome

    def finish(self) -> StateChanges:
        return self._block.finish()
