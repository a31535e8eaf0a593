"""Which tracer, and its options."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

STRUCT_LOG: Final = ""
CALL: Final = "callTracer"
FLAT_CALL: Final = "flatCallTracer"
PRESTATE: Final = "prestateTracer"
FOUR_BYTE: Final = "4byteTracer"
NOOP: Final = "noopTracer"
MUX: Final = "muxTracer"
TRACERS: Final = (CALL, FLAT_CALL, PRESTATE, FOUR_BYTE, NOOP, MUX)
"""The names that a client may give; without one it gets the struct logger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceConfig:
    """geth's TraceConfig with the tracer's own options beside it. An option of another tracer does nothing."""

    tracer: str = STRUCT_LOG

    disable_stack: bool = False
    enable_memory: bool = False
    enable_return_data: bool = False
    limit: int = 0
    """Struct logger: entries, 0 for all."""

    only_top_call: bool = False
    with_log: bool = False

    convert_parity_errors: bool = False
    include_precompiles: bool = False

    diff_mode: bool = False
    disable_code: bool = False
    disable_storage: bool = False
    """Struct logger, too."""
    include_empty: bool = False

    tracers: Mapping[str, "TraceConfig"] = field(default_factory=dict)
    """muxTracer: those that it feeds, by name."""
