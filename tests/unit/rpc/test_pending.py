"""The tag `pending` where the node executes the next block ahead: every method asks about that block."""

import dataclasses
from collections.abc import AsyncIterator

import pytest

from rpc.ports import Ports
from rpc.server import RpcServer
from rpc.values import BlockView, PendingBlock, ReceiptsView
from state.blocks import Receipt
from state.primitives.types import BlockNumber, Gas
from state.transactions import TransactionType
from tests.unit.rpc.conftest import Client, open_http
from tests.unit.rpc.fake_chain import CONTRACT, SENDER, FakeChain, signed

ME, TO = "0x" + SENDER.hex(), "0x" + CONTRACT.hex()
TRANSACTION = signed(TransactionType.DYNAMIC_FEE, 9)


class Ahead:
    """A next block with one transaction, of number 100."""

    def __init__(self, chain: FakeChain) -> None:
        head = chain.views[chain.canonical[-1]]
        header = dataclasses.replace(head.header, number=BlockNumber(100), gas_used=Gas(21_000))
        self.block_view = BlockView(
            hash=header.hash,
            header=header,
            transactions=(TRANSACTION.raw,),
            transaction_hashes=(TRANSACTION.hash,),
            senders=(TRANSACTION.sender,),
        )
        receipt = Receipt(type=TRANSACTION.transaction.type, succeeded=True, cumulative_gas_used=Gas(21_000), logs=())
        self.pending = PendingBlock(block=self.block_view, receipts=ReceiptsView(receipts=(receipt,), l1_fees=(None,)))
        # The state of the next block, which the chain itself doesn't know by any height.
        chain.views[header.hash] = self.block_view

    async def block(self) -> PendingBlock:
        return self.pending


@pytest.fixture
def ahead(chain: FakeChain) -> Ahead:
    return Ahead(chain)


@pytest.fixture
async def client(chain: FakeChain, ahead: Ahead) -> AsyncIterator[Client]:
    ports: Ports = dataclasses.replace(chain.ports, pending=ahead)
    server = RpcServer(ports)
    port = await server.start("127.0.0.1", 0)
    async with open_http() as http:
        yield Client(port, http)
    await server.stop()


async def test_state_questions_are_about_the_next_block(client: Client) -> None:
    assert await client.call("eth_getBalance", ME, "pending") == hex(10**18 + 100)
    assert await client.call("eth_getBalance", ME, "latest") == hex(10**18 + 2)
    assert await client.call("eth_getCode", TO, "pending") == "0x602a"
    assert int(await client.call("eth_getStorageAt", TO, "0x1", "pending"), 16) == 2
    assert (await client.call("eth_getProof", TO, [], "pending"))["balance"] == "0x1"


async def test_calls_and_simulations_run_on_the_next_block(client: Client, chain: FakeChain) -> None:
    await client.call("eth_estimateGas", {"to": TO}, "pending")
    assert await client.call("eth_call", {"to": TO}, "pending") == "0x" + (42).to_bytes(32, "big").hex()
    (simulated,) = await client.call("eth_simulateV1", {"blockStateCalls": [{}]}, "pending")
    assert simulated["number"] == hex(101)


@pytest.mark.parametrize("full", [True, False])
async def test_the_pending_block_has_neither_hash_nor_nonce_nor_miner(client: Client, full: bool) -> None:
    block = await client.call("eth_getBlockByNumber", "pending", full)
    assert [block[name] for name in ("hash", "nonce", "miner")] == [None] * 3
    assert (block["number"], block["gasUsed"]) == ("0x64", "0x5208")
    (shown,) = block["transactions"]
    if full:
        assert (shown["blockHash"], shown["blockNumber"], shown["transactionIndex"]) == (None, "0x64", "0x0")
        assert shown == await client.call("eth_getTransactionByBlockNumberAndIndex", "pending", "0x0")
    else:
        assert shown == "0x" + TRANSACTION.hash.hex()
    header = await client.call("eth_getHeaderByNumber", "pending")
    assert header.items() <= block.items()


async def test_parts_of_the_pending_block_are_found_by_its_tag(client: Client) -> None:
    assert await client.call("eth_getBlockTransactionCountByNumber", "pending") == "0x1"
    assert await client.call("eth_getTransactionByBlockNumberAndIndex", "pending", "0x1") is None
    raw = await client.call("eth_getRawTransactionByBlockNumberAndIndex", "pending", "0x0")
    assert raw == "0x" + TRANSACTION.raw.hex()
    (receipt,) = await client.call("eth_getBlockReceipts", "pending")
    assert (receipt["status"], receipt["transactionHash"]) == ("0x1", "0x" + TRANSACTION.hash.hex())


async def test_the_nonce_is_the_pool_s(client: Client, chain: FakeChain) -> None:
    chain.admit(TRANSACTION)
    assert await client.call("eth_getTransactionCount", ME, "pending") == "0xa"
