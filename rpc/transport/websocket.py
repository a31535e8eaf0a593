"""JSON-RPC over WebSocket: many messages on one connection, answered side by side, and subscriptions.

Everything that is sent goes through one bounded queue. A reader that lets it fill up is cut off: it has missed
notifications anyway, and its client reconnects and subscribes anew. A notification never comes before the answer that
tells its subscription's id.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from rpc.context import Context, Subscription
from rpc.dispatch import Dispatcher, notification
from rpc.errors import LimitExceeded
from rpc.events import Event, EventHub
from rpc.filters import new_id
from rpc.limits import Limits
from rpc.trace_context import ORIGIN, origin_of
from rpc.transport.access import AccessControl
from rpc.transport.protocol import ABORT
from rpc.transport.rates import ClientRates, Meter

log = structlog.get_logger(__name__)


class Outbox:
    """Messages on their way to one reader, bounded by count and bytes."""

    def __init__(self, limits: Limits) -> None:
        self._limits: Final = limits
        self._messages: Final[deque[bytes]] = deque()
        self._bytes = 0
        self._filled: Final = asyncio.Event()

    def put(self, message: bytes) -> bool:
        """Queues a message; False if the reader is too slow for it."""
        over = self._bytes + len(message) > self._limits.socket_backlog_bytes and self._messages
        if over or len(self._messages) >= self._limits.socket_backlog:
            return False
        self._messages.append(message)
        self._bytes += len(message)
        self._filled.set()
        return True

    async def take(self) -> bytes:
        """The next message, once there is one."""
        while not self._messages:
            self._filled.clear()
            await self._filled.wait()
        message = self._messages.popleft()
        self._bytes -= len(message)
        return message


@dataclass(slots=True, kw_only=True)
class LiveSubscription:
    """A subscription of this connection."""

    source: Subscription
    held: list[bytes] | None = field(default_factory=list)
    """Notifications from before the client was told the id; None once it was."""


class Socket:
    """One connection, from its handshake to its end."""

    def __init__(self, endpoint: "WebSocketEndpoint", scope: Any, receive: Any, send: Any) -> None:
        self._endpoint: Final = endpoint
        self._limits: Final = endpoint.limits
        self._meter: Final = endpoint.rates.meter(scope)
        self._scope: Final = scope
        self._receive: Final = receive
        self._send: Final = send
        self._abort: Final[Callable[[], None]] = scope["extensions"][ABORT]["call"]
        self._outbox: Final = Outbox(endpoint.limits)
        self._subscriptions: Final[dict[str, LiveSubscription]] = {}
        self._slots: Final = asyncio.Semaphore(endpoint.limits.socket_requests)
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    async def run(self) -> None:
        """Serves until either side closes."""
        await self._send({"type": "websocket.accept"})
        stop_listening = self._endpoint.events.subscribe(self._on_event)
        writer = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            stop_listening()
            for task in (writer, *self._tasks):
                task.cancel()
            await asyncio.gather(writer, *self._tasks, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            await self._slots.acquire()
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            body = text.encode() if text is not None else message.get("bytes") or b""
            task = asyncio.create_task(self._answer(body))
            self._tasks.add(task)
            task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def _answer(self, body: bytes) -> None:
        if self._endpoint.is_traced:
            ORIGIN.set(origin_of(self._scope, time.time_ns()))
        request = SocketRequest(self)
        answer = await self._endpoint.answer(body, request, self._meter)
        if answer is not None:
            self._put(answer)
        for subscription_id in request.opened:
            self._activate(subscription_id)

    async def _write(self) -> None:
        try:
            while True:
                message = await self._outbox.take()
                await self._send({"type": "websocket.send", "text": message.decode()})
        except OSError:
            return  # the peer is gone, and the reader will be told so

    def _put(self, message: bytes) -> None:
        if not self._outbox.put(message):
            log.warning("rpc.slow_reader_cut_off", subscriptions=len(self._subscriptions))
            self._subscriptions.clear()
            self._abort()

    def open_subscription(self, source: Subscription) -> str:
        """The id of a new subscription, which is held until `_activate`. Raises LimitExceeded."""
        if len(self._subscriptions) >= self._limits.subscriptions:
            raise LimitExceeded(f"too many subscriptions: at most {self._limits.subscriptions} a connection")
        subscription_id = new_id()
        self._subscriptions[subscription_id] = LiveSubscription(source=source)
        return subscription_id

    def close_subscription(self, subscription_id: str) -> bool:
        """Whether there was such a subscription."""
        return self._subscriptions.pop(subscription_id, None) is not None

    def _activate(self, subscription_id: str) -> None:
        subscription = self._subscriptions.get(subscription_id)
        if subscription is None or subscription.held is None:
            return
        held, subscription.held = subscription.held, None
        for message in held:
            self._put(message)

    def _on_event(self, event: Event) -> None:
        for subscription_id, subscription in tuple(self._subscriptions.items()):
            for result in subscription.source.results(event):
                message = notification(subscription_id, result)
                if subscription.held is None:
                    self._put(message)
                elif len(subscription.held) < self._limits.socket_backlog:
                    subscription.held.append(message)


class SocketRequest:
    """The connection as one message's methods see it; remembers what the message subscribed to."""

    def __init__(self, socket: Socket) -> None:
        self._socket: Final = socket
        self.opened: Final[list[str]] = []

    def subscribe(self, subscription: Subscription) -> str:
        """The new subscription's id. Raises LimitExceeded."""
        subscription_id = self._socket.open_subscription(subscription)
        self.opened.append(subscription_id)
        return subscription_id

    def unsubscribe(self, subscription_id: str) -> bool:
        """Whether there was such a subscription."""
        return self._socket.close_subscription(subscription_id)


class WebSocketEndpoint:
    """An ASGI application for WebSocket connections."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        access: AccessControl,
        rates: ClientRates,
        limits: Limits,
        events: EventHub,
        context: Callable[[Meter | None, SocketRequest], Context],
        *,
        is_traced: bool = False,
    ) -> None:
        self._dispatcher: Final = dispatcher
        self._access: Final = access
        self._context: Final = context
        self.rates: Final = rates
        self.is_traced: Final = is_traced
        self.limits: Final = limits
        self.events: Final = events
        self._open = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()  # websocket.connect
        is_allowed = self._access.allows_host(scope) and self._access.allows_origin(scope)
        if not is_allowed or self._open >= self.limits.sockets:
            await send({"type": "websocket.close"})  # before accept: the handshake is answered 403
            return
        self._open += 1
        try:
            await Socket(self, scope, receive, send).run()
        finally:
            self._open -= 1

    async def answer(self, body: bytes, request: SocketRequest, meter: Meter | None) -> bytes | None:
        """The answer to one message."""
        return await self._dispatcher.answer(body, self._context(meter, request))
