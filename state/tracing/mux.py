"""geth's muxTracer: several tracers hear the same transaction, which runs once."""

from collections.abc import Mapping

import orjson

from state.execution.hooks import EmittedLog, FrameEntry, FrameExit, Step, TracedMessage
from state.execution.port import TransactionOutcome
from state.primitives.types import Address
from state.tracing.budget import Budget
from state.tracing.tracer import Tracer
from state.world.journal import WorldState


class MuxTracer(Tracer):
    """Tells each of `tracers`, by name, what it wants to hear."""

    def __init__(self, budget: Budget, tracers: Mapping[str, Tracer]) -> None:
        super().__init__(budget)
        self._tracers = tracers
        every = tracers.values()
        self.opcodes = frozenset[int]().union(*(tracer.opcodes for tracer in every))
        self.touches = frozenset[int]().union(*(tracer.touches for tracer in every))
        self.wants_memory = any(tracer.wants_memory for tracer in every)

    def begin(self, message: TracedMessage, world: WorldState) -> None:
        """All of them begin."""
        for tracer in self._tracers.values():
            tracer.begin(message, world)

    def touch(self, opcode: int, address: Address, stack: list[int]) -> None:
        """Those that wanted it."""
        for tracer in self._tracers.values():
            if opcode in tracer.touches:
                tracer.touch(opcode, address, stack)

    def step(self, step: Step) -> None:
        """Those that wanted it."""
        for tracer in self._tracers.values():
            if step.opcode in tracer.opcodes:
                tracer.step(step)

    def enter(self, entry: FrameEntry) -> None:
        """All."""
        for tracer in self._tracers.values():
            tracer.enter(entry)

    def exit(self, result: FrameExit) -> None:
        """All."""
        for tracer in self._tracers.values():
            tracer.exit(result)

    def log(self, log: EmittedLog) -> None:
        """All."""
        for tracer in self._tracers.values():
            tracer.log(log)

    def end(self, outcome: TransactionOutcome) -> None:
        """All."""
        for tracer in self._tracers.values():
            tracer.end(outcome)

    def result(self) -> bytes:
        """`{name: result}`."""
        parts = [orjson.dumps(name) + b":" + tracer.result() for name, tracer in self._tracers.items()]
        return b"{" + b",".join(parts) + b"}"
