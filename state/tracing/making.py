"""From a TraceConfig to a tracer."""

from typing import Any

from state.tracing import config as kinds
from state.tracing.budget import Budget
from state.tracing.call_tracer import CallTracer
from state.tracing.config import TraceConfig
from state.tracing.flat import FlatCallTracer
from state.tracing.mux import MuxTracer
from state.tracing.prestate import PrestateTracer
from state.tracing.selectors import FourByteTracer
from state.tracing.struct_log import StructLogger
from state.tracing.tracer import Tracer


def make_tracer(config: TraceConfig, budget: Budget, place: dict[str, Any]) -> Tracer:
    """A tracer for one transaction, which stands at `place` (block and transaction, as flat traces name them)."""
    tracer: Tracer
    match config.tracer:
        case kinds.CALL:
            tracer = CallTracer(budget, config)
        case kinds.FLAT_CALL:
            tracer = FlatCallTracer(budget, config, place)
        case kinds.PRESTATE:
            tracer = PrestateTracer(budget, config)
        case kinds.FOUR_BYTE:
            tracer = FourByteTracer(budget)
        case kinds.NOOP:
            tracer = Tracer(budget)
        case kinds.MUX:
            inner = {name: make_tracer(each, budget, place) for name, each in config.tracers.items()}
            tracer = MuxTracer(budget, inner)
        case _:
            tracer = StructLogger(budget, config)
    return tracer
