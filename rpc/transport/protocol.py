"""uvicorn's protocols, with the bounds that they leave out.

HTTP: a request's head must be complete within bytes and seconds, or half-open connections pile up; a client that leaves
takes the work for it along. WebSocket: closing a transport first flushes its buffer, which never happens while the peer
reads nothing, so the scope carries `abort`, and a missed pong aborts. Pongs that nobody reads don't pile up.
"""

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from rpc.limits import Limits
from rpc.transport.joined import JoinedWrites

ABORT: Final = "openledger.abort"
"""The scope extension that holds the function."""
MOST_UNREAD: Final = 64 * 1024
"""Bytes on their way to a peer beyond which it gets no further pong for now."""
RUNNING: Final = "openledger.running"
"""The scope extension with the tasks to cancel when the connection is lost; what is cancelled is taken out first."""


def bounded_http(limits: Limits) -> type[HttpToolsProtocol]:
    """The HTTP protocol of a server with these limits."""
    return type("Http", (BoundedHttp,), {"head_seconds": limits.head_seconds, "head_bytes": limits.head_bytes})


class BoundedHttp(HttpToolsProtocol):
    """One HTTP connection; cut off if a request's head grows too long or takes too long."""

    head_seconds: float = Limits().head_seconds
    head_bytes: int = Limits().head_bytes
    _head_timer: asyncio.TimerHandle | None = None
    """Runs from a connection's or a request's first byte to the end of the head."""
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, JoinedWrites(transport, self.loop)))
        self._running: set[asyncio.Task[Any]] = set()
        self._start_head()

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_timer is not None and self._head_bytes > self.head_bytes:
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {RUNNING: self._running}  # type: ignore[dict-item]
        self._start_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        self.transport = cast(JoinedWrites, self.transport).transport
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)
        while self._running:
            self._running.pop().cancel()

    def _start_head(self) -> None:
        if self._head_timer is None:
            self._head_bytes = 0
            self._head_timer = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class AbortableWebSocket(WebSocketsSansIOProtocol):
    """One WebSocket connection."""

    _pong = b""
    """The latest one, while the peer reads nothing: no other need be sent (RFC 6455, section 5.5.3)."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions = self.scope["extensions"]
            assert extensions is not None  # noqa: S101 - the parent has just set it
            extensions[ABORT] = {"call": self.transport.abort}

    def handle_ping(self) -> None:
        pong = b"".join(self.conn.data_to_send())
        if self.transport.get_write_buffer_size() > MOST_UNREAD:
            self._pong = pong
        else:
            self.transport.write(pong)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._pong:
            self.transport.write(self._pong)
            self._pong = b""

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            message = b"".join(self.frames)
            self.frames = [message]
            self.curr_msg_data_type = "bytes"  # which the application takes as well, and nobody decodes it in vain
            if not _is_utf8(message):
                self.frames = []
                self.conn.send_close(1007)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()


def _is_utf8(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
