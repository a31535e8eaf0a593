"""Peers' peers: asks for addresses now and then, and tells them who asks."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from p2p.addresses import AddressBook
from p2p.connection import PeerConnection
from p2p.errors import NoAnswer, PeerFault, RequestDeclined
from p2p.messages import MAX_ADDRESSES, Addresses, GetAddresses, Message, Response
from p2p.ports import NodeId, Peer, PeerHandler
from p2p.scores import points_of
from p2p.settings import PeerSettings

log = structlog.get_logger("p2p")

ANSWER_SECONDS: Final = 10.0


class Discovery:
    """Stands before the node's PeerHandler and keeps GetAddresses for itself."""

    def __init__(
        self,
        settings: PeerSettings,
        book: AddressBook,
        handler: PeerHandler,
        *,
        connections: Callable[[], Iterable[PeerConnection]],
        random: Callable[[], float],
    ) -> None:
        """`random`: 0 to 1."""
        self._settings = settings
        self._book = book
        self._handler = handler
        self._connections = connections
        self._random = random
        self._unasked: set[NodeId] = set()
        self._wake = asyncio.Event()

    async def on_peer(self, peer: Peer) -> None:
        self._unasked.add(peer.node_id)
        self._wake.set()
        await self._handler.on_peer(peer)

    def on_gone(self, peer: Peer) -> None:
        self._unasked.discard(peer.node_id)
        self._handler.on_gone(peer)

    async def on_message(self, peer: Peer, message: Message) -> Response | None:
        if isinstance(message, GetAddresses):
            return Addresses(request=message.request, addresses=self._known(but=peer.node_id))
        return await self._handler.on_message(peer, message)

    async def run(self) -> None:
        """Asks each new peer, and then one at a time, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.discover_every):
                    await self._wake.wait()
            self._wake.clear()
            for peer in self._to_ask():
                await self._ask(peer)

    def _to_ask(self) -> list[PeerConnection]:
        peers = list(self._connections())
        new = [peer for peer in peers if peer.node_id in self._unasked]
        self._unasked.clear()
        return new or [peers[int(self._random() * len(peers)) % len(peers)]] if peers else []

    async def _ask(self, peer: PeerConnection) -> None:
        try:
            answer = await peer.request(lambda request: GetAddresses(request=request), seconds=ANSWER_SECONDS)
        except (NoAnswer, RequestDeclined):
            return
        except PeerFault as fault:
            peer.fault(points_of(fault), str(fault))
            return
        told = answer.addresses if isinstance(answer, Addresses) else ()
        if learned := self._book.learn(told, source=peer.node_id, teller=peer.ip):
            log.debug("p2p.addresses_learned", peer=peer.node_id.hex()[:8], count=learned)

    def _known(self, *, but: NodeId) -> tuple[str, ...]:
        """Where the peers of now listen, other than who asks: some of them, if they are many."""
        known = [peer.address for peer in self._connections() if peer.address and peer.node_id != but]
        start = int(self._random() * len(known))
        return tuple((known[start:] + known[:start])[:MAX_ADDRESSES])
