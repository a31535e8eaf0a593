"""Who is dialled, and when: static addresses always, learned ones while there is room."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog
from websockets.asyncio.connection import Connection
from websockets.exceptions import WebSocketException

from p2p.addresses import AddressBook
from p2p.counters import PeerCounters
from p2p.door import Dial
from p2p.seats import Seats
from p2p.settings import PeerSettings

log = structlog.get_logger("p2p")

LASTED_SECONDS: Final = 10.0
"""A connection that ended sooner counts as a failed dial."""


class Dialler:
    """Keeps as many connections as are wanted, each in a task of its own."""

    def __init__(
        self,
        settings: PeerSettings,
        book: AddressBook,
        seats: Seats,
        counters: PeerCounters,
        *,
        meet: Callable[[Connection, str], Awaitable[float]],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """`meet`: from the greeting to the end of a connection that was dialled, and its seconds."""
        self._settings = settings
        self._book = book
        self._seats = seats
        self._counters = counters
        self._meet = meet
        self._spawn = spawn
        self._busy: set[str] = set()
        """Addresses that are being dialled or that lead to a peer: as many as there are outbound connections."""
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There is something new to dial."""
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._dial_due()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.dial_every):
                    await self._wake.wait()
            self._wake.clear()

    def _dial_due(self) -> None:
        room = self._settings.max_peers - self._seats.inbound - len(self._busy)
        learned = max(0, min(room, self._settings.wanted_outbound - len(self._busy)))
        due = self._book.due(busy=self._busy, connected=self._seats.nodes, learned=learned)
        for address in list(due)[: max(0, room)]:
            self._busy.add(address)
            self._spawn(self._dial(address))

    async def _dial(self, address: str) -> None:
        lasted = False
        try:
            socket = await Dial(address, self._settings)
        except (OSError, TimeoutError, WebSocketException, UnicodeError) as error:
            self._counters.dials["failed"] += 1
            log.debug("p2p.dial_failed", address=address, reason=str(error) or type(error).__name__)
        else:
            lasted = await self._meet(socket, address) >= LASTED_SECONDS
        finally:
            self._busy.discard(address)
            if lasted:
                self._book.ended(address)
            else:
                self._book.failed(address)
