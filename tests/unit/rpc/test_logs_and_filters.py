"""eth_getLogs and polled filters: ranges, topics, reorgs, expiry."""

import pytest

from rpc.events import EventHub
from rpc.filters import EventRecord
from rpc.server import RpcServer
from state.transactions import TransactionType
from tests.unit.rpc.conftest import Client, Clock
from tests.unit.rpc.fake_chain import CONTRACT, RECIPIENT, TOPIC_A, TOPIC_B, FakeChain, signed

A, B = "0x" + TOPIC_A.hex(), "0x" + TOPIC_B.hex()


def _logging(nonce: int) -> list[object]:
    return [signed(TransactionType.DYNAMIC_FEE, nonce)]


async def _settle(client: Client) -> None:
    """One round trip: events that were published before it are delivered after it."""
    await client.call("eth_chainId")


@pytest.mark.parametrize(
    ("members", "count"),
    [
        ({"topics": [A, B]}, 5),
        ({"topics": [A, B], "address": "0x" + CONTRACT.hex()}, 5),
        ({"topics": [A, B], "address": "0x" + RECIPIENT.hex()}, 0),
        ({"topics": [None, [B]]}, 5),
        ({"topics": [None, None, None]}, 0),
        ({"topics": [B]}, 0),
    ],
)
async def test_finds_logs_by_address_and_topics(client: Client, members: dict[str, object], count: int) -> None:
    logs = await client.call("eth_getLogs", {"fromBlock": "earliest", **members})
    assert len(logs) == count
    assert all(log["removed"] is False for log in logs)


async def test_finds_logs_of_one_block_by_hash(client: Client, chain: FakeChain) -> None:
    block_hash = "0x" + chain.canonical[1].hex()
    logs = await client.call("eth_getLogs", {"blockHash": block_hash, "topics": [A, B]})
    assert [log["logIndex"] for log in logs] == ["0x1", "0x3", "0x5", "0x7", "0x9"]
    assert await client.call("eth_getLogs", {"blockHash": "0x" + chain.canonical[2].hex()}) == []
    error = await client.error("eth_getLogs", {"blockHash": "0x" + "de" * 32})
    assert error == {"code": -32000, "message": "unknown block"}


@pytest.mark.parametrize("members", [{"fromBlock": "latest", "toBlock": "0x0"}, {"fromBlock": "0x2", "toBlock": "0x1"}])
async def test_refuses_a_reversed_range(client: Client, members: dict[str, str]) -> None:
    assert await client.error("eth_getLogs", members) == {"code": -32602, "message": "invalid block range params"}
    assert (await client.error("eth_newFilter", members))["code"] == -32602


@pytest.mark.parametrize("first", ["0x0", "0x2", "0x9"])
async def test_refuses_a_range_that_ends_above_the_head(client: Client, first: str) -> None:
    error = await client.error("eth_getLogs", {"fromBlock": first, "toBlock": "0xff"})
    assert error == {"code": -32602, "message": "block range extends beyond current head block"}


async def test_from_above_the_head_to_a_tag_is_a_reversed_range(client: Client) -> None:
    for members in ({"fromBlock": "0x3"}, {"fromBlock": "0x3", "toBlock": "latest"}):
        error = await client.error("eth_getLogs", members)
        assert error == {"code": -32602, "message": "invalid block range params"}


@pytest.mark.parametrize(
    "members", [{"fromBlock": "0x3", "toBlock": "latest"}, {"fromBlock": "0x9", "toBlock": "0xff"}]
)
async def test_a_filter_may_wait_for_blocks_above_the_head(client: Client, members: dict[str, str]) -> None:
    assert await client.call("eth_getFilterChanges", await client.call("eth_newFilter", members)) == []


async def test_a_range_that_was_asked_before_follows_a_reorg(client: Client, chain: FakeChain) -> None:
    question = {"fromBlock": "0x1", "toBlock": "0x3", "topics": [A, B]}
    chain.append(_logging(8), logs=2)
    before = await client.call("eth_getLogs", question)
    assert await client.call("eth_getLogs", question) == before
    chain.fork(1)
    chain.append(_logging(8), salt=b"other", logs=2)
    after = await client.call("eth_getLogs", question)
    assert [log["blockHash"] for log in after] != [log["blockHash"] for log in before]
    assert len(after) == len(before)


async def test_refuses_more_results_than_the_limit(client: Client) -> None:
    error = await client.error("eth_getLogs", {"fromBlock": "0x0"})
    assert error["code"] == -32005
    assert "more than 8 results" in error["message"]


async def test_log_filter_tells_new_logs_once(client: Client, chain: FakeChain, server: RpcServer) -> None:
    filter_id = await client.call("eth_newFilter", {"topics": [A, B]})
    assert await client.call("eth_getFilterChanges", filter_id) == []
    server.events.publish_heads([chain.append(_logging(8), logs=2)])
    await _settle(client)
    (log,) = await client.call("eth_getFilterChanges", filter_id)
    assert (log["blockNumber"], log["removed"]) == ("0x3", False)
    assert await client.call("eth_getFilterChanges", filter_id) == []
    assert len(await client.call("eth_getFilterLogs", filter_id)) == 1


async def test_log_filter_tells_removed_logs_on_a_reorg(client: Client, chain: FakeChain, server: RpcServer) -> None:
    old = chain.append(_logging(8), logs=1)
    filter_id = await client.call("eth_newFilter", {})
    removed = chain.fork(1)
    new = chain.append(_logging(8), logs=1, salt=b"new")
    server.events.publish_heads([new], removed)
    await _settle(client)
    changes = await client.call("eth_getFilterChanges", filter_id)
    told = [(log["blockHash"], log["removed"]) for log in changes]
    assert told == [("0x" + old.hex(), True), ("0x" + new.hex(), False)]


async def test_log_filter_with_too_many_changes_says_so(client: Client, chain: FakeChain, server: RpcServer) -> None:
    filter_id = await client.call("eth_newFilter", {})
    server.events.publish_heads([chain.append(_logging(8), logs=5) for _ in range(2)])
    await _settle(client)
    assert (await client.error("eth_getFilterChanges", filter_id))["code"] == -32005


async def test_block_filter_tells_new_hashes(client: Client, chain: FakeChain, server: RpcServer) -> None:
    filter_id = await client.call("eth_newBlockFilter")
    hashes = [chain.append([]), chain.append([])]
    server.events.publish_heads(hashes)
    await _settle(client)
    assert await client.call("eth_getFilterChanges", filter_id) == ["0x" + entry.hex() for entry in hashes]
    assert (await client.error("eth_getFilterLogs", filter_id))["code"] == -32000


async def test_pending_filter_tells_admitted_transactions(client: Client, server: RpcServer) -> None:
    filter_id = await client.call("eth_newPendingTransactionFilter")
    transaction = signed(TransactionType.DYNAMIC_FEE, 9)
    server.events.publish_pending([transaction])
    await _settle(client)
    assert await client.call("eth_getFilterChanges", filter_id) == ["0x" + transaction.hash.hex()]


async def test_pending_filter_tells_whole_transactions_where_they_are_now(
    client: Client, chain: FakeChain, server: RpcServer
) -> None:
    filter_id = await client.call("eth_newPendingTransactionFilter", True)
    waiting, included, gone = (signed(TransactionType.DYNAMIC_FEE, nonce) for nonce in (9, 10, 11))
    chain.admit(waiting)
    chain.append([included])
    server.events.publish_pending([waiting, included, gone])
    await _settle(client)
    told = await client.call("eth_getFilterChanges", filter_id)
    assert [entry["hash"] for entry in told] == ["0x" + entry.hash.hex() for entry in (waiting, included)]
    assert [entry["blockNumber"] for entry in told] == [None, "0x3"]


async def test_filter_that_nobody_polls_expires(client: Client, clock: Clock) -> None:
    kept, forgotten = [await client.call("eth_newBlockFilter") for _ in range(2)]
    clock.now += 200
    await client.call("eth_getFilterChanges", kept)
    clock.now += 200
    assert await client.call("eth_getFilterChanges", kept) == []
    assert await client.error("eth_getFilterChanges", forgotten) == {"code": -32000, "message": "filter not found"}


async def test_uninstalled_filter_is_gone(client: Client) -> None:
    filter_id = await client.call("eth_newBlockFilter")
    assert await client.call("eth_uninstallFilter", filter_id) is True
    assert await client.call("eth_uninstallFilter", filter_id) is False
    assert (await client.error("eth_getFilterChanges", filter_id))["message"] == "filter not found"


async def test_ids_are_quantities(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbits", lambda _bits: 0x0A)
    assert await client.call("eth_newBlockFilter") == "0xa"
    assert await client.call("eth_uninstallFilter", "0xa") is True


async def test_filters_are_limited(client: Client) -> None:
    for _ in range(5):
        await client.call("eth_newBlockFilter")
    assert (await client.error("eth_newBlockFilter"))["code"] == -32005


def test_record_forgets_its_oldest_entries_and_says_so() -> None:
    record: EventRecord[int] = EventRecord(3)
    for number in range(5):
        record.append(number)
    assert record.since(2) == [2, 3, 4]
    with pytest.raises(Exception, match="missed events"):
        record.since(1)


async def test_events_before_the_server_runs_are_dropped(chain: FakeChain) -> None:
    heard: list[object] = []
    hub = EventHub()
    hub.subscribe(heard.append)
    hub.publish_heads([chain.canonical[0]])
    assert heard == []
