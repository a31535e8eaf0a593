"""What the server takes and gives at most. Every bound that an outsider can push against is one of these."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

CallObserver: TypeAlias = Callable[[str, float, int], None]
"""Told each call's method, seconds and error code (0 for success); what metrics are made from."""

MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one server. The defaults suit a node on one machine."""

    head_bytes: int = 64 * 1024
    """A request's line and headers; a connection that sends more is cut off."""
    head_seconds: float = 10.0
    """From a connection's start, or a request's first byte, to the end of its head: half-open connections end here."""
    body_bytes: int = 5 * MEBIBYTE
    """One HTTP body or WebSocket message."""
    body_seconds: float = 10.0
    """From a request's headers to the end of its body."""
    batch_calls: int = 1_000
    response_bytes: int = 25 * MEBIBYTE
    """All answers of one batch, or one answer."""
    call_seconds: float = 15.0
    """One method call, waiting for a free slot not counted."""
    batch_seconds: float = 30.0
    """The calls of one batch together; those that did not begin by then are refused."""
    concurrent_requests: int = 128
    """Bodies being answered at once, over all connections."""
    concurrent_submissions: int = 32
    """Bodies of eth_sendRawTransaction alone, beside those: slow questions never keep transactions out."""
    waiting_requests: int = 2_048
    """Bodies that wait for one of those slots; beyond that they are refused."""
    connections: int = 2_048
    """HTTP and WebSocket together; above that, new requests are answered 503."""
    sockets: int = 1_024
    """WebSockets open at once."""
    stalled_seconds: float = 60.0
    """A peer that acknowledges nothing of what it is sent for so long is disconnected by the kernel."""
    call_gas: int = 50_000_000
    """Most gas that eth_call and eth_estimateGas run with."""
    trace_bytes: int = 24 * MEBIBYTE
    """JSON of one trace or block of traces; less than `response_bytes`, so that the error can say what to do."""
    trace_seconds: float = 10.0
    """Execution of one trace, or of one block of trace_filter; shorter than readers have for a question."""
    trace_blocks: int = 1_000
    """Blocks that one trace_filter may span: each is run again."""
    log_range: int = 1_000_000
    """Blocks that one eth_getLogs may span; the index answers, so only results cost."""
    log_results: int = 20_000
    fee_history_blocks: int = 1_024
    proof_slots: int = 1_024
    storage_slots: int = 1_024
    """Slots of one eth_getStorageValues."""
    receipt_seconds: float = 6.0
    """How long eth_sendRawTransactionSync waits unless the client says otherwise: a few blocks."""
    longest_receipt_seconds: float = 12.0
    """And at most, whatever the client says; less than `call_seconds`."""
    receipt_waits: int = 64
    """Calls that wait so at once: each holds one of `concurrent_requests`."""
    filters: int = 1_024
    """Installed filters, over all clients."""
    filter_seconds: float = 300.0
    """A filter that nobody polls for so long is gone."""
    remembered_events: int = 16_384
    """Head and pending-transaction events kept for filters, each kind."""
    subscriptions: int = 128
    """On one WebSocket."""
    socket_requests: int = 32
    """Messages of one WebSocket being answered at once; then reading pauses."""
    socket_backlog: int = 4_096
    """Messages that a slow reader may leave unread before it is cut off."""
    socket_backlog_bytes: int = 32 * MEBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may talk to the server."""

    hosts: tuple[str, ...] = ("localhost",)
    """Names that the Host header may carry, against DNS rebinding; `*` is any. IP addresses always may."""
    origins: tuple[str, ...] = ("http://localhost", "http://127.0.0.1")
    """Web origins that may read answers (CORS) and open WebSockets; `*` is any. Without a port, any port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How many calls each client may make (`rpc.transport.rates`)."""

    calls_per_second: float = 0.0
    """0 is no limit."""
    burst: int = 0
    """Calls that a client which was quiet may make at once; 0: those of one second."""
    exempt: tuple[str, ...] = ("127.0.0.0/8", "::1")
    """Addresses and networks without a limit."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose X-Forwarded-For says who the client is; nobody else's counts."""
