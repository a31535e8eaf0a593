"""Tracers: what a transaction did, opcode by opcode or frame by frame, in the JSON that geth answers.

What flows in: the hooks of `state.execution.traced`, and a TraceConfig. What flows out: JSON, as bytes, so that it is
encoded where the transaction ran (a reader process) and only passed on by the node.

    config       TraceConfig: which tracer, with which options; the names that there are
    budget       Budget: bytes and time that a trace may take; every tracer spends from it
    tracer       Tracer, what all have in common; making: from a config to one
    struct_log   the default: one entry an opcode
    call_frames  the tree of frames, for call_tracer (geth's callTracer) and flat (Parity's traces)
    prestate     prestateTracer: what was read, and with diffMode what was changed
    selectors    4byteTracer
    mux          several tracers at once

Start reading at `tracer.py`, then `call_tracer.py`. Imports `state.execution` and what stands below; `state.queries`
uses it. Must not import a clock: whoever makes the Budget brings one.
"""

from state.tracing.budget import Budget, TraceTimedOut, TraceTooLarge
from state.tracing.config import TRACERS, TraceConfig
from state.tracing.flat import FlatCallTracer
from state.tracing.making import make_tracer
from state.tracing.tracer import Tracer

__all__ = [
    "TRACERS",
    "Budget",
    "FlatCallTracer",
    "TraceConfig",
    "TraceTimedOut",
    "TraceTooLarge",
    "Tracer",
    "make_tracer",
]
