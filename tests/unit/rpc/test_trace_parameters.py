"""Trace configs, filters and kinds: what is read, what is refused and in which words."""

from typing import Any

import pytest

from rpc.parameters import BlockByNumber, BlockTag, Malformed
from rpc.parameters.tracing import (
    TraceCallRequest,
    TraceFilter,
    TraceRequest,
    parse_duration,
    parse_trace_call_request,
    parse_trace_filter,
    parse_trace_kinds,
    parse_trace_request,
)
from state.execution.port import BlockOverrides
from state.primitives.types import Address
from state.tracing import TraceConfig

ONE, TWO = Address(bytes(19) + b"\x01"), Address(bytes(19) + b"\x02")
ONE_TEXT, TWO_TEXT = "0x" + ONE.hex(), "0x" + TWO.hex()


@pytest.mark.parametrize(
    ("given", "config"),
    [
        ({}, TraceConfig()),
        ({"tracer": ""}, TraceConfig()),
        ({"tracer": None, "tracerConfig": None, "timeout": None}, TraceConfig()),
        (
            {"disableStack": True, "disableStorage": True, "enableMemory": True, "enableReturnData": True, "limit": 5},
            TraceConfig(disable_stack=True, disable_storage=True, enable_memory=True, enable_return_data=True, limit=5),
        ),
        ({"debug": True, "reexec": 128, "overrides": {}, "disableMemory": True}, TraceConfig()),
        ({"tracer": "callTracer"}, TraceConfig(tracer="callTracer")),
        (
            {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True, "withLog": True, "disableStack": True}},
            TraceConfig(tracer="callTracer", only_top_call=True, with_log=True),
        ),
        (
            {
                "tracer": "prestateTracer",
                "tracerConfig": {"diffMode": True, "disableCode": True, "disableStorage": True},
            },
            TraceConfig(tracer="prestateTracer", diff_mode=True, disable_code=True, disable_storage=True),
        ),
        (
            {"tracer": "muxTracer", "tracerConfig": {"callTracer": {"withLog": True}, "4byteTracer": None}},
            TraceConfig(
                tracer="muxTracer",
                tracers={
                    "callTracer": TraceConfig(tracer="callTracer", with_log=True),
                    "4byteTracer": TraceConfig(tracer="4byteTracer"),
                },
            ),
        ),
    ],
)
def test_a_config_names_a_tracer_and_its_options(given: dict[str, Any], config: TraceConfig) -> None:
    assert parse_trace_request(given) == TraceRequest(config=config)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("callTracer", "expected an object, got string"),
        ({"tracer": 7}, "tracer: expected a string, got number"),
        ({"tracer": "fooTracer"}, 'tracer: no tracer "fooTracer": this node has callTracer'),
        ({"tracer": "{result: function() {}}"}, "JavaScript tracers are not supported"),
        (
            {"tracer": "callTracer", "tracerConfig": {"withLog": 1}},
            "tracerConfig: withLog: expected a bool, got number",
        ),
        ({"tracer": "callTracer", "tracerConfig": []}, "tracerConfig: expected an object, got array"),
        ({"tracer": "prestateTracer", "tracerConfig": {"diffMode": True, "includeEmpty": True}}, "cannot use diffMode"),
        ({"tracer": "muxTracer", "tracerConfig": {"muxTracer": {}}}, 'no tracer "muxTracer" inside of muxTracer'),
        ({"disableStack": "yes"}, "disableStack: expected a bool, got string"),
        ({"limit": -1}, "limit: number out of range"),
        ({"timeout": 5}, "timeout: expected a string, got number"),
        ({"timeout": "-5s"}, "timeout: invalid duration"),
    ],
)
def test_what_is_no_config_is_refused_by_name(given: Any, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_trace_request(given)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("5s", 5.0), ("300ms", 0.3), ("1m30s", 90.0), ("1.5h", 5_400.0), ("20us", 2e-5), ("0s", 0.0)]
)
def test_timeouts_are_go_s_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)
    assert parse_trace_request({"timeout": text}).timeout == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "1e3s", "5d", "٥s"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_duration(text)


def test_a_call_s_config_has_overrides_and_a_place_in_the_block_beside_the_tracer() -> None:
    assert parse_trace_call_request({}) == TraceCallRequest()
    request = parse_trace_call_request(
        {
            "tracer": "noopTracer",
            "stateOverrides": {ONE_TEXT: {"balance": "0x5"}},
            "blockOverrides": {"number": "0x7"},
            "txIndex": "0x2",
        }
    )
    assert request.trace.config.tracer == "noopTracer"
    assert request.overrides[ONE].balance == 5
    assert request.block_overrides == BlockOverrides(number=7)
    assert request.transaction_index == 2
    with pytest.raises(Malformed, match="^stateOverrides: 0x"):
        parse_trace_call_request({"stateOverrides": {ONE_TEXT: {"balance": "5"}}})


def test_a_filter_is_the_head_s_block_unless_it_says_otherwise() -> None:
    latest = BlockByNumber(which=BlockTag.LATEST)
    assert parse_trace_filter({}) == TraceFilter(from_block=latest, to_block=latest)
    full = {
        "fromBlock": "0x1",
        "toBlock": "safe",
        "fromAddress": [ONE_TEXT],
        "toAddress": TWO_TEXT,
        "after": 3,
        "count": "0x4",
    }
    assert parse_trace_filter(full) == TraceFilter(
        from_block=BlockByNumber(which=1),
        to_block=BlockByNumber(which=BlockTag.SAFE),
        senders=frozenset((ONE,)),
        recipients=frozenset((TWO,)),
        after=3,
        count=4,
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"fromAddress": ["0x1"]}, r"fromAddress\[0\]: "),
        ({"toAddress": [ONE_TEXT] * 1_001}, "toAddress: too many items"),
        ({"count": -1}, "count: number out of range"),
        ({"fromBlock": 5}, "fromBlock: expected a string"),
    ],
)
def test_what_is_no_filter_is_refused_by_name(given: dict[str, Any], words: str) -> None:
    with pytest.raises(Malformed, match=f"^{words}"):
        parse_trace_filter(given)


def test_of_parity_s_kinds_there_is_one() -> None:
    assert parse_trace_kinds(["trace"]) == {"trace"}
    with pytest.raises(Malformed, match='no "stateDiff" here'):
        parse_trace_kinds(["trace", "stateDiff"])
    with pytest.raises(Malformed, match="expected an array"):
        parse_trace_kinds("trace")
