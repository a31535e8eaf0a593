"""Every bound of `Limits` that other tests here don't push against; and that none is without a test."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path

import pytest

from rpc.context import Context
from rpc.errors import LimitExceeded
from rpc.limits import Limits
from rpc.registry import MethodGroup
from rpc.server import RpcServer
from rpc.transport.websocket import Outbox
from state.transactions import TransactionType
from tests.unit.rpc.conftest import PATIENT_SECONDS, Client, Clock, open_http, open_socket
from tests.unit.rpc.fake_chain import CONTRACT, FakeChain, signed

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def serving(
    chain: FakeChain, limits: Limits, *extra: MethodGroup, clock: Clock | None = None
) -> AsyncIterator[Client]:
    """A client of a server with these limits."""
    server = RpcServer(chain.ports, limits=limits, extra=extra, clock=clock or Clock())
    try:
        async with open_http() as http:
            yield Client(await server.start("127.0.0.1", 0), http)
    finally:
        await server.stop()


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_every_limit_is_pushed_against_in_some_test(name: str) -> None:
    folders = (ROOT / "tests" / "unit" / "rpc", ROOT / "tests" / "hostile")
    texts = [path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")]
    assert any(f"{name}=" in text for text in texts)


async def test_a_head_beyond_its_bytes_is_cut_off(chain: FakeChain) -> None:
    async with serving(chain, Limits(head_bytes=2_000)) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(b"POST / HTTP/1.1\r\nx: " + b"a" * 2_100)
        received = b"?"
        with contextlib.suppress(ConnectionResetError):
            received = await asyncio.wait_for(reader.read(), PATIENT_SECONDS)
        assert received in (b"", b"?")
        writer.close()
        assert await client.call("eth_chainId")


async def test_connections_beyond_the_limit_are_answered_503(chain: FakeChain) -> None:
    async with serving(chain, Limits(connections=3)) as client:
        idle = [await asyncio.open_connection("127.0.0.1", client.port) for _ in range(2)]
        body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
        async with asyncio.timeout(PATIENT_SECONDS):
            while (status := (await client.http.post(client.url, json=body)).status_code) == 200:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert status == 503
        for _, writer in idle:
            writer.close()
        async with open_http() as http, asyncio.timeout(PATIENT_SECONDS):
            while (await http.post(client.url, json=body)).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_calls_get_no_more_gas_than_the_limit(chain: FakeChain) -> None:
    async with serving(chain, Limits(call_gas=60_000)) as client:
        for gas in (hex(2**63), None, hex(50_000)):
            fields_of_call = {"to": "0x" + CONTRACT.hex()} | ({} if gas is None else {"gas": gas})
            await client.call("eth_call", fields_of_call, "latest")
    assert [message.gas_limit for message in chain.calls] == [60_000, 60_000, 50_000]


async def test_a_range_of_too_many_blocks_is_refused(chain: FakeChain) -> None:
    async with serving(chain, Limits(log_range=2)) as client:
        error = await client.error("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})
        assert error == {"code": -32005, "message": "block range is too wide: got 3, at most 2"}
        assert await client.call("eth_getLogs", {"fromBlock": "0x1", "toBlock": "latest"})
        wide = await client.call("eth_newFilter", {"fromBlock": "0x0", "toBlock": "0x2"})
        assert (await client.error("eth_getFilterLogs", wide))["code"] == -32005


async def test_fee_history_is_as_long_as_the_limit_at_most(chain: FakeChain) -> None:
    async with serving(chain, Limits(fee_history_blocks=2)) as client:
        history = await client.call("eth_feeHistory", "0x400", "latest", [])
    assert len(history["gasUsedRatio"]) == 2


async def test_proofs_of_too_many_slots_are_refused(chain: FakeChain) -> None:
    async with serving(chain, Limits(proof_slots=2)) as client:
        address = "0x" + CONTRACT.hex()
        assert (await client.error("eth_getProof", address, ["0x1", "0x2", "0x3"], "latest"))["code"] == -32602
        assert len((await client.call("eth_getProof", address, ["0x1", "0x2"], "latest"))["storageProof"]) == 2


async def test_a_filter_is_gone_after_its_time_without_a_poll(chain: FakeChain) -> None:
    clock = Clock()
    async with serving(chain, Limits(filter_seconds=10.0), clock=clock) as client:
        polled, forgotten = [await client.call("eth_newBlockFilter") for _ in range(2)]
        clock.now += 9
        await client.call("eth_getFilterChanges", polled)
        clock.now += 9
        assert await client.call("eth_getFilterChanges", polled) == []
        assert (await client.error("eth_getFilterChanges", forgotten))["message"] == "filter not found"


async def test_a_filter_that_fell_behind_the_remembered_events_says_so(chain: FakeChain) -> None:
    server = RpcServer(chain.ports, limits=Limits(remembered_events=2))
    async with open_http() as http:
        client = Client(await server.start("127.0.0.1", 0), http)
        slow, quick = [await client.call("eth_newBlockFilter") for _ in range(2)]
        for _ in range(3):
            server.events.publish_heads([chain.append([])])
            await client.call("eth_chainId")
            assert len(await client.call("eth_getFilterChanges", quick)) == 1
        assert "missed events" in (await client.error("eth_getFilterChanges", slow))["message"]
    await server.stop()


async def test_a_socket_with_enough_messages_under_way_is_not_read_further(chain: FakeChain) -> None:
    slow, go_on = MethodGroup("slow"), asyncio.Event()
    begun: list[int] = []

    @slow.method("slow_call")
    async def wait(_context: Context) -> bool:
        """Once told."""
        begun.append(1)
        await go_on.wait()
        return True

    async with (
        serving(chain, Limits(socket_requests=2), slow) as client,
        open_socket(f"ws://127.0.0.1:{client.port}/") as socket,
    ):
        for number in range(5):
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": "slow_call"}))
        while len(begun) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await client.call("eth_chainId")
        assert len(begun) == 2
        go_on.set()
        answers = [json.loads(await asyncio.wait_for(socket.recv(), PATIENT_SECONDS))["id"] for _ in range(5)]
    assert sorted(answers) == [0, 1, 2, 3, 4]


async def test_a_slow_readers_messages_are_bounded_by_bytes_but_one_always_fits() -> None:
    outbox = Outbox(Limits(socket_backlog_bytes=100))
    assert outbox.put(bytes(500))
    assert not outbox.put(b"x")
    await outbox.take()
    assert all(outbox.put(bytes(50)) for _ in range(2))
    assert not outbox.put(b"x")


async def test_filters_of_all_clients_together_are_limited(chain: FakeChain) -> None:
    async with serving(chain, Limits(filters=2)) as client:
        for _ in range(2):
            await client.call("eth_newPendingTransactionFilter")
        assert (await client.error("eth_newBlockFilter"))["code"] == LimitExceeded.rpc_code


async def test_slow_questions_never_keep_transactions_out(chain: FakeChain) -> None:
    slow, begun = MethodGroup("slow"), asyncio.Event()

    @slow.method("slow_call")
    async def wait(_context: Context) -> None:
        """Never."""
        begun.set()
        await asyncio.Event().wait()

    raw = "0x" + signed(TransactionType.DYNAMIC_FEE, 2).raw.hex()
    send = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw]}
    ask = {"jsonrpc": "2.0", "id": 2, "method": "slow_call"}
    async with serving(chain, Limits(concurrent_requests=1, concurrent_submissions=1), slow) as client:
        stuck = asyncio.create_task(client.post(ask))
        await asyncio.wait_for(begun.wait(), PATIENT_SECONDS)
        mixed = asyncio.create_task(client.post([send, ask]))  # names the method, and asks for more
        assert (await asyncio.wait_for(client.post(send), PATIENT_SECONDS))["result"]
        answers = await asyncio.wait_for(client.post([send, send]), PATIENT_SECONDS)
        assert len(answers) == 2
        assert not mixed.done()
        for task in (stuck, mixed):
            task.cancel()
        await asyncio.gather(stuck, mixed, return_exceptions=True)
    assert len(chain.submitted) == 3
