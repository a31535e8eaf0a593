"""All connections of this node to its peers: dials, listens, greets, and lets go."""

import asyncio
import random as chance
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import structlog
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from p2p.addresses import AddressBook, join_address, split_address
from p2p.connection import PeerConnection
from p2p.counters import PeerCounters
from p2p.dialler import Dialler
from p2p.discovery import Discovery
from p2p.door import CountedConnection, Door, listen
from p2p.errors import GreetingRefused, PeerFault, PeerLeft
from p2p.frames import fault_of_frames, part
from p2p.greeting import Greeted, Greeting, NetworkIdentity
from p2p.identity import NodeIdentity
from p2p.messages import Farewell, Goodbye, HeadStatus, Message, encode_message
from p2p.ports import KeyValues, NodeId, Peer, PeerHandler
from p2p.scores import SILENCE_POINTS, Scores, points_of
from p2p.seats import Seats
from p2p.settings import PeerSettings

log = structlog.get_logger("p2p")


class PeerNetwork:
    """The peers of now (`p2p.ports.PeersPort`). Everything on one event loop."""

    def __init__(
        self,
        settings: PeerSettings,
        *,
        identity: NodeIdentity,
        network: NetworkIdentity,
        status: Callable[[], HeadStatus],
        store: KeyValues,
        agent: str,
        unix_clock: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance.random,
    ) -> None:
        """`status`: this node's head, as peers are told; `store`: bans and addresses, kept.

        Raises ValueError for a static address that is none.
        """
        self.settings = settings
        self.counters = PeerCounters()
        self.scores = Scores(settings, store, clock=unix_clock)
        self.book = AddressBook(settings, store, clock=clock, random=random)
        self.started = asyncio.Event()
        """Set when it listens."""
        self._identity = identity
        self._status = status
        self._clock = clock
        self._random = random
        self._greeting = Greeting(identity, network, status=status, agent=agent, advertise=lambda: settings.advertise)
        self._door = Door(settings, self.scores, self.counters)
        self._seats = Seats(settings, self.scores, identity.node_id)
        self._dialler = Dialler(settings, self.book, self._seats, self.counters, meet=self._meet, spawn=self._spawn)
        self._children: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] | None = None
        self._handler: PeerHandler
        self._port: int | None = None

    @property
    def node_id(self) -> NodeId:
        return self._identity.node_id

    @property
    def port(self) -> int:
        """Where it listens; 0 where it does not."""
        return self._port or 0

    @property
    def connections(self) -> Sequence[PeerConnection]:
        """The peers, with what is known of them."""
        return self._seats.connections

    @property
    def peers(self) -> Sequence[Peer]:
        return self.connections

    def broadcast(self, message: Message, *, but: NodeId | None = None) -> int:
        data, kind = encode_message(message), type(message).__name__
        return sum(peer.send_encoded(data, kind) for peer in self.connections if peer.node_id != but)

    def describe(self) -> list[dict[str, Any]]:
        """Each peer, for people."""
        return [
            {
                "id": connection.node_id.hex(),
                "address": connection.address or connection.ip,
                "direction": "outbound" if connection.outbound else "inbound",
                "agent": connection.agent,
                "head": connection.head.number,
                "head_hash": "0x" + connection.head.hash.hex(),
                "first": connection.first,
                "score": round(self.scores.score(connection.node_id), 1),
                "connected_seconds": round(self._clock() - connection.connected_at, 1),
            }
            for connection in self.connections
        ]

    def add_static(self, address: str) -> str:
        """The address in its one form; it is dialled soon and never forgotten. Raises ValueError."""
        address = self.book.add_static(address)
        self._dialler.wake()
        return address

    def remove_static(self, address: str) -> bool:
        """Whether it was there; a connection to it stays. Raises ValueError."""
        return self.book.remove_static(address)

    def disconnect(self, node_id: NodeId, text: str = "the operator ends this connection") -> bool:
        """Whether there was a connection to that node."""
        connection = self._seats.get(node_id)
        if connection is not None:
            connection.end(Farewell.STOPPING, text)
        return connection is not None

    async def run(self, handler: PeerHandler) -> None:
        """Until cancelled; then all peers are told Goodbye, and everything is closed. Once.

        Raises ListenRefused, and what is a bug.
        """
        self._failed = asyncio.get_running_loop().create_future()
        discovery = Discovery(
            self.settings, self.book, handler, connections=lambda: self.connections, random=self._random
        )
        self._handler = discovery
        port = self.settings.port
        server = None if port is None else await listen(self._accept, self._door, self.settings, port)
        if server is not None:
            self._port = int(next(iter(server.sockets)).getsockname()[1])
            log.info("p2p.listening", host=self.settings.host, port=self._port, node_id=self.node_id.hex())
        try:
            self._spawn(self._dialler.run())
            if self.settings.discover:
                self._spawn(discovery.run())
            self.started.set()
            await self._failed
        finally:
            self._failed.cancel()
            if server is not None:
                server.close(close_connections=False)
            self._door.cut_off_half_open()
            for child in self._children:
                child.cancel()
            await asyncio.gather(*self._children, return_exceptions=True)
            if server is not None:
                await server.wait_closed()

    def _spawn(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(job)
        self._children.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        """What goes wrong in a task without being expected ends `run`."""
        self._children.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)

    async def _accept(self, socket: ServerConnection) -> None:
        """Of a connection that somebody dialled; the task is this network's own, so that its end is too."""
        if self._failed is not None and not self._failed.done():
            await asyncio.wait([self._spawn(self._answer(socket))])

    async def _answer(self, socket: ServerConnection) -> None:
        await self._meet(socket, None)

    async def _meet(self, socket: Connection, address: str | None) -> float:
        """Seconds that the connection lasted. `address`: what was dialled; None where the other side did."""
        ip = str((socket.remote_address or ("",))[0])
        began = self._clock()
        farewell: Goodbye | None = Goodbye(reason=Farewell.STOPPING, text="this node stops")
        try:
            greeted = await self._greet(socket, address)
            farewell = None
            await self._serve(socket, greeted, address, ip)
        except PeerFault as fault:
            farewell = self._refused(fault, address, ip)
        except PeerLeft as left:
            farewell = None
            log.debug("p2p.greeting_ended", ip=ip, address=address, reason=str(left))
        except TimeoutError:
            farewell = Goodbye(reason=Farewell.TOO_SLOW, text="the greeting took too long")
            self._charge_address(address, ip, SILENCE_POINTS, "silence")
        finally:
            await part(socket, farewell, self.settings.close_seconds)
        return self._clock() - began

    async def _greet(self, socket: Connection, address: str | None) -> Greeted:
        """Raises PeerFault, PeerLeft and TimeoutError."""
        try:
            if isinstance(socket, CountedConnection):
                async with asyncio.timeout_at(socket.deadline):
                    greeted = await self._greeting.answer(socket, partial(self._seats.admit, outbound=False))
                self._door.greeted(socket)
                return greeted
            with self._seats.greeting() as admit:
                async with asyncio.timeout(self.settings.greeting_seconds):
                    return await self._greeting.dial(socket, partial(self._admit_dialled, address, admit))
        except ConnectionClosed as closed:
            raise fault_of_frames(closed, socket) or PeerLeft(str(closed)) from closed

    def _admit_dialled(self, address: str | None, admit: Callable[[NodeId], None], node_id: NodeId) -> None:
        if address is not None:
            self.book.belongs(address, node_id)
        admit(node_id)

    async def _serve(self, socket: Connection, greeted: Greeted, address: str | None, ip: str) -> None:
        """From the greeting to the end."""
        connection = PeerConnection(
            socket,
            greeted,
            outbound=address is not None,
            ip=ip,
            address=_listening_address(ip, address or greeted.hello.address),
            settings=self.settings,
            counters=self.counters,
            clock=self._clock,
            on_fault=self._fault,
        )
        await self._seats.take(connection)
        if address is not None:
            self.counters.dials["greeted"] += 1
            self.book.succeeded(address, connection.node_id)
        name = connection.node_id.hex()[:8]
        log.info("p2p.peer_connected", peer=name, ip=ip, outbound=connection.outbound, agent=connection.agent)
        if not connection.outbound:
            connection.send(self._status())  # the dialler said its own in the greeting
        try:
            await connection.run(self._handler)
        finally:
            self._seats.leave(connection)
            if connection.was_introduced:
                self._handler.on_gone(connection)
            connection.gone.set()
            self._note_end(connection)

    def _note_end(self, connection: PeerConnection) -> None:
        ours, theirs = connection.farewell, connection.heard
        if ours is not None:
            self.counters.refused[Farewell(ours.reason).name.lower()] += 1
        log.info(
            "p2p.peer_gone",
            peer=connection.node_id.hex()[:8],
            seconds=round(self._clock() - connection.connected_at, 1),
            reason=ours.text if ours else theirs.text if theirs else "connection lost",
            by="us" if ours else "peer",
        )
        self._dialler.wake()

    def _refused(self, fault: PeerFault, address: str | None, ip: str) -> Goodbye:
        """What is said to who could not be greeted."""
        reason = Farewell(fault.farewell) if isinstance(fault, GreetingRefused) else Farewell.MISBEHAVED
        self.counters.refused[reason.name.lower()] += 1
        self._charge_address(address, ip, points_of(fault), type(fault).__name__)
        if address is not None and str(fault) == "connected to itself":
            self.book.is_own(address)
        log.debug("p2p.greeting_refused", ip=ip, address=address, farewell=reason.name, reason=str(fault))
        return Goodbye(reason=reason, text=str(fault)[:256])

    def _charge_address(self, address: str | None, ip: str, points: int, kind: str) -> None:
        """Of who has not greeted; whom this node dialled is only dialled less."""
        if points:
            self.counters.faults[kind] += 1
        if points and address is None:
            self.scores.fault_before_greeting(ip, points)

    def _fault(self, peer: PeerConnection, points: int, kind: str, reason: str) -> None:
        self.counters.faults[kind] += 1
        name = peer.node_id.hex()[:8]
        log.debug("p2p.peer_fault", peer=name, points=points, kind=kind, reason=reason)
        if points > 0 and not self.scores.is_banned(peer.node_id) and self.scores.fault(peer.node_id, peer.ip, points):
            log.warning("p2p.peer_banned", peer=name, ip=peer.ip, seconds=self.settings.ban_seconds, reason=reason)
            peer.end(Farewell.MISBEHAVED, reason)


def _listening_address(ip: str, told: str) -> str | None:
    """Where a peer listens: the port is its word, the IP address is what was seen."""
    try:
        return join_address(ip, split_address(told)[1])
    except ValueError:
        return None
