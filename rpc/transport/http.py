"""JSON-RPC over HTTP: one POST, one body, one answer."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from rpc.begun import Begun
from rpc.context import Context
from rpc.dispatch import Dispatcher, failure
from rpc.errors import InvalidRequest, RateLimited, RequestTooLarge
from rpc.limits import Limits
from rpc.trace_context import ORIGIN, origin_of
from rpc.transport.access import AccessControl, Headers, header, is_json
from rpc.transport.protocol import RUNNING
from rpc.transport.rates import ClientRates, Meter

CONTENT_TYPES: Final = ("application/json", "application/json-rpc", "application/jsonrequest")
DISCARD_SECONDS: Final = 1.0
"""How long the rest of a refused body is read."""
GREETING: Final = b"This is a JSON-RPC endpoint: POST application/json here, or open a WebSocket.\n"


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """A request that gets an HTTP status and no method call."""

    status: int
    body: bytes
    content_type: bytes = b"text/plain; charset=utf-8"
    headers: tuple[tuple[bytes, bytes], ...] = ()


class ClientGone(Exception):
    """The client closed the connection in the middle of its request."""


class HttpEndpoint:
    """An ASGI application for POSTed JSON-RPC."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        access: AccessControl,
        rates: ClientRates,
        limits: Limits,
        context: Callable[[Meter | None], Context],
        *,
        is_traced: bool = False,
    ) -> None:
        self._dispatcher: Final = dispatcher
        self._access: Final = access
        self._rates: Final = rates
        self._is_traced: Final = is_traced
        self._limits: Final = limits
        self._context: Final = context

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        cors = self._access.cors_headers(scope)
        meter = self._rates.meter(scope)
        if self._is_traced:
            ORIGIN.set(origin_of(scope, time.time_ns()))
        try:
            self._check(scope)
            body = await self._read_body(scope, receive)
            if meter is not None:
                meter.charge(0)  # nothing is parsed for a client that may make no call
        except RateLimited as error:
            await respond(send, 429, failure(None, error), [*cors, *_retry_after(error)])
            return
        except Refused as refused:
            await self._refuse(refused, cors, receive, send)
            return
        except ClientGone:
            return
        answer = await self._answer(body, meter, scope)
        if meter is not None and meter.refused is not None:
            await respond(send, 429, answer or b"", [*cors, *_retry_after(meter.refused)])
        else:
            await respond(send, 200, answer or b"", cors)

    async def _answer(self, body: bytes, meter: Meter | None, scope: Any) -> bytes | None:
        """The answer, as long as the client is there: what runs for one that has left is cancelled."""
        running: set[asyncio.Task[Any]] = scope.get("extensions", _NO_EXTENSIONS).get(RUNNING, set())
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        running.add(task)
        try:
            return await self._dispatcher.answer(body, self._context(meter))
        except asyncio.CancelledError:
            if task in running:
                raise
            return None  # the connection is lost, and with it whoever wanted the answer
        finally:
            running.discard(task)

    async def _refuse(self, refused: Refused, cors: Headers, receive: Any, send: Any) -> None:
        """Answers, then reads on for a moment: a client that is still sending would see a reset, not the answer."""
        headers = [*cors, *refused.headers]
        is_reading = refused.status == 413
        await respond(
            send, refused.status, refused.body, headers, content_type=refused.content_type, more_body=is_reading
        )
        if is_reading:
            await self._discard(receive)
            await send({"type": "http.response.body", "body": b""})

    async def _discard(self, receive: Any) -> None:
        discarded, more = 0, True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_SECONDS):
                while more and discarded < self._limits.body_bytes:
                    message = await receive()
                    discarded += len(message.get("body", b""))
                    more = message["type"] == "http.request" and message.get("more_body", False)

    def _check(self, scope: Any) -> None:
        if not self._access.allows_host(scope):
            raise Refused(403, b"invalid host specified\n")
        method = scope["method"]
        if method == "OPTIONS":
            raise Refused(204, b"", headers=tuple(self._access.preflight_headers(scope)))
        if method != "POST":
            raise Refused(405, GREETING, headers=((b"allow", b"POST, OPTIONS"),))
        if not is_json(scope, CONTENT_TYPES):
            raise Refused(415, b"invalid content type, only application/json is supported\n")

    async def _read_body(self, scope: Any, receive: Any) -> bytes:
        limit = self._limits.body_bytes
        announced = header(scope, b"content-length")
        if announced is not None and announced.isdigit() and int(announced[:20]) > limit:
            raise self._too_large()
        begun = Begun(self._chunks(receive))
        if begun.is_over:
            return begun.result
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await begun
        except TimeoutError as error:
            problem = InvalidRequest(f"request body not complete after {self._limits.body_seconds:g} s")
            raise _json_refusal(408, problem) from error

    async def _chunks(self, receive: Any) -> bytes:
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._limits.body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _too_large(self) -> Refused:
        return _json_refusal(413, RequestTooLarge(f"request body too large: at most {self._limits.body_bytes} bytes"))


_NO_EXTENSIONS: Final[dict[str, Any]] = {}


def _retry_after(error: RateLimited) -> Headers:
    return [(b"retry-after", str(math.ceil(error.retry_after)).encode())]


def _json_refusal(status: int, error: InvalidRequest) -> Refused:
    return Refused(status, failure(None, error), b"application/json", ((b"connection", b"close"),))


async def respond(
    send: Any,
    status: int,
    body: bytes,
    headers: Headers,
    *,
    content_type: bytes = b"application/json",
    more_body: bool = False,
) -> None:
    """Sends one HTTP response; with `more_body` the caller ends it, and the connection stays open until then."""
    described = [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *headers]
    if status == 204:
        described = headers
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": body, "more_body": more_body})
