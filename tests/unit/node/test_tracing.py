"""A transaction's eight hops as spans of one trace, through the logger that the rooms use."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import CapturingLogger

from node import tracing
from node.tracing import TransactionTraces
from rpc.trace_context import LONGEST, ORIGIN, OUTGOING, RequestOrigin, origin_of, outgoing_headers

HOPS = (
    "rpc.received",
    "txpool.admitted",
    "sequencer.origin",
    "engine.built",
    "engine.sealed",
    "batcher.posted",
    "derivation.safe",
    "driver.finalized",
)
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
FIRST, SECOND = b"\x01" * 32, b"\x02" * 32


class World:
    """Events on a clock that goes on by one second an event."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.seconds = 0
        self.traces = TransactionTraces(provider.get_tracer("test"), clock=self._now)
        self.output = CapturingLogger()
        self.log = structlog.wrap_logger(
            self.output, processors=[self.traces, lambda _logger, _name, event: str(event)]
        )

    def _now(self) -> int:
        self.seconds += 1
        return self.seconds * 10**9

    def admit(self, transaction: bytes) -> None:
        self.log.info("rpc.received", transaction=transaction.hex(), size=110)
        self.log.info("txpool.admitted", transaction=transaction.hex(), verdict="executable")

    def seal(self, number: int, *transactions: bytes) -> None:
        self.log.info("sequencer.origin", number=number, l1_origin=number // 2)
        self.log.info("engine.built", number=number, transactions=len(transactions), gas=21_000, left_out=0)
        self.log.info("engine.sealed", number=number, hash="ab", transactions=1 + len(transactions))
        self.traces.included(number, (b"\xff" * 32, *transactions))

    def settle(self, number: int) -> None:
        self.log.info("batcher.posted", channel="c", first=1, last=number, hash="ab", transaction="cd" * 32)
        self.log.info("derivation.safe", number=number, hash="ab", derived_from=4, consolidated=True, differs=None)
        self.log.info("driver.finalized", number=number, hash="ab", l1=9)

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def names(self) -> list[str]:
        return [span.name for span in self.spans()]


@pytest.fixture
def world() -> Iterator[World]:
    tokens = ORIGIN.set(None), OUTGOING.set(None)
    yield World()
    ORIGIN.reset(tokens[0])
    OUTGOING.reset(tokens[1])


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_eight_hops_are_eight_spans_of_one_trace_each_from_where_the_one_before_ended(world: World) -> None:
    world.admit(FIRST)
    world.seal(7, FIRST)
    world.settle(7)
    spans = world.spans()
    assert tuple(span.name for span in spans) == HOPS
    assert len({span.context.trace_id for span in spans}) == 1
    assert spans[0].parent is None
    assert {span.parent.span_id for span in spans[1:] if span.parent} == {spans[0].context.span_id}
    assert all(attributes(span)["transaction"] == FIRST.hex() for span in spans)
    assert [span.start_time for span in spans[1:]] == [span.end_time for span in spans[:-1]]
    assert attributes(spans[4])["hash"] == "ab"
    assert attributes(spans[5])["l1.transaction"] == "cd" * 32
    assert world.traces._traces == {}


def test_events_go_on_to_the_log_as_they_were(world: World) -> None:
    world.log.info("rpc.received", transaction=FIRST.hex(), size=110)
    world.log.warning("something.else", number="not a number")
    assert [call.args[0] for call in world.output.calls] == [
        str({"transaction": FIRST.hex(), "size": 110, "event": "rpc.received"}),
        str({"number": "not a number", "event": "something.else"}),
    ]


def test_a_traceparent_makes_the_spans_part_of_the_clients_trace(world: World) -> None:
    ORIGIN.set(RequestOrigin(f"00-{TRACE}-{SPAN}-01", 5 * 10**8))
    world.admit(FIRST)
    received, admitted = world.spans()
    assert f"{received.context.trace_id:032x}" == f"{admitted.context.trace_id:032x}" == TRACE
    assert received.parent is not None
    assert f"{received.parent.span_id:016x}" == SPAN
    assert received.start_time == 5 * 10**8  # when the request came
    assert outgoing_headers() == {"traceparent": f"00-{TRACE}-{received.context.span_id:016x}-01"}


def test_a_client_that_does_not_sample_is_not_traced(world: World) -> None:
    ORIGIN.set(RequestOrigin(f"00-{TRACE}-{SPAN}-00", 0))
    world.admit(FIRST)
    world.seal(1, FIRST)
    assert world.spans() == []


@pytest.mark.parametrize("traceparent", ["", "nonsense", f"00-{TRACE}", "00-" + "0" * 32 + f"-{SPAN}-01", "ff" * 500])
def test_a_malformed_traceparent_starts_a_trace_of_our_own(world: World, traceparent: str) -> None:
    ORIGIN.set(RequestOrigin(traceparent, 0))
    world.admit(FIRST)
    assert world.spans()[0].parent is None
    scope = {"headers": [(b"traceparent", traceparent.encode())]}
    assert len(origin_of(scope, 1).traceparent or "") <= LONGEST


def test_transactions_of_one_block_have_a_trace_each(world: World) -> None:
    world.admit(FIRST)
    world.admit(SECOND)
    world.seal(1, FIRST)
    world.seal(2, SECOND)
    world.settle(2)
    of_second = [span.name for span in world.spans() if attributes(span)["transaction"] == SECOND.hex()]
    assert tuple(of_second) == HOPS
    assert len({span.context.trace_id for span in world.spans()}) == 2


def test_a_dropped_blocks_transactions_go_through_the_hops_again(world: World) -> None:
    world.admit(FIRST)
    world.seal(5, FIRST)
    world.log.warning("engine.reorg", kept=4, dropped=1)
    world.seal(5, SECOND)
    world.seal(6, FIRST)
    world.settle(6)
    assert world.names() == [*HOPS[:5], "engine.reorg", *HOPS[2:]]


def test_a_channel_of_several_l1_transactions_is_one_hop(world: World) -> None:
    world.admit(FIRST)
    world.seal(1, FIRST)
    for transaction in ("aa", "bb"):
        world.log.info("batcher.posted", channel="c", first=1, last=1, hash="ab", transaction=transaction)
    assert world.names().count("batcher.posted") == 1


def test_a_follower_hands_the_trace_on(world: World) -> None:
    world.log.info("rpc.received", transaction=FIRST.hex(), size=110)
    (received,) = world.spans()
    handed_on = outgoing_headers()["traceparent"]
    assert handed_on.startswith(f"00-{received.context.trace_id:032x}-{received.context.span_id:016x}-")
    world.log.info("pool.forwarded", transaction=FIRST.hex())
    assert world.names() == ["rpc.received", "pool.forwarded"]
    assert world.traces._traces == {}


def test_transactions_and_blocks_that_are_remembered_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "MOST_TRACED", 3)
    monkeypatch.setattr(tracing, "BLOCKS_REMEMBERED", 3)
    for number in range(10):
        world.admit(bytes([number]) * 32)
        world.seal(number)
    assert list(world.traces._traces) == [(bytes([number]) * 32).hex() for number in (7, 8, 9)]
    assert list(world.traces._building) == [7, 8, 9]


@pytest.mark.parametrize("event", HOPS)
def test_what_is_not_traced_makes_no_span(world: World, event: str) -> None:
    fields: dict[str, Any] = {"number": 3, "first": 1, "last": 9, "transaction": None}
    announce: Callable[..., Any] = world.log.info
    announce(event, **fields)
    world.traces.included(3, (FIRST,))
    assert world.spans() == []
