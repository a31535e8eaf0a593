"""A started server over a chain in memory, and a client that speaks JSON-RPC to it."""

import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from rpc.limits import Limits
from rpc.server import RpcServer
from tests.unit.rpc.fake_chain import FakeChain, all_types

PATIENT_SECONDS = 60.0
"""For whatever must come: other tests keep the machine busy."""
open_http = partial(httpx.AsyncClient, timeout=PATIENT_SECONDS, trust_env=False)
open_socket = partial(connect, open_timeout=PATIENT_SECONDS, proxy=None)


def fields(text: str) -> set[str]:
    """The names in a line of text, for comparing whole objects."""
    return set(text.split())


class Client:
    """JSON-RPC over HTTP, as an outsider does it."""

    def __init__(self, port: int, http: httpx.AsyncClient) -> None:
        self.port = port
        self.http = http
        self.url = f"http://127.0.0.1:{port}/"

    async def post(self, body: Any) -> Any:
        """The decoded answer to a body of any JSON (or raw bytes); None if there is none."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = await self.http.post(self.url, content=content, headers={"content-type": "application/json"})
        return response.json() if response.content else None

    async def call(self, method: str, *params: Any) -> Any:
        """The result of a call that must succeed."""
        answer = await self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "error" not in answer, answer
        return answer["result"]

    async def error(self, method: str, *params: Any) -> dict[str, Any]:
        """The error of a call that must fail."""
        answer = await self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "result" not in answer, answer
        error: dict[str, Any] = answer["error"]
        return error


@pytest.fixture
def chain() -> FakeChain:
    """Genesis, a block with every type of transaction and two logs each, an empty block."""
    chain = FakeChain()
    chain.append(all_types(), logs=2)
    chain.append([])
    return chain


@pytest.fixture
def limits() -> Limits:
    return Limits(
        body_bytes=100_000,
        head_seconds=PATIENT_SECONDS,
        body_seconds=PATIENT_SECONDS,
        batch_calls=100,
        call_seconds=PATIENT_SECONDS,
        receipt_seconds=PATIENT_SECONDS,
        longest_receipt_seconds=PATIENT_SECONDS,
        log_results=8,
        filters=5,
        subscriptions=3,
    )


@pytest.fixture
def clock() -> "Clock":
    return Clock()


class Clock:
    """Seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def server(chain: FakeChain, limits: Limits, clock: Callable[[], float]) -> AsyncIterator[RpcServer]:
    server = RpcServer(chain.ports, limits=limits, clock=clock)
    yield server
    await server.stop()


@pytest.fixture
async def client(server: RpcServer) -> AsyncIterator[Client]:
    port = await server.start("127.0.0.1", 0)
    async with httpx.AsyncClient() as http:
        yield Client(port, http)
