"""uvicorn's WebSocket protocol, with a way to cut off a peer that reads nothing.

Closing a transport first flushes its buffer, which never happens while the peer's window stays shut: the memory and
the socket would be held for as long as the peer likes. So the scope carries `abort`, and a missed pong aborts.
"""

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

ABORT: Final = "openledger.abort"
"""The scope extension that holds the function."""


class AbortableWebSocket(WebSocketsSansIOProtocol):
    """One WebSocket connection."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions = self.scope["extensions"]
            assert extensions is not None  # noqa: S101 - the parent has just set it
            extensions[ABORT] = {"call": self.transport.abort}

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()
