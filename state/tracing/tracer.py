"""What all tracers have in common: hooks that hear nothing, until one overrides them."""

from state.execution.hooks import EmittedLog, FrameEntry, FrameExit, Step, TracedMessage
from state.execution.port import TransactionOutcome
from state.primitives.types import Address
from state.tracing.budget import Budget
from state.world.journal import WorldState


class Tracer:
    """Hooks that make JSON of what they hear. One for each transaction; as it stands here it is geth's noopTracer."""

    opcodes: frozenset[int] = frozenset()
    touches: frozenset[int] = frozenset()
    wants_memory = False

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def begin(self, message: TracedMessage, world: WorldState) -> None:
        """Before anything is bought or minted."""

    def touch(self, opcode: int, address: Address, stack: list[int]) -> None:
        """An opcode of `touches` is about to run."""

    def step(self, step: Step) -> None:
        """An opcode of `opcodes`."""

    def enter(self, entry: FrameEntry) -> None:
        """A frame begins."""

    def exit(self, result: FrameExit) -> None:
        """It ends."""

    def log(self, log: EmittedLog) -> None:
        """A log is written."""

    def end(self, outcome: TransactionOutcome) -> None:
        """After fees and refunds."""

    def tick(self) -> None:
        """Raises TraceTimedOut when the time is up."""
        self._budget.tick()

    def result(self) -> bytes:
        """The JSON, once the transaction has ended."""
        return b"{}"
