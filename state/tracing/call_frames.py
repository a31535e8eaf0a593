"""The tree of frames that a transaction made, from which callTracer's and Parity's forms are written."""

from dataclasses import dataclass, field

from state.execution.hooks import EmittedLog, FrameEntry, FrameExit, TracedMessage
from state.execution.opcode_names import CREATE, NAMES
from state.execution.port import TransactionOutcome
from state.primitives.types import ZERO_ADDRESS
from state.tracing.budget import Budget
from state.tracing.tracer import Tracer
from state.world.journal import WorldState

FRAME_BYTES = 320
"""About what a frame takes in JSON without its input and output."""
LOG_BYTES = 200


@dataclass(slots=True, kw_only=True)
class CallFrame:
    """One frame with those inside it."""

    entry: FrameEntry
    exit: FrameExit = field(default_factory=lambda: FrameExit(output=b"", gas_used=0, error=None))
    calls: list["CallFrame"] = field(default_factory=list)
    logs: list[tuple[int, EmittedLog]] = field(default_factory=list)
    """Each with the number of calls before it."""

    @property
    def is_creation(self) -> bool:
        return self.entry.kind.startswith("CREATE")


class CallFrameTracer(Tracer):
    """Collects the tree."""

    def __init__(self, budget: Budget, *, only_top_call: bool = False, with_log: bool = False) -> None:
        super().__init__(budget)
        self._only_top_call = only_top_call
        self._with_log = with_log
        self._open: list[CallFrame] = []
        self._skipped = 0
        """Frames open below the outermost that nobody wants."""
        self.root: CallFrame | None = None

    def begin(self, message: TracedMessage, world: WorldState) -> None:
        """Remembered for the outermost frame."""
        self._message = message

    def enter(self, entry: FrameEntry) -> None:
        """A frame begins inside the newest open one."""
        if self._only_top_call and self._open:
            self._skipped += 1
            return
        self._budget.spend(FRAME_BYTES + 2 * len(entry.input))
        frame = CallFrame(entry=entry)
        if self._open:
            self._open[-1].calls.append(frame)
        else:
            self.root = frame
        self._open.append(frame)

    def exit(self, result: FrameExit) -> None:
        """The newest open frame ends."""
        if self._skipped:
            self._skipped -= 1
            return
        self._budget.spend(2 * len(result.output))
        self._open.pop().exit = result

    def log(self, log: EmittedLog) -> None:
        """A log of the newest open frame."""
        if self._with_log and not self._skipped:
            self._budget.spend(LOG_BYTES + 68 * len(log.topics) + 2 * len(log.data))
            self._open[-1].logs.append((len(self._open[-1].calls), log))

    def end(self, outcome: TransactionOutcome) -> None:
        """A deposit that failed before the EVM began has a frame, too: that of its message."""
        self.outcome = outcome
        if self.root is None:
            result = FrameExit(output=outcome.output, gas_used=outcome.gas_used, error=outcome.error)
            self.root = CallFrame(entry=_never_run(self._message), exit=result)

    def finished(self) -> CallFrame:
        """The outermost frame."""
        assert self.root is not None  # noqa: S101 - `end` has been called
        return self.root


def _never_run(message: TracedMessage) -> FrameEntry:
    return FrameEntry(
        kind="CALL" if message.created_address is None else NAMES[CREATE],
        depth=0,
        sender=message.sender,
        to=message.to or message.created_address or ZERO_ADDRESS,
        input=message.data,
        gas=message.gas_limit,
        value=message.value,
    )
