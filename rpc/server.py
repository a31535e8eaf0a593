"""The server: HTTP and WebSocket on one port, over one set of ports.

    server = RpcServer(ports, extra=[sandbox_methods])
    port = await server.start("127.0.0.1", 8545)       # 0 picks a free one
    server.events.publish_heads(added=[block_hash])    # from any thread
    await server.stop()

`/` is JSON-RPC as raw ASGI, beside FastAPI's router for `/healthz` and `/readyz`.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from rpc.blocks import Blocks
from rpc.context import Context, SubscribingConnection
from rpc.dispatch import Dispatcher
from rpc.errors import CannotListen
from rpc.events import EventHub
from rpc.faucet import faucet_pages
from rpc.filters import FilterStore
from rpc.head_waits import HeadWaits
from rpc.limits import Access, CallObserver, Limits, RateLimit
from rpc.namespaces import methods_for, where_else
from rpc.ports import Ports
from rpc.registry import MethodGroup, Registry
from rpc.transport.access import AccessControl
from rpc.transport.bearer import BearerTokens, refuse_unauthorised
from rpc.transport.embedded import EmbeddedServer
from rpc.transport.http import HttpEndpoint
from rpc.transport.protocol import AbortableWebSocket, bounded_http
from rpc.transport.rates import ClientRates, Meter
from rpc.transport.websocket import WebSocketEndpoint

SHUTDOWN_SECONDS: Final = 5
_PING_SECONDS: Final = 30.0


def _observe_nothing(_method: str, _seconds: float, _code: int) -> None:
    return


class RpcServer:
    """One JSON-RPC endpoint for one chain."""

    def __init__(
        self,
        ports: Ports,
        *,
        limits: Limits | None = None,
        access: Access | None = None,
        rates: RateLimit | None = None,
        extra: Sequence[MethodGroup] = (),
        only: Sequence[MethodGroup] | None = None,
        tokens: BearerTokens | None = None,
        observe: CallObserver = _observe_nothing,
        clock: Callable[[], float] = time.monotonic,
        is_traced: bool = False,
    ) -> None:
        """`only`: serve these groups and no others; `tokens`: refuse with 401 whatever comes without one; `is_traced`:
        note which trace a request belongs to."""
        self._is_traced: Final = is_traced
        self._ports: Final = ports
        self._limits: Final = limits or Limits()
        self.events: Final = EventHub()
        """Where the composition root publishes new heads and pending transactions."""
        groups = methods_for(
            rollup=ports.rollup is not None, accounts=ports.accounts is not None, sandbox=ports.sandbox is not None
        )
        groups = (*groups, *extra)
        self.registry: Final = Registry(groups if only is None else only, hints=where_else())
        self._filters: Final = FilterStore(self.events, self._limits, clock)
        self._head_waits: Final = HeadWaits(self.events, self._limits)
        self._blocks: Final = Blocks(ports.chain)
        self._access: Final = AccessControl(access or Access())
        self._rates: Final = ClientRates(rates or RateLimit(), clock)
        self._tokens: Final = tokens
        self._dispatcher: Final = Dispatcher(self.registry, self._limits, observe)
        self.app: Final = self._build_app()
        """The ASGI application, for another server to run."""
        self._running: tuple[EmbeddedServer, asyncio.Task[None]] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens, and returns the port (the one that was free if 0 was asked). Raises CannotListen."""
        listener = _listen(host, port)
        _give_up_on_stalled_peers(listener, self._limits.stalled_seconds)
        server = EmbeddedServer(self._uvicorn_config())
        self.events.attach(asyncio.get_running_loop())
        self._running = (server, await server.start(listener))
        return int(listener.getsockname()[1])

    async def stop(self) -> None:
        """Lets running requests finish for a few seconds, closes every connection, and stops listening."""
        if self._running is None:
            return
        server, task = self._running
        self._running = None
        self.events.detach()
        server.should_exit = True
        await task

    def context(self, meter: Meter | None = None, connection: SubscribingConnection | None = None) -> Context:
        """What a request of `connection` (None: over HTTP) is answered with, its calls counted by `meter`."""
        return Context(
            ports=self._ports,
            blocks=self._blocks,
            limits=self._limits,
            registry=self.registry,
            filters=self._filters,
            head_waits=self._head_waits,
            connection=connection,
            charge=None if meter is None else meter.charge,
        )

    def _uvicorn_config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            http=bounded_http(self._limits),
            proxy_headers=False,  # whose word counts about other addresses is ClientRates' business
            ws=AbortableWebSocket,
            ws_max_size=self._limits.body_bytes,
            ws_ping_interval=_PING_SECONDS,
            ws_ping_timeout=_PING_SECONDS,
            ws_per_message_deflate=False,
            limit_concurrency=self._limits.connections,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            server_header=False,
        )

    def _build_app(self) -> Callable[..., Any]:
        http = HttpEndpoint(
            self._dispatcher, self._access, self._rates, self._limits, self.context, is_traced=self._is_traced
        )
        websocket = WebSocketEndpoint(
            self._dispatcher,
            self._access,
            self._rates,
            self._limits,
            self.events,
            self.context,
            is_traced=self._is_traced,
        )
        pages = self._build_pages()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if self._tokens is not None and not self._tokens.allow(scope):
                await refuse_unauthorised(scope, receive, send)
            elif scope["path"] == "/":
                endpoint: Any = websocket if scope["type"] == "websocket" else http
                await endpoint(scope, receive, send)
            else:
                await pages(scope, receive, send)

        return app

    def _build_pages(self) -> FastAPI:
        pages = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        info = self._ports.info

        @pages.get("/healthz")
        async def healthz() -> Response:
            """200 while the process works as it should, else 503 and why not."""
            reasons = list(info.unhealthy())
            return JSONResponse({"healthy": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)

        @pages.get("/readyz")
        async def readyz() -> Response:
            """200 when this node should get traffic, else 503 and why not."""
            reasons = list(info.not_ready())
            return JSONResponse({"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)

        if self._ports.faucet is not None:
            pages.include_router(faucet_pages(self._ports.faucet, self._access))
        return pages


def _give_up_on_stalled_peers(listener: socket.socket, seconds: float) -> None:
    """Accepted connections inherit the option: without it, an answer that nobody reads is held for ever."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1_000))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=1_024)
    except OSError as error:
        raise CannotListen(f"can't listen on {host}:{port}: {error.strerror or error}") from error
    # Accepted sockets inherit it. asyncio sets it only where the protocol number is known, which it is not here, and
    # without it a response's body waits 40 ms for the client's delayed acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
