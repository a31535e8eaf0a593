"""A whole sandbox served in this process, on a thread of its own, reset before each test."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from node.sandbox.process import SandboxOptions, serve_sandbox

CHAIN_ID = 161_299
START_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """JSON-RPC for tests."""

    url: str
    http: httpx.Client

    def ask(self, method: str, *params: Any) -> Any:
        """The whole answer."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return self.http.post(self.url, json=body).json()

    def call(self, method: str, *params: Any) -> Any:
        """The result."""
        answer = self.ask(method, *params)
        assert "error" not in answer, answer
        return answer["result"]

    def error(self, method: str, *params: Any) -> tuple[int, str]:
        """(code, text) of the error."""
        error = self.ask(method, *params)["error"]
        return error["code"], error["message"]

    def number(self) -> int:
        return int(self.call("eth_blockNumber"), 16)

    def head(self) -> Any:
        return self.call("eth_getBlockByNumber", "latest", True)

    def balance(self, address: str) -> int:
        return int(self.call("eth_getBalance", address, "latest"), 16)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL."""
    options = SandboxOptions(
        directory=tmp_path_factory.mktemp("sandbox") / "sandbox",
        host="127.0.0.1",
        port=0,
        chain_id=CHAIN_ID,
        gas_limit=20_000_000,
        block_time=None,
        l1_base_fee=10**9,
        readers=0,
    )
    ports: list[int] = []
    answers, loop = threading.Event(), asyncio.new_event_loop()

    def started(port: int) -> None:
        ports.append(port)
        answers.set()

    async def serve() -> None:
        try:
            await serve_sandbox(options, started)
        except asyncio.CancelledError:
            return
        finally:
            answers.set()

    task = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_until_complete, args=(task,))
    thread.start()
    assert answers.wait(START_SECONDS)
    yield f"http://127.0.0.1:{ports[0]}"
    loop.call_soon_threadsafe(task.cancel)
    thread.join()
    loop.close()


@pytest.fixture
def sandbox(served: str) -> Iterator[Client]:
    with httpx.Client(timeout=60) as http:
        client = Client(url=served, http=http)
        client.call("evm_setAutomine", True)
        client.call("anvil_autoImpersonateAccount", False)
        client.call("anvil_reset")
        yield client
