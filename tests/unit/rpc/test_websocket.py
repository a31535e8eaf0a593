"""WebSocket: calls, subscriptions, reorgs, slow readers, and who may connect."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rpc.limits import Limits
from rpc.server import RpcServer
from rpc.values import SyncProgress
from state.primitives.types import BlockNumber
from state.transactions import TransactionType
from tests.unit.rpc.conftest import PATIENT_SECONDS, open_socket
from tests.unit.rpc.fake_chain import TOPIC_A, FakeChain, signed


class SocketClient:
    """JSON-RPC over one WebSocket; keeps notifications that come between answers."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.notifications: list[dict[str, Any]] = []
        self._next_id = 0

    async def request(self, method: str, *params: Any) -> dict[str, Any]:
        self._next_id += 1
        message = {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": list(params)}
        await self.connection.send(json.dumps(message))
        while True:
            answer: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), PATIENT_SECONDS))
            if answer.get("id") == self._next_id:
                return answer
            self.notifications.append(answer["params"])

    async def notification(self) -> dict[str, Any]:
        if not self.notifications:
            self.notifications.append(
                json.loads(await asyncio.wait_for(self.connection.recv(), PATIENT_SECONDS))["params"]
            )
        return self.notifications.pop(0)


@pytest.fixture
async def port(server: RpcServer) -> int:
    return await server.start("127.0.0.1", 0)


@pytest.fixture
async def ws(port: int) -> AsyncIterator[SocketClient]:
    async with open_socket(f"ws://127.0.0.1:{port}/", max_queue=None) as connection:
        yield SocketClient(connection)


async def test_answers_calls_and_batches(ws: SocketClient) -> None:
    assert (await ws.request("eth_chainId"))["result"] == "0x27613"
    await ws.connection.send(json.dumps([{"jsonrpc": "2.0", "id": 7, "method": "eth_blockNumber"}]))
    assert json.loads(await ws.connection.recv()) == [{"jsonrpc": "2.0", "id": 7, "result": "0x2"}]
    await ws.connection.send(b"{")
    assert json.loads(await ws.connection.recv())["error"]["code"] == -32700


async def test_new_heads_are_told_in_order(ws: SocketClient, chain: FakeChain, server: RpcServer) -> None:
    subscription = (await ws.request("eth_subscribe", "newHeads"))["result"]
    for _ in range(3):
        server.events.publish_heads([chain.append([])])
    told = [await ws.notification() for _ in range(3)]
    assert {entry["subscription"] for entry in told} == {subscription}
    assert [entry["result"]["number"] for entry in told] == ["0x3", "0x4", "0x5"]
    assert told[0]["result"]["hash"] == "0x" + chain.canonical[3].hex()
    assert "transactions" not in told[0]["result"]


async def test_events_may_be_published_from_another_thread(
    ws: SocketClient, chain: FakeChain, server: RpcServer
) -> None:
    await ws.request("eth_subscribe", "newHeads")
    block_hash = chain.append([])
    thread = threading.Thread(target=server.events.publish_heads, args=([block_hash],))
    thread.start()
    assert (await ws.notification())["result"]["hash"] == "0x" + block_hash.hex()
    thread.join()


async def test_logs_of_a_reorg_are_told_as_removed_first(ws: SocketClient, chain: FakeChain, server: RpcServer) -> None:
    transactions = [signed(TransactionType.DYNAMIC_FEE, 8)]
    old = chain.append(transactions, logs=1)
    await ws.request("eth_subscribe", "logs", {"topics": ["0x" + TOPIC_A.hex()]})
    removed = chain.fork(1)
    new = chain.append(transactions, logs=1, salt=b"new")
    server.events.publish_heads([new], removed)
    told = [(await ws.notification())["result"] for _ in range(2)]
    assert [(log["blockHash"], log["removed"]) for log in told] == [
        ("0x" + old.hex(), True),
        ("0x" + new.hex(), False),
    ]


@pytest.mark.parametrize("full", [False, True])
async def test_pending_transactions_are_told_by_hash_or_whole(ws: SocketClient, server: RpcServer, full: bool) -> None:
    await ws.request("eth_subscribe", "newPendingTransactions", full)
    transaction = signed(TransactionType.DYNAMIC_FEE, 9)
    server.events.publish_pending([transaction])
    result = (await ws.notification())["result"]
    assert (result["hash"] if full else result) == "0x" + transaction.hash.hex()


async def test_notification_never_comes_before_the_subscription_id(
    ws: SocketClient, chain: FakeChain, server: RpcServer
) -> None:
    subscribe = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
    call = {"jsonrpc": "2.0", "id": 2, "method": "eth_chainId"}
    await ws.connection.send(json.dumps([subscribe, *[call] * 90]))
    block_hash = chain.append([])
    for _ in range(50):
        server.events.publish_heads([block_hash])
        await asyncio.sleep(0)
    first = json.loads(await ws.connection.recv())
    assert isinstance(first, list)
    server.events.publish_heads([block_hash])
    told = json.loads(await ws.connection.recv())
    assert told["params"]["subscription"] == first[0]["result"]


async def test_unsubscribed_means_silence(ws: SocketClient, chain: FakeChain, server: RpcServer) -> None:
    subscription = (await ws.request("eth_subscribe", "newHeads"))["result"]
    assert (await ws.request("eth_unsubscribe", subscription))["result"] is True
    assert (await ws.request("eth_unsubscribe", subscription))["error"]["code"] == -32000
    server.events.publish_heads([chain.append([])])
    await ws.request("eth_chainId")
    assert ws.notifications == []


async def test_syncing_is_told_at_first_and_when_it_changes(
    ws: SocketClient, chain: FakeChain, server: RpcServer
) -> None:
    await ws.request("eth_subscribe", "syncing")
    server.events.publish_heads([chain.append([]), chain.append([])])
    assert (await ws.notification())["result"] is False
    chain.progress = SyncProgress(
        starting_block=BlockNumber(0), current_block=BlockNumber(3), highest_block=BlockNumber(9)
    )
    await ws.request("eth_chainId")
    server.events.publish_heads([chain.append([]), chain.append([])])
    status = {"startingBlock": "0x0", "currentBlock": "0x3", "highestBlock": "0x9"}
    assert (await ws.notification())["result"] == {"syncing": True, "status": status}
    chain.progress = None
    server.events.publish_heads([chain.append([])])
    assert (await ws.notification())["result"] is False


@pytest.mark.parametrize(
    "params", [["nonsense"], ["newHeads", {}], ["logs", True], ["newPendingTransactions", {}], ["logs", "x"]]
)
async def test_bad_subscriptions_are_invalid_params(ws: SocketClient, params: list[Any]) -> None:
    assert (await ws.request("eth_subscribe", *params))["error"]["code"] == -32602


async def test_subscriptions_of_a_connection_are_limited(ws: SocketClient) -> None:
    for _ in range(3):
        assert "result" in await ws.request("eth_subscribe", "newHeads")
    assert (await ws.request("eth_subscribe", "newHeads"))["error"]["code"] == -32005


async def test_http_has_no_subscriptions(client: Any) -> None:
    error = await client.error("eth_subscribe", "newHeads")
    assert error["code"] == -32601
    assert error["message"].startswith("notifications not supported")


async def test_message_over_the_limit_closes_the_connection(ws: SocketClient) -> None:
    await ws.connection.send("x" * 200_000)
    with pytest.raises(ConnectionClosed) as caught:
        await asyncio.wait_for(ws.connection.recv(), PATIENT_SECONDS)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


async def test_foreign_web_page_can_not_connect(port: int) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with open_socket(f"ws://127.0.0.1:{port}/", origin="https://evil.example"):  # type: ignore[arg-type]
            pass
    assert caught.value.response.status_code == 403


async def test_sockets_are_limited(chain: FakeChain) -> None:
    server = RpcServer(chain.ports, limits=Limits(sockets=1))
    url = f"ws://127.0.0.1:{await server.start('127.0.0.1', 0)}/"
    try:
        async with open_socket(url):
            with pytest.raises(InvalidStatus):
                await open_socket(url)
        async with open_socket(url) as connection:
            assert "result" in await SocketClient(connection).request("eth_chainId")
    finally:
        await server.stop()


async def test_local_web_page_can_connect(port: int) -> None:
    async with open_socket(f"ws://127.0.0.1:{port}/", origin="http://localhost:3000") as connection:  # type: ignore[arg-type]
        assert (await SocketClient(connection).request("eth_chainId"))["result"] == "0x27613"


async def test_slow_reader_is_cut_off_and_others_are_served(chain: FakeChain) -> None:
    server = RpcServer(chain.ports, limits=Limits(socket_backlog=100))
    port = await server.start("127.0.0.1", 0)
    try:
        async with (
            open_socket(f"ws://127.0.0.1:{port}/", max_queue=1) as slow,
            open_socket(f"ws://127.0.0.1:{port}/") as other,
        ):
            await SocketClient(slow).request("eth_subscribe", "newHeads")
            head = chain.canonical[-1]
            # The reader's own buffers and the kernel's take megabytes before our queue fills.
            for _ in range(3_000):
                server.events.publish_heads([head] * 10)
                await asyncio.sleep(0)
            assert (await SocketClient(other).request("eth_chainId"))["result"] == "0x27613"
            with pytest.raises(ConnectionClosed):
                await _read_all(slow)
    finally:
        await server.stop()


async def _read_all(connection: ClientConnection) -> None:
    while True:
        await asyncio.wait_for(connection.recv(), PATIENT_SECONDS)


async def test_stop_closes_open_connections(server: RpcServer) -> None:
    port = await server.start("127.0.0.1", 0)
    async with open_socket(f"ws://127.0.0.1:{port}/") as connection:
        await asyncio.wait_for(server.stop(), PATIENT_SECONDS)
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(connection.recv(), PATIENT_SECONDS)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1012
