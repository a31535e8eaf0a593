"""Who may come in: connections that others dial, counted from their first packet to their last."""

import asyncio
import contextlib
import logging
import socket as sockets
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from p2p.budget import Budget
from p2p.counters import PeerCounters
from p2p.errors import ListenRefused
from p2p.messages import MAX_GREETING
from p2p.scores import Scores, address_group
from p2p.settings import PeerSettings

quiet: Final = logging.getLogger("p2p.websockets")
quiet.disabled = True
"""What the library would tell, this room tells in its own events."""
FRAMES_WAITING: Final = (1, 0)
"""WebSocket frames received and not read: above the first number no more is taken from the socket."""

UNREAD_IS_LOST: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset at once and frees what the other side has not read."""


class Door:
    """Counts connections from outside and refuses those above the limits before a byte of theirs is read."""

    def __init__(self, settings: PeerSettings, scores: Scores, counters: PeerCounters) -> None:
        self._settings = settings
        self._scores = scores
        self._counters = counters
        self._half_open: set[ServerConnection] = set()
        self._by_address: Counter[str] = Counter()

    @property
    def half_open(self) -> int:
        return len(self._half_open)

    def enter(self, connection: ServerConnection, ip: str) -> bool:
        """Whether a new connection is taken."""
        settings, group = self._settings, address_group(ip)
        if (
            len(self._half_open) >= settings.max_half_open
            or self._by_address[group] >= settings.max_per_ip
            or self._scores.is_banned_ip(ip)
        ):
            self._counters.refused["cut_off"] += 1
            self._tidy(group)
            return False
        self._half_open.add(connection)
        self._by_address[group] += 1
        return True

    def greeted(self, connection: ServerConnection) -> None:
        """The connection is half open no more."""
        self._half_open.discard(connection)

    def leave(self, connection: ServerConnection, ip: str) -> None:
        """A connection that was taken is over."""
        self._half_open.discard(connection)
        group = address_group(ip)
        self._by_address[group] -= 1
        self._tidy(group)

    def cut_off_half_open(self) -> None:
        """Ends the connections that have not greeted."""
        for connection in list(self._half_open):
            connection.transport.abort()

    def _tidy(self, group: str) -> None:
        if self._by_address[group] <= 0:
            del self._by_address[group]


class _ClosedTransport(asyncio.Transport):
    """Takes the place of a transport that is over: asyncio's own can't always be aborted then, and websockets does."""

    def abort(self) -> None:
        """Nothing is left to abort."""

    def is_closing(self) -> bool:
        return True


def _closed(transport: asyncio.Transport) -> asyncio.Transport:
    return _ClosedTransport({"peername": transport.get_extra_info("peername")})


class PeerSocket(Connection):
    """A WebSocket that may be closed twice, and that answers no more pings than it should."""

    def __init__(self, settings: PeerSettings, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pings = Budget(rate=settings.pings_per_second, burst=settings.pings_burst, clock=self.loop.time)
        self.is_flooded = False
        """Whether it was cut off for too many pings."""

    def process_event(self, event: Any) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self._pings.spend(1)
            if not self._pings.is_open:
                self.is_flooded = True
                self.transport.abort()
        super().process_event(event)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.protocol.state in (State.OPEN, State.CLOSING) and self.protocol.close_rcvd is None:
            self._lose_unread()
        super().connection_lost(exc)
        self.transport = _closed(self.transport)

    def _lose_unread(self) -> None:
        """The kernel would keep megabytes for minutes, for a peer that may never read them."""
        with contextlib.suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, UNREAD_IS_LOST)


class DialledConnection(PeerSocket, ClientConnection):
    """A connection that this node dialled."""


class CountedConnection(PeerSocket, ServerConnection):
    """A connection from outside that passes the door first."""

    def __init__(self, door: Door, settings: PeerSettings, *args: Any, **options: Any) -> None:
        super().__init__(settings, *args, **options)
        self._door = door
        self._entered = False
        self.ip = ""
        self.deadline = self.loop.time() + settings.greeting_seconds
        """When the greeting must be finished, in the loop's time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self.ip = str(peer[0]) if peer else ""
        self._entered = bool(self.ip) and self._door.enter(self, self.ip)
        if self._entered:
            super().connection_made(transport)
        else:
            cast(asyncio.Transport, transport).abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._entered:
            self._door.leave(self, self.ip)
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._entered:
            super().data_received(data)

    def eof_received(self) -> None:
        if self._entered:
            super().eof_received()


async def listen(
    handler: Callable[[ServerConnection], Awaitable[None]], door: Door, settings: PeerSettings, port: int
) -> Server:
    """A WebSocket server on the settings' host. Raises ListenRefused."""

    try:
        return await serve(
            handler,
            settings.host,
            port,
            create_connection=cast(type[ServerConnection], partial(CountedConnection, door, settings)),
            origins=[None],  # a browser's page is no peer
            server_header=None,
            open_timeout=settings.greeting_seconds,
            **_options(settings),
        )
    except OSError as error:
        raise ListenRefused(f"peers can't be listened to on {settings.host}:{port}: {error.strerror}") from error


class Dial(connect):
    """A connection to `host:port`, directly and to nowhere else: no proxies, no redirects."""

    def __init__(self, address: str, settings: PeerSettings) -> None:
        super().__init__(
            f"ws://{address}",
            proxy=None,
            create_connection=cast(type[ClientConnection], partial(DialledConnection, settings)),
            user_agent_header=None,
            open_timeout=settings.dial_seconds,
            **_options(settings),
        )

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _options(settings: PeerSettings) -> dict[str, Any]:
    return {
        "compression": None,
        "max_size": MAX_GREETING,
        "max_queue": FRAMES_WAITING,
        "ping_interval": settings.ping_interval,
        "ping_timeout": settings.ping_timeout,
        "close_timeout": settings.close_seconds,
        "logger": quiet,
    }
