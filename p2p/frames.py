"""WebSocket frames below the messages: how one is sent, what breaks the protocol, how a connection ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed, WebSocketException

from p2p.door import PeerSocket
from p2p.errors import MalformedMessage
from p2p.messages import Goodbye, encode_message

FRAGMENT: Final = 64 * 1024
"""Bytes of a WebSocket frame; pings travel between the frames of a large message."""
BREAKS_PROTOCOL: Final = frozenset({1002, 1007, 1009})
"""Close codes with which our own side ends a connection whose frames are malformed or too large (RFC 6455)."""


def fault_of_frames(closed: ConnectionClosed, socket: Connection) -> MalformedMessage | None:
    """What the peer did, if our own side closed because of its frames."""
    if isinstance(socket, PeerSocket) and socket.is_flooded:
        return MalformedMessage("more pings than the limits allow")
    if closed.sent is None or closed.sent.code not in BREAKS_PROTOCOL or closed.rcvd_then_sent:
        return None
    return MalformedMessage(f"frames break the protocol: {closed.sent.reason}")


def in_frames(data: bytes) -> bytes | AsyncIterator[bytes]:
    """A message as `Connection.send` takes it."""
    return data if len(data) <= FRAGMENT else _fragments(data)


async def _fragments(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), FRAGMENT):
        yield data[start : start + FRAGMENT]


async def part(socket: Connection, farewell: Goodbye | None, seconds: float) -> None:
    """Says Goodbye where there is something to say, and closes: at once where the peer doesn't read or close."""
    try:
        async with asyncio.timeout(2 * seconds):
            if farewell is not None:
                with contextlib.suppress(WebSocketException):  # closed, or a large message is half sent
                    async with asyncio.timeout(seconds):
                        await socket.send(encode_message(farewell))
            await socket.close()
    except TimeoutError:
        pass
    finally:
        socket.transport.abort()
