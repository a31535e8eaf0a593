"""Everything around the calls: limits, access, health, starting and stopping."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

import pytest

from rpc.context import Context
from rpc.dispatch import RequestSlots
from rpc.errors import CannotListen, LimitExceeded
from rpc.limits import Access, Limits
from rpc.parameters import ParameterType
from rpc.registry import MethodGroup
from rpc.server import RpcServer
from tests.ports import free_port
from tests.unit.rpc.conftest import PATIENT_SECONDS, Client, open_http
from tests.unit.rpc.fake_chain import FakeChain

JSON = {"content-type": "application/json"}
CALL = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'


async def test_body_over_the_limit_is_refused_before_it_is_read(client: Client) -> None:
    response = await client.http.post(client.url, content=b" " * 200_000, headers=JSON)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == -32600


async def test_chunked_body_over_the_limit_is_refused(client: Client) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 10_000

    response = await client.http.post(client.url, content=chunks(), headers=JSON)
    assert response.status_code == 413


@pytest.fixture
async def hasty_port(chain: FakeChain, request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """Of a server with these limits."""
    server = RpcServer(chain.ports, limits=request.param)
    yield await server.start("127.0.0.1", 0)
    await server.stop()


@pytest.mark.parametrize("hasty_port", [Limits(body_seconds=0.5)], indirect=True, ids=[""])
async def test_body_that_never_ends_is_given_up(hasty_port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty_port)
    head = b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
    writer.write(head)
    status = await asyncio.wait_for(reader.readline(), PATIENT_SECONDS)
    assert b" 408 " in status
    writer.close()


@pytest.mark.parametrize("hasty_port", [Limits(head_seconds=0.5)], indirect=True, ids=[""])
@pytest.mark.parametrize("start", [b"", b"POST / HTTP/1.1\r\nhost: ", b"POST / HTTP/1.1\r\nhost: x\r\n"])
async def test_head_that_never_ends_is_cut_off(hasty_port: int, start: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty_port)
    writer.write(start)
    assert await _everything(reader) == b""
    writer.close()


@pytest.mark.parametrize("hasty_port", [Limits(head_seconds=3.0)], indirect=True, ids=[""])
async def test_second_head_on_a_connection_is_bounded_too(hasty_port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty_port)
    head = b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    writer.write(head + b"content-length: %d\r\n\r\n" % len(CALL) + CALL + head)
    assert b"0x27613" in await _everything(reader)
    writer.close()


async def test_head_that_is_too_long_is_cut_off(client: Client) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b"POST / HTTP/1.1\r\nx: " + b"a" * 1_000_000)
    assert await _everything(reader) == b""
    writer.close()


async def _everything(reader: asyncio.StreamReader) -> bytes:
    """What the server sends until it closes the connection, however roughly."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := await asyncio.wait_for(reader.read(65_536), PATIENT_SECONDS):
            received += chunk
    return received


async def test_answer_that_nobody_reads_is_given_up(chain: FakeChain) -> None:
    server = RpcServer(chain.ports, limits=Limits(stalled_seconds=0.5, response_bytes=50_000_000, batch_calls=10_000))
    port = await server.start("127.0.0.1", 0)
    block = b'{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0x1",true]}'
    body = b"[" + b",".join([block] * 2_000) + b"]"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
    head = b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    writer.write(head % len(body) + body)
    await reader.readline()
    assert server._running is not None
    connections = server._running[0].server_state.connections
    while connections:  # noqa: ASYNC110 - the kernel gives up
        await asyncio.sleep(0.05)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(10_000_000)
    writer.close()
    await server.stop()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_is_answered(client: Client, method: str) -> None:
    response = await client.http.request(method, client.url)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST, OPTIONS"
    assert "JSON-RPC" in response.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_content_types_that_any_web_page_can_send_are_refused(client: Client, content_type: str) -> None:
    response = await client.http.post(client.url, content=CALL, headers={"content-type": content_type})
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8545", 200),
        ("[::1]:8545", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("evil.example", 403),
        ("localhost:" + "1" * 300, 403),
    ],
)
async def test_host_header_is_checked_against_dns_rebinding(client: Client, host: str, status: int) -> None:
    response = await client.http.post(client.url, content=CALL, headers={**JSON, "host": host})
    assert response.status_code == status


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://localhost:3000", True), ("http://127.0.0.1", True), ("https://evil.example", False), ("null", False)],
)
async def test_only_listed_origins_may_read_answers(client: Client, origin: str, allowed: bool) -> None:
    response = await client.http.post(client.url, content=CALL, headers={**JSON, "origin": origin})
    assert response.headers.get("access-control-allow-origin") == (origin if allowed else None)
    preflight = await client.http.options(client.url, headers={"origin": origin})
    assert preflight.status_code == 204
    assert ("access-control-allow-headers" in preflight.headers) is allowed


async def test_star_allows_any_host_and_origin(chain: FakeChain) -> None:
    server = RpcServer(chain.ports, access=Access(hosts=("*",), origins=("*",)))
    port = await server.start("127.0.0.1", 0)
    async with open_http() as http:
        headers = {**JSON, "host": "sequencer:8545", "origin": "https://dapp.example"}
        response = await http.post(f"http://127.0.0.1:{port}/", content=CALL, headers=headers)
    await server.stop()
    assert response.headers["access-control-allow-origin"] == "*"


async def test_answer_over_the_limit_is_an_error_in_its_place(chain: FakeChain) -> None:
    server = RpcServer(chain.ports, limits=Limits(response_bytes=5_000))
    client_port = await server.start("127.0.0.1", 0)
    async with open_http() as http:
        client = Client(client_port, http)
        error = await client.error("eth_getBlockByNumber", "0x1", True)
        block = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["0x2", False]}
        answers = await client.post([block] * 4)
    await server.stop()
    assert error == {"code": -32003, "message": "response too large"}
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, None, -32003, -32003]


async def test_call_that_takes_too_long_times_out(chain: FakeChain) -> None:
    slow = MethodGroup("slow")

    @slow.method("slow_call")
    async def wait(_context: Context) -> None:
        """Never."""
        await asyncio.Event().wait()

    server = RpcServer(chain.ports, limits=Limits(call_seconds=0.05), extra=[slow])
    async with open_http() as http:
        client = Client(await server.start("127.0.0.1", 0), http)
        error = await client.error("slow_call")
    await server.stop()
    assert error == {"code": -32002, "message": "request timed out after 0.05 s"}


async def test_batch_that_takes_too_long_runs_none_of_its_other_calls(chain: FakeChain) -> None:
    slow, ran = MethodGroup("slow"), []

    @slow.method("slow_call")
    async def wait(_context: Context) -> bool:
        """In a while."""
        ran.append(1)
        await asyncio.sleep(0.3)
        return True

    server = RpcServer(chain.ports, limits=Limits(batch_seconds=1.0), extra=[slow])
    async with open_http() as http:
        client = Client(await server.start("127.0.0.1", 0), http)
        answers = await client.post([{"jsonrpc": "2.0", "id": n, "method": "slow_call"} for n in range(100)])
    await server.stop()
    assert [answer["id"] for answer in answers] == list(range(100))
    assert 0 < len(ran) <= 4
    assert all(answer["result"] for answer in answers[: len(ran)])
    refusal = {"code": -32002, "message": "batch timed out after 1 s"}
    assert [answer["error"] for answer in answers[len(ran) :]] == [refusal] * (100 - len(ran))


async def test_requests_beyond_the_queue_are_refused() -> None:
    slots = RequestSlots(Limits(concurrent_requests=1, waiting_requests=1))
    async with slots:
        waiting = asyncio.create_task(_take(slots))
        await asyncio.sleep(0)
        with pytest.raises(LimitExceeded):
            await _take(slots)
    await waiting


async def _take(slots: RequestSlots) -> None:
    async with slots:
        pass


@pytest.mark.parametrize("batch", [False, True])
async def test_client_that_leaves_takes_its_running_calls_along(chain: FakeChain, batch: bool) -> None:
    slow, began, cancelled = MethodGroup("slow"), asyncio.Event(), asyncio.Event()
    ran = []

    @slow.method("slow_call")
    async def wait(_context: Context) -> None:
        """Never."""
        ran.append(1)
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    server = RpcServer(chain.ports, extra=[slow])
    port = await server.start("127.0.0.1", 0)
    call = b'{"jsonrpc":"2.0","id":1,"method":"slow_call"}'
    body = b"[" + b",".join([call] * 50) + b"]" if batch else call
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    writer.write(head % len(body) + body)
    await asyncio.wait_for(began.wait(), PATIENT_SECONDS)
    writer.close()
    await asyncio.wait_for(cancelled.wait(), PATIENT_SECONDS)
    async with open_http() as http:
        assert await Client(port, http).call("eth_chainId")
    await server.stop()
    assert len(ran) == 1


async def test_composition_root_adds_methods_with_types_of_its_own(chain: FakeChain) -> None:
    sandbox = MethodGroup("sandbox")
    half = ParameterType(label="half", parse=lambda value: value, schema={})

    @sandbox.method("sandbox_echo")
    def echo(_context: Context, value: Annotated[object, half]) -> object:
        """The value."""
        return value

    server = RpcServer(chain.ports, extra=[sandbox])
    async with open_http() as http:
        client = Client(await server.start("127.0.0.1", 0), http)
        assert await client.call("sandbox_echo", [1]) == [1]
        assert (await client.call("rpc_modules"))["sandbox"] == "1.0"
    await server.stop()


async def test_l1_has_no_rollup_methods_and_no_fee_fields() -> None:
    chain = FakeChain(is_rollup=False)
    server = RpcServer(chain.ports)
    async with open_http() as http:
        client = Client(await server.start("127.0.0.1", 0), http)
        assert (await client.error("optimism_syncStatus"))["code"] == -32601
        assert await client.call("eth_blockNumber") == "0x0"
    await server.stop()


async def test_calls_are_observed_by_method_and_code(chain: FakeChain) -> None:
    seen: list[tuple[str, int]] = []
    server = RpcServer(chain.ports, observe=lambda method, _seconds, code: seen.append((method, code)))
    async with open_http() as http:
        client = Client(await server.start("127.0.0.1", 0), http)
        await client.call("eth_chainId")
        await client.error("a" * 1_000)
        await client.error("eth_getBalance", "0x")
    await server.stop()
    assert seen == [("eth_chainId", 0), ("unknown", -32601), ("eth_getBalance", -32602)]


async def test_health_and_readiness_tell_the_truth(client: Client, chain: FakeChain) -> None:
    assert (await client.http.get(client.url + "healthz")).json() == {"healthy": True, "reasons": []}
    chain.troubles.append("executors disagreed")
    response = await client.http.get(client.url + "healthz")
    assert (response.status_code, response.json()) == (503, {"healthy": False, "reasons": ["executors disagreed"]})
    assert (await client.http.get(client.url + "readyz")).status_code == 200
    chain.reasons.append("the safe head is 900 blocks behind")
    response = await client.http.get(client.url + "readyz")
    assert response.status_code == 503
    assert response.json() == {"ready": False, "reasons": ["the safe head is 900 blocks behind"]}
    assert (await client.http.get(client.url + "docs")).status_code == 404


async def test_port_that_is_taken_is_said_plainly(client: Client, chain: FakeChain) -> None:
    with pytest.raises(CannotListen, match=f"can't listen on 127.0.0.1:{client.port}"):
        await RpcServer(chain.ports).start("127.0.0.1", client.port)


async def test_server_starts_again_after_it_stopped(chain: FakeChain) -> None:
    server, port = RpcServer(chain.ports), free_port()
    for _ in range(2):
        assert await server.start("127.0.0.1", port) == port
        await server.stop()
    await server.stop()
