"""A transaction's way through the node as an OpenTelemetry trace, made from the eight events that its hops log.

    rpc.received ─ txpool.admitted ─ sequencer.origin ─ engine.built ─ engine.sealed ─ batcher.posted ─ derivation.safe
    ─ driver.finalized

Each hop is a span that begins where the one before ended, so that a trace shows where the time went.
`TransactionTraces` is a structlog processor: what is traced is exactly what is logged (the first transactions of each
second), and no room knows of tracing. With a `traceparent` header the spans become part of the client's trace. Without
`otlp_endpoint` none of this is there.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeAlias

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from rpc.trace_context import ORIGIN, OUTGOING

MOST_TRACED: Final = 4_096
"""Transactions whose trace is not at its end; the oldest are let go."""
BLOCKS_REMEMBERED: Final = 64
"""Latest blocks whose building is remembered until it is known which transactions they have."""
EXPORT_SECONDS: Final = 3.0
"""What a collector gets for an answer; also how long a stopping node waits for it."""
TRACES_PATH: Final = "/v1/traces"

EventDict: TypeAlias = MutableMapping[str, Any]
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_BUILDING: Final = ("sequencer.origin", "engine.built", "engine.sealed")


@dataclass(slots=True, kw_only=True)
class _Trace:
    """One transaction's trace."""

    transaction: str
    context: Context
    """Parent of every span but the first, which it is."""
    reached_at: int
    """The last hop's time, ns."""
    block: int | None = None
    is_posted: bool = False
    is_safe: bool = False


@dataclass(frozen=True, slots=True)
class _Event:
    at: int
    fields: dict[str, Any]


class TransactionTraces:
    """Events in, spans out. Any thread."""

    def __init__(self, tracer: Tracer, *, clock: Callable[[], int] = time.time_ns) -> None:
        """`clock`: UNIX time in nanoseconds."""
        self._tracer = tracer
        self._clock = clock
        self._lock = Lock()
        self._traces: OrderedDict[str, _Trace] = OrderedDict()
        self._building: OrderedDict[int, dict[str, _Event]] = OrderedDict()
        self._handlers: Final[dict[str, Callable[[dict[str, Any], int], None]]] = {
            "rpc.received": self._on_received,
            "txpool.admitted": self._on_admitted,
            "pool.forwarded": self._on_forwarded,
            "sequencer.origin": lambda fields, now: self._on_building("sequencer.origin", fields, now),
            "engine.built": lambda fields, now: self._on_building("engine.built", fields, now),
            "engine.sealed": lambda fields, now: self._on_building("engine.sealed", fields, now),
            "engine.reorg": self._on_reorg,
            "batcher.posted": self._on_posted,
            "derivation.safe": self._on_safe,
            "driver.finalized": self._on_finalized,
        }

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        """structlog's processor: looks at an event and hands it on as it is."""
        handler = self._handlers.get(event.get("event", ""))
        if handler is not None:
            fields = {name: value for name, value in event.items() if name != "event"}
            with self._lock:
                handler(fields, self._clock())
        return event

    def included(self, number: int, transactions: Iterable[bytes]) -> None:
        """Block `number` has these transaction hashes; its `engine.sealed` was logged."""
        if not self._traces:
            return
        with self._lock:
            built = self._building.get(number, {})
            for transaction_hash in transactions:
                found = self._traces.get(transaction_hash.hex())
                if found is None or found.block is not None:
                    continue
                for name in _BUILDING:
                    event = built.get(name)
                    if event is not None:
                        self._hop(found, name, event.fields, event.at)
                found.block = number

    # Hops

    def _on_received(self, fields: dict[str, Any], now: int) -> None:
        transaction = fields.get("transaction")
        if transaction is None or transaction in self._traces:
            return
        origin = ORIGIN.get()
        carrier = {"traceparent": origin.traceparent} if origin is not None and origin.traceparent else {}
        started = min(now, origin.received_at) if origin is not None else now
        parent = _PROPAGATOR.extract(carrier, Context())
        span = self._tracer.start_span(
            "rpc.received", parent, trace.SpanKind.SERVER, attributes=_attributes(fields), start_time=started
        )
        span.end(now)
        if not span.is_recording() and not span.get_span_context().trace_flags.sampled:
            return
        context = trace.set_span_in_context(trace.NonRecordingSpan(span.get_span_context()), Context())
        outgoing: dict[str, str] = {}
        _PROPAGATOR.inject(outgoing, context)
        OUTGOING.set(outgoing.get("traceparent"))
        self._traces[transaction] = _Trace(transaction=transaction, context=context, reached_at=now)
        while len(self._traces) > MOST_TRACED:
            self._traces.popitem(last=False)

    def _on_admitted(self, fields: dict[str, Any], now: int) -> None:
        found = self._traces.get(fields.get("transaction", ""))
        if found is not None:
            self._hop(found, "txpool.admitted", fields, now)

    def _on_forwarded(self, fields: dict[str, Any], now: int) -> None:
        """The trace goes on at the sequencer."""
        found = self._traces.pop(fields.get("transaction", ""), None)
        if found is not None:
            self._hop(found, "pool.forwarded", fields, now)

    def _on_building(self, name: str, fields: dict[str, Any], now: int) -> None:
        number = int(fields["number"])
        if name == _BUILDING[0]:
            self._building.pop(number, None)  # a block of that number was begun before
        self._building.setdefault(number, {})[name] = _Event(now, fields)
        while len(self._building) > BLOCKS_REMEMBERED:
            self._building.popitem(last=False)

    def _on_reorg(self, fields: dict[str, Any], now: int) -> None:
        """Transactions of dropped blocks are waiting for a block again."""
        for found in self._traces.values():
            if found.block is not None and found.block > fields["kept"]:
                self._hop(found, "engine.reorg", fields, now)
                found.block, found.is_posted, found.is_safe = None, False, False

    def _on_posted(self, fields: dict[str, Any], now: int) -> None:
        for found in self._traces.values():
            if found.block is not None and fields["first"] <= found.block <= fields["last"] and not found.is_posted:
                self._hop(found, "batcher.posted", fields, now)
                found.is_posted = True

    def _on_safe(self, fields: dict[str, Any], now: int) -> None:
        for found in self._traces.values():
            if found.block == fields["number"] and not found.is_safe:
                self._hop(found, "derivation.safe", fields, now)
                found.is_safe = True

    def _on_finalized(self, fields: dict[str, Any], now: int) -> None:
        done = [one for one in self._traces.values() if one.block is not None and one.block <= fields["number"]]
        for found in done:
            self._hop(found, "driver.finalized", fields, now)
            del self._traces[found.transaction]

    def _hop(self, found: _Trace, name: str, fields: dict[str, Any], now: int) -> None:
        attributes = _attributes(fields | {"transaction": found.transaction})
        if name == "batcher.posted":  # there the event's own transaction is L1's
            attributes["l1.transaction"] = str(fields["transaction"])
        span = self._tracer.start_span(
            name, found.context, attributes=attributes, start_time=min(found.reached_at, now)
        )
        span.end(now)
        found.reached_at = max(now, found.reached_at)


def _attributes(fields: dict[str, Any]) -> dict[str, str | int | float | bool]:
    return {
        name: value if isinstance(value, str | int | float | bool) else str(value)
        for name, value in fields.items()
        if value is not None
    }


class Tracing:
    """Traces and the exporter that sends them to a collector."""

    def __init__(self, endpoint: str, **resource: str | int) -> None:
        """`endpoint`: URL of an OTLP collector over HTTP; `resource`: what the spans say of this process."""
        url = endpoint if endpoint.endswith(TRACES_PATH) else endpoint.rstrip("/") + TRACES_PATH
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "openledger-node", **resource}), shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1_000))
        self.traces = TransactionTraces(self._provider.get_tracer("openledger"))

    def close(self) -> None:
        """Sends what is left, for a few seconds at most."""
        self._provider.shutdown()
