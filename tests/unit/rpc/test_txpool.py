"""txpool_* and eth_sendRawTransactionSync: the pool as geth shows it, and waiting for what it sends."""

import asyncio
import dataclasses

import pytest

from contracts.addresses import checksum
from rpc.limits import Limits
from rpc.server import RpcServer
from state.primitives.types import Wei
from state.transactions import RecoveredTransaction, TransactionType
from tests.unit.rpc.conftest import Client, open_http
from tests.unit.rpc.fake_chain import CONTRACT, RECIPIENT, SENDER, FakeChain, signed

NEXT_NONCE = 2
"""Of the sender, in the state of the fake chain's head."""


def _raw(transaction: RecoveredTransaction) -> str:
    return "0x" + transaction.raw.hex()


@pytest.fixture
def pooled(chain: FakeChain) -> list[RecoveredTransaction]:
    """An executable transaction and a queued creation."""
    entries = [
        signed(TransactionType.DYNAMIC_FEE, 2, to=CONTRACT, data=b"\x01"),
        signed(TransactionType.LEGACY, 9, to=None, data=b"\x60"),
    ]
    for entry in entries:
        chain.admit(entry)
    chain.queued.add(entries[1].hash)
    return entries


async def test_status_counts_executable_and_queued(client: Client, pooled: list[RecoveredTransaction]) -> None:
    assert await client.call("txpool_status") == {"pending": "0x1", "queued": "0x1"}


async def test_content_is_grouped_by_sender_and_nonce(client: Client, pooled: list[RecoveredTransaction]) -> None:
    content = await client.call("txpool_content")
    sender = checksum(SENDER)
    assert {kind: {who: set(by_nonce) for who, by_nonce in senders.items()} for kind, senders in content.items()} == {
        "pending": {sender: {"2"}},
        "queued": {sender: {"9"}},
    }
    shown = content["pending"][sender]["2"]
    assert shown == await client.call("eth_getTransactionByHash", "0x" + pooled[0].hash.hex())
    assert (shown["blockHash"], shown["from"]) == (None, "0x" + SENDER.hex())


async def test_content_from_shows_one_sender_only(client: Client, pooled: list[RecoveredTransaction]) -> None:
    content = await client.call("txpool_contentFrom", "0x" + SENDER.hex())
    assert {kind: set(by_nonce) for kind, by_nonce in content.items()} == {"pending": {"2"}, "queued": {"9"}}
    assert await client.call("txpool_contentFrom", "0x" + RECIPIENT.hex()) == {"pending": {}, "queued": {}}


async def test_inspect_is_a_line_for_each_transaction(client: Client, pooled: list[RecoveredTransaction]) -> None:
    assert await client.call("txpool_inspect") == {
        "pending": {checksum(SENDER): {"2": f"{checksum(CONTRACT)}: 1 wei + 100000 gas × 3000000000 wei"}},
        "queued": {checksum(SENDER): {"9": "contract creation: 1 wei + 100000 gas × 3000000000 wei"}},
    }


async def test_content_that_no_answer_holds_is_refused(chain: FakeChain, pooled: list[RecoveredTransaction]) -> None:
    server = RpcServer(chain.ports, limits=Limits(response_bytes=2_000))
    port = await server.start("127.0.0.1", 0)
    async with open_http() as http:
        assert (await Client(port, http).error("txpool_content"))["code"] == -32005
    await server.stop()


async def test_sync_send_answers_the_receipt_once_a_block_has_it(
    client: Client, chain: FakeChain, server: RpcServer
) -> None:
    transaction = signed(TransactionType.DYNAMIC_FEE, NEXT_NONCE)
    sending = asyncio.create_task(client.call("eth_sendRawTransactionSync", _raw(transaction)))
    await chain.has_submitted.wait()
    server.events.publish_heads([chain.append([])])  # a block without it changes nothing
    server.events.publish_heads([chain.append([transaction])])
    receipt = await sending
    assert receipt == await client.call("eth_getTransactionReceipt", "0x" + transaction.hash.hex())


async def test_sync_send_gives_up_with_the_hash_in_the_time_asked_for(client: Client) -> None:
    transaction = signed(TransactionType.DYNAMIC_FEE, NEXT_NONCE)
    error = await client.error("eth_sendRawTransactionSync", _raw(transaction), 20)
    assert (error["code"], error["data"]) == (4, "0x" + transaction.hash.hex())
    assert error["message"] == "The transaction was added to the transaction pool but wasn't processed in 0.02s"


async def test_sync_send_refuses_a_nonce_gap_before_the_pool_sees_it(client: Client, chain: FakeChain) -> None:
    error = await client.error("eth_sendRawTransactionSync", _raw(signed(TransactionType.LEGACY, 7)))
    assert (error["code"], error["data"]) == (6, "0x2")
    chain.admit(signed(TransactionType.LEGACY, 3))
    error = await client.error("eth_sendRawTransactionSync", _raw(signed(TransactionType.LEGACY, 7)))
    assert error["data"] == "0x4"  # the pool's transactions count
    assert chain.submitted == []


async def test_sync_send_refuses_what_the_next_block_can_not_take(client: Client, chain: FakeChain) -> None:
    cheap = signed(TransactionType.LEGACY, 2, max_fee_per_gas=Wei(999), max_priority_fee_per_gas=Wei(999))
    error = await client.error("eth_sendRawTransactionSync", _raw(cheap))
    assert (error["code"], error["data"]) == (5, "0x" + cheap.hash.hex())
    assert "max fee per gas less than block base fee" in error["message"]
    assert chain.submitted == []


async def test_sync_send_passes_pool_errors_on(client: Client) -> None:
    error = await client.error("eth_sendRawTransactionSync", _raw(signed(TransactionType.LEGACY, 0)))
    assert error == {"code": -32000, "message": "nonce too low"}
    assert (await client.error("eth_sendRawTransactionSync", "0x1234"))["code"] == -32000


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(None, 0.05), (0, 0.05), ("0x0", 0.05), (70, 0.07), ("0x46", 0.07), (10**9, 0.09)]
)
async def test_sync_send_waits_as_long_as_asked_within_the_limits(
    chain: FakeChain, milliseconds: int | str | None, seconds: float
) -> None:
    server = RpcServer(chain.ports, limits=Limits(receipt_seconds=0.05, longest_receipt_seconds=0.09))
    port = await server.start("127.0.0.1", 0)
    async with open_http() as http:
        transaction = signed(TransactionType.LEGACY, NEXT_NONCE)
        error = await Client(port, http).error("eth_sendRawTransactionSync", _raw(transaction), milliseconds)
    assert f"in {seconds:g}s" in error["message"]
    await server.stop()


async def test_calls_that_wait_for_receipts_are_limited(chain: FakeChain, limits: Limits) -> None:
    server = RpcServer(chain.ports, limits=dataclasses.replace(limits, receipt_waits=1))
    port = await server.start("127.0.0.1", 0)
    async with open_http() as http:
        client = Client(port, http)
        first = signed(TransactionType.LEGACY, NEXT_NONCE)
        sending = asyncio.create_task(client.call("eth_sendRawTransactionSync", _raw(first)))
        await chain.has_submitted.wait()
        second = signed(TransactionType.LEGACY, NEXT_NONCE + 1)
        assert (await client.error("eth_sendRawTransactionSync", _raw(second)))["code"] == -32005
        assert len(chain.submitted) == 1
        server.events.publish_heads([chain.append([first])])
        assert (await sending)["status"] == "0x1"
        error = await client.error("eth_sendRawTransactionSync", _raw(second), 1)
        assert error["code"] == 4  # its place is free again
    await server.stop()
