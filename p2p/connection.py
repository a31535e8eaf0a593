"""One greeted connection: three tasks that read, handle and send.

    socket → _read → answers → who asked
                   → inbox   → _handle → PeerHandler.on_message
    send() → outbox → _send → socket

Reading goes on while a message is handled, so a handler may ask the same peer something. Nothing waits without bounds:
a full inbox stops the reading, a full outbox ends the connection (the peer reads too slowly), and what is above the
limits is dropped or declined and costs points.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

from p2p.budget import Budget
from p2p.counters import PeerCounters
from p2p.errors import MalformedMessage, NoAnswer, PeerFault
from p2p.frames import fault_of_frames, in_frames, part
from p2p.greeting import Greeted
from p2p.messages import (
    Addresses,
    Blocks,
    Declined,
    DeclineReason,
    Farewell,
    GetAddresses,
    GetBlocks,
    GetHeaders,
    Goodbye,
    Headers,
    HeadStatus,
    Hello,
    Message,
    Proof,
    Request,
    Response,
    SubmitTransaction,
    Verdict,
    decode_message,
    encode_message,
)
from p2p.ports import Head, NodeId, PeerHandler
from p2p.requests import Requests
from p2p.scores import FLOOD_POINTS, points_of
from p2p.settings import PeerSettings
from p2p.sized_queue import SizedQueue
from state.primitives.types import Hash32

log = structlog.get_logger("p2p")

REQUESTS: Final = (GetAddresses, GetHeaders, GetBlocks, SubmitTransaction)
RESPONSES: Final = (Addresses, Headers, Blocks, Verdict, Declined)
OWN_SHARE: Final = 0.5
"""Of what a peer may ask, this node asks at most so much: clocks differ, and answers bunch up."""
LEAST_AFTERWARDS: Final = 10
"""Points; a smaller fault that is reported after the end, like an answer that didn't come, is the end's doing."""
GONE: Final = "the connection ended"


class FaultListener(Protocol):
    """Told of each fault of a peer."""

    def __call__(self, peer: "PeerConnection", points: int, kind: str, reason: str) -> None: ...


class PeerConnection:
    """A peer that has proven who it is (`p2p.ports.Peer`)."""

    def __init__(
        self,
        socket: Connection,
        greeted: Greeted,
        *,
        outbound: bool,
        ip: str,
        address: str | None,
        settings: PeerSettings,
        counters: PeerCounters,
        clock: Callable[[], float],
        on_fault: FaultListener,
    ) -> None:
        """`address`: host:port where it listens, if that is known; `clock`: monotonic seconds."""
        hello = greeted.hello
        self.greeted = greeted
        self.outbound = outbound
        self.ip = ip
        self.address = address
        self.agent = hello.agent
        self.connected_at = clock()
        self.farewell: Goodbye | None = None
        """Why this node ends the connection."""
        self.heard: Goodbye | None = None
        """Why the peer did."""
        self._socket = socket
        self._settings = settings
        self._counters = counters
        self._on_fault = on_fault
        self._head = Head(number=hello.head_number, hash=Hash32(hello.head_hash))
        self._first = hello.head_number
        if greeted.status is not None:
            self._note_head(greeted.status)
        self.gone = asyncio.Event()
        """Set when nobody hears of it any more."""
        self.was_introduced = False
        """Whether the handler knows of it."""
        self._ending = asyncio.Event()
        self._is_closed = False
        self._ended = False
        self._outbox: SizedQueue[bytes] = SizedQueue(most=settings.queue_messages, most_bytes=settings.queue_bytes)
        self._inbox: SizedQueue[Message] = SizedQueue(most=settings.inbox_messages, most_bytes=settings.inbox_bytes)
        self._requests = Requests(most=settings.max_requests, late_seconds=settings.late_seconds, clock=clock)
        self._messages_left = Budget(rate=settings.messages_per_second, burst=settings.messages_burst, clock=clock)
        self._bytes_left = Budget(rate=settings.bytes_per_second, burst=settings.bytes_burst, clock=clock)
        self._requests_left = Budget(rate=settings.requests_per_second, burst=settings.requests_burst, clock=clock)
        self._may_ask = Budget(
            rate=settings.requests_per_second * OWN_SHARE, burst=settings.requests_burst * OWN_SHARE, clock=clock
        )

    @property
    def node_id(self) -> NodeId:
        return self.greeted.node_id

    @property
    def head(self) -> Head:
        return self._head

    @property
    def first(self) -> int:
        return self._first

    @property
    def is_ending(self) -> bool:
        return self._ending.is_set()

    def send(self, message: Message) -> bool:
        return self.send_encoded(encode_message(message), type(message).__name__)

    def send_encoded(self, data: bytes, kind: str) -> bool:
        """The same, of a message that goes to several peers."""
        if self.is_ending:
            return False
        if not self._outbox.offer(data, len(data)):
            self.end(Farewell.TOO_SLOW, f"{len(self._outbox)} messages wait to be read")
            return False
        self._counters.messages_out[kind] += 1
        self._counters.bytes_out[kind] += len(data)
        return True

    async def request(self, make: Callable[[int], Request], *, seconds: float) -> Response:
        """Raises BrokenPromise too, for an answer of another kind."""
        number, request = self._requests.open(make)
        try:
            async with asyncio.timeout(seconds):
                await self._await_turn()
            if not self.send(request):
                raise NoAnswer(GONE)
            return await self._requests.answer(number, seconds)
        except TimeoutError as error:
            raise NoAnswer(f"{len(self._requests)} requests to this peer wait for their turn") from error
        finally:
            self._requests.close(number)

    def fault(self, points: int, reason: str) -> None:
        if not self._ended or points >= LEAST_AFTERWARDS:
            self._on_fault(self, points, "reported", reason)

    def end(self, reason: Farewell, text: str) -> None:
        """Ends the connection soon, with these words if the peer still reads."""
        if not self.is_ending:
            self.farewell = Goodbye(reason=reason, text=text[:256])
            self._ending.set()

    async def run(self, handler: PeerHandler) -> None:
        """Until the connection ends. Raises only what is a bug."""
        jobs = (self._read(), self._handle(handler), self._send(), self._ending.wait())
        tasks = [asyncio.ensure_future(job) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self.end(Farewell.STOPPING, "this node stops")
            raise
        finally:
            self._ended = True
            self._ending.set()
            self._requests.end(GONE)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await part(self._socket, self.farewell, self._settings.close_seconds)
        for task in done:
            task.result()

    async def _read(self) -> None:
        try:
            while True:
                await self._take(await self._socket.recv())
        except ConnectionClosed as closed:
            self._note_closed(closed)

    def _note_closed(self, closed: ConnectionClosed) -> None:
        """Of reading and sending, whichever hears of it first: the other is cancelled then."""
        if not self._is_closed and (fault := fault_of_frames(closed, self._socket)):
            self._charge(fault)
        self._is_closed = True

    async def _take(self, data: bytes | str) -> None:
        """Sorts one message; waits while the inbox is full."""
        try:
            if isinstance(data, str):
                raise MalformedMessage("message is text: expected bytes")
            message = decode_message(data)
            kind = type(message).__name__
            self._counters.messages_in[kind] += 1
            self._counters.bytes_in[kind] += len(data)
            if isinstance(message, Hello | Proof):
                raise PeerFault(f"{kind} after the greeting")
            if isinstance(message, RESPONSES):
                self._requests.settle(message)
                return
        except PeerFault as fault:
            self._messages_left.spend(1)
            self._charge(fault)
            return
        if isinstance(message, Goodbye):
            self.heard = message
            self._ending.set()
        elif self._is_within_limits(message, len(data)):
            await self._inbox.put(message, len(data))

    def _is_within_limits(self, message: Message, size: int) -> bool:
        """False for a message that is not handled: a question is declined then, and all of it costs points."""
        is_open = self._messages_left.is_open and self._bytes_left.is_open
        self._messages_left.spend(1)
        self._bytes_left.spend(size)
        if isinstance(message, REQUESTS):
            is_open = is_open and self._requests_left.is_open
            self._requests_left.spend(1)
            if not is_open or self._outbox.bytes > self._settings.queue_bytes // 2:
                self.send(Declined(request=message.request, reason=DeclineReason.BUSY, text="too many requests"))
                self._drop(message, FLOOD_POINTS if not is_open else 0)
                return False
        if not is_open:
            self._drop(message, FLOOD_POINTS)
        return is_open

    def _drop(self, message: Message, points: int) -> None:
        self._counters.dropped[type(message).__name__] += 1
        if points:
            self._on_fault(self, points, "flood", "more messages than the limits allow")

    async def _handle(self, handler: PeerHandler) -> None:
        """Messages one after the other."""
        self.was_introduced = True
        try:
            await handler.on_peer(self)
        except PeerFault as fault:
            self._charge(fault)
        while True:
            message = await self._inbox.get()
            if isinstance(message, HeadStatus):
                self._note_head(message)
            try:
                answer = await handler.on_message(self, message)
            except PeerFault as fault:
                self._charge(fault)
                continue
            if answer is not None:
                self.send(answer)

    async def _send(self) -> None:
        while True:
            data = await self._outbox.get()
            seconds = self._settings.send_seconds + len(data) / self._settings.slowest_bytes_per_second
            try:
                async with asyncio.timeout(seconds):
                    await self._socket.send(in_frames(data))
            except TimeoutError:
                self.end(Farewell.TOO_SLOW, f"a message was not read within {seconds:.0f} s")
                return
            except ConnectionClosed as closed:
                self._note_closed(closed)
                return

    async def _await_turn(self) -> None:
        """Until this node may ask once more."""
        while not self._may_ask.is_open:  # noqa: ASYNC110 - time alone fills it
            await asyncio.sleep(1 / self._settings.requests_per_second)
        self._may_ask.spend(1)

    def _note_head(self, status: HeadStatus) -> None:
        self._head = Head(number=status.number, hash=Hash32(status.hash))
        self._first = status.first

    def _charge(self, fault: PeerFault) -> None:
        self._on_fault(self, points_of(fault), type(fault).__name__, str(fault))
