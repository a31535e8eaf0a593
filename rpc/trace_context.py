"""Which trace a request belongs to: W3C Trace Context's `traceparent`, carried to whoever starts spans.

A context variable, because what traces a transaction sits below ports that know nothing of requests. Servers that don't
trace never set it.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from rpc.transport.access import header

LONGEST: Final = 128
"""Characters of a traceparent that is looked at; version 00 has 55."""


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """Where a request comes from and when it came."""

    traceparent: str | None
    received_at: int
    """UNIX time in nanoseconds."""


ORIGIN: Final[ContextVar[RequestOrigin | None]] = ContextVar("openledger_request_origin", default=None)
OUTGOING: Final[ContextVar[str | None]] = ContextVar("openledger_outgoing_traceparent", default=None)
"""The traceparent of the span that is being worked on, for requests to other nodes."""


def origin_of(scope: Any, received_at: int) -> RequestOrigin:
    """The origin of an HTTP request or a WebSocket's message."""
    traceparent = header(scope, b"traceparent")
    if traceparent is not None and len(traceparent) > LONGEST:
        traceparent = None
    return RequestOrigin(traceparent, received_at)


def outgoing_headers() -> dict[str, str]:
    """Headers that make a request to another node part of the trace; none where nothing is traced."""
    origin = ORIGIN.get()
    traceparent = OUTGOING.get() or (None if origin is None else origin.traceparent)
    return {} if traceparent is None else {"traceparent": traceparent}
