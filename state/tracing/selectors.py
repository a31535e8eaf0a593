"""geth's 4byteTracer: which function selectors were called, with how much data behind them, and how often."""

import orjson

from state.execution.hooks import FrameEntry, TracedMessage
from state.execution.opcode_names import CALLS, NAMES
from state.tracing.budget import Budget
from state.tracing.tracer import Tracer
from state.world.journal import WorldState

ENTRY_BYTES = 32
_CALL_KINDS = frozenset(NAMES[opcode] for opcode in CALLS)


class FourByteTracer(Tracer):
    """Counts `selector-size of the arguments`; creations and precompiles have no selectors."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget)
        self._counts: dict[str, int] = {}

    def begin(self, message: TracedMessage, world: WorldState) -> None:
        """The precompiles of this block."""
        self._is_precompile = message.is_precompile

    def enter(self, entry: FrameEntry) -> None:
        """One more, if it is a call with a selector."""
        if entry.kind not in _CALL_KINDS or len(entry.input) < 4 or self._is_precompile(entry.to):
            return
        key = f"0x{entry.input[:4].hex()}-{len(entry.input) - 4}"
        if key not in self._counts:
            self._budget.spend(ENTRY_BYTES)
        self._counts[key] = self._counts.get(key, 0) + 1

    def result(self) -> bytes:
        """`{"0xa9059cbb-64": 1}`."""
        return orjson.dumps(self._counts)
