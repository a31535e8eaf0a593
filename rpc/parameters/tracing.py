"""What debug_trace* and trace_* are given: a tracer with its options, a filter over traces, kinds of traces.

Source: geth's eth/tracers/api.go (TraceConfig, TraceCallConfig) and execution-apis' TraceConfig; Parity's trace module.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NewType

from rpc.parameters.blocks import LATEST, BlockByNumber, parse_block_by_number
from rpc.parameters.hexadecimal import parse_address, parse_count
from rpc.parameters.overrides import NO_OVERRIDES, StateOverrides, parse_block_overrides, parse_overrides
from rpc.parameters.types import (
    Malformed,
    ParameterType,
    define,
    expect_list,
    expect_object,
    expect_string,
    nested,
    parse_bool,
)
from state.execution.port import BlockOverrides
from state.primitives.types import Address
from state.tracing import TRACERS, TraceConfig
from state.tracing.config import MUX

TraceKinds = NewType("TraceKinds", frozenset[str])
"""Which of Parity's three kinds of traces are asked for."""

MAX_FILTER_ADDRESSES: Final = 1_000
_TRACE_KIND: Final = "trace"
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h))+", re.ASCII)
_DURATION_PART: Final = re.compile(r"([0-9.]+)([a-zµ]+)")
_OPCODE_FLAGS: Final = {
    "disableStack": "disable_stack",
    "disableStorage": "disable_storage",
    "enableMemory": "enable_memory",
    "enableReturnData": "enable_return_data",
}
_TRACER_FLAGS: Final = {
    "onlyTopCall": "only_top_call",
    "withLog": "with_log",
    "diffMode": "diff_mode",
    "disableCode": "disable_code",
    "disableStorage": "disable_storage",
    "includeEmpty": "include_empty",
    "convertParityErrors": "convert_parity_errors",
    "includePrecompiles": "include_precompiles",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRequest:
    """A tracer, and how long it may take."""

    config: TraceConfig = field(default_factory=TraceConfig)
    timeout: float | None = None
    """Seconds; None leaves it to the server, which has a limit of its own anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceCallRequest:
    """The same for a call, with what it pretends."""

    trace: TraceRequest = field(default_factory=TraceRequest)
    overrides: StateOverrides = field(default_factory=lambda: NO_OVERRIDES)
    block_overrides: BlockOverrides | None = None
    transaction_index: int | None = None
    """The call comes before this transaction of the block; None: after the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFilter:
    """Which of the chain's traces."""

    from_block: BlockByNumber
    to_block: BlockByNumber
    senders: frozenset[Address] = frozenset()
    """Empty: any."""
    recipients: frozenset[Address] = frozenset()
    after: int = 0
    """Matches to skip."""
    count: int | None = None
    """Matches to answer at most."""


def parse_trace_request(value: object) -> TraceRequest:
    """`{tracer, tracerConfig, timeout, reexec, disableStack, …}`; unknown members are ignored, as in geth."""
    fields = expect_object(value)
    timeout = fields.get("timeout")
    return TraceRequest(
        config=_config(fields), timeout=None if timeout is None else nested("timeout", parse_duration, timeout)
    )


def _config(fields: Mapping[str, object]) -> TraceConfig:
    name = fields.get("tracer")
    tracer = "" if name is None else nested("tracer", _tracer_name, name)
    options = {} if fields.get("tracerConfig") is None else fields["tracerConfig"]
    if not tracer:
        limit = 0 if fields.get("limit") is None else nested("limit", parse_count, fields["limit"])
        return replace(_flagged(TraceConfig(), fields, _OPCODE_FLAGS), limit=limit)
    config: TraceConfig = nested(
        "tracerConfig", lambda given: _tracer_config(tracer, given), {} if options is None else options
    )
    return config


def _tracer_name(value: object) -> str:
    name = expect_string(value)
    if name and name not in TRACERS:
        known = ", ".join(TRACERS)
        raise Malformed(f'no tracer "{name[:60]}": this node has {known}; JavaScript tracers are not supported')
    return name


def _tracer_config(tracer: str, options: object) -> TraceConfig:
    fields = expect_object(options)
    if tracer == MUX:
        return TraceConfig(tracer=MUX, tracers={name: _muxed(name, inner) for name, inner in fields.items()})
    config = _flagged(TraceConfig(tracer=tracer), fields, _TRACER_FLAGS)
    if config.diff_mode and config.include_empty:
        raise Malformed("cannot use diffMode with includeEmpty")
    return config


def _muxed(name: str, options: object) -> TraceConfig:
    if name not in TRACERS or name == MUX:
        raise Malformed(f'no tracer "{name[:60]}" inside of {MUX}')
    config: TraceConfig = nested(name, lambda given: _tracer_config(name, given), {} if options is None else options)
    return config


def _flagged(config: TraceConfig, fields: Mapping[str, object], flags: Mapping[str, str]) -> TraceConfig:
    """`config` with the booleans that `fields` sets."""
    given: dict[str, Any] = {
        attribute: nested(name, parse_bool, fields[name])
        for name, attribute in flags.items()
        if fields.get(name) is not None
    }
    return replace(config, **given)


def parse_duration(value: object) -> float:
    """Seconds of Go's duration: `5s`, `300ms`, `1m30s`."""
    text = expect_string(value)
    if not _DURATION.fullmatch(text):
        raise Malformed("invalid duration")
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text))


def parse_trace_call_request(value: object) -> TraceCallRequest:
    """A trace config with `stateOverrides`, `blockOverrides` and `txIndex`."""
    fields = expect_object(value)

    def optional(name: str, parse: Callable[[object], Any]) -> Any:
        entry = fields.get(name)
        return None if entry is None else nested(name, parse, entry)

    return TraceCallRequest(
        trace=parse_trace_request(value),
        overrides=optional("stateOverrides", parse_overrides) or NO_OVERRIDES,
        block_overrides=optional("blockOverrides", parse_block_overrides),
        transaction_index=optional("txIndex", parse_count),
    )


def parse_trace_filter(value: object) -> TraceFilter:
    """`{fromBlock, toBlock, fromAddress, toAddress, after, count}`; blocks are the head's where they are left out."""
    fields = expect_object(value)

    def optional(name: str, parse: Callable[[object], Any], default: Any) -> Any:
        entry = fields.get(name)
        return default if entry is None else nested(name, parse, entry)

    return TraceFilter(
        from_block=optional("fromBlock", parse_block_by_number, LATEST),
        to_block=optional("toBlock", parse_block_by_number, LATEST),
        senders=optional("fromAddress", _addresses, frozenset()),
        recipients=optional("toAddress", _addresses, frozenset()),
        after=optional("after", parse_count, 0),
        count=optional("count", parse_count, None),
    )


def _addresses(value: object) -> frozenset[Address]:
    if isinstance(value, str):
        return frozenset((parse_address(value),))
    entries = expect_list(value, MAX_FILTER_ADDRESSES)
    return frozenset(nested(f"[{index}]", parse_address, entry) for index, entry in enumerate(entries))


def parse_trace_kinds(value: object) -> TraceKinds:
    """An array of Parity's kinds, of which this node has `trace`."""
    kinds = frozenset(expect_string(kind) for kind in expect_list(value, 3))
    if others := sorted(kinds - {_TRACE_KIND}):
        raise Malformed(f'no "{others[0][:30]}" here: only ["trace"]; debug_traceTransaction has the other forms')
    return TraceKinds(kinds)


_CONFIG_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "tracer": {"enum": ["", *TRACERS]},
        "tracerConfig": {"type": "object"},
        "timeout": {"type": "string"},
    },
}
define(TraceRequest, ParameterType(label="trace config", parse=parse_trace_request, schema=_CONFIG_SCHEMA))
define(TraceCallRequest, ParameterType(label="trace config", parse=parse_trace_call_request, schema=_CONFIG_SCHEMA))
define(TraceFilter, ParameterType(label="trace filter", parse=parse_trace_filter, schema={"type": "object"}))
define(
    TraceKinds,
    ParameterType(
        label="trace kinds",
        parse=parse_trace_kinds,
        schema={"type": "array", "items": {"enum": [_TRACE_KIND]}},
    ),
)
