"""web3.py against a real server: what wallets' libraries make of our JSON."""

import asyncio

import pytest
from web3 import AsyncWeb3, WebSocketProvider
from web3.exceptions import BlockNotFound, ContractLogicError, TransactionNotFound
from web3.providers import AsyncHTTPProvider

from rpc.server import RpcServer
from state.transactions import TransactionType
from tests.unit.rpc.conftest import PATIENT_SECONDS, Client
from tests.unit.rpc.fake_chain import CHAIN_ID, CONTRACT, REVERTING, SENDER, FakeChain, signed


async def test_web3_reads_blocks_transactions_and_receipts_of_every_type(client: Client, chain: FakeChain) -> None:
    w3 = AsyncWeb3(AsyncHTTPProvider(client.url))
    assert await w3.eth.chain_id == CHAIN_ID
    block = await w3.eth.get_block(1, full_transactions=True)
    assert bytes(block["hash"]) == chain.canonical[1]
    for transaction in block["transactions"]:
        receipt = await w3.eth.get_transaction_receipt(transaction["hash"])  # type: ignore[index]
        assert receipt["blockNumber"] == 1
        assert await w3.eth.get_transaction(transaction["hash"]) == transaction  # type: ignore[index]
    assert (await w3.eth.get_block("pending"))["hash"] is None
    with pytest.raises(BlockNotFound):
        await w3.eth.get_block(99)
    with pytest.raises(TransactionNotFound):
        await w3.eth.get_transaction("0x" + "de" * 32)  # type: ignore[arg-type]
    await w3.provider.disconnect()


async def test_web3_sends_estimates_and_calls(client: Client) -> None:
    w3 = AsyncWeb3(AsyncHTTPProvider(client.url))
    sender, to = w3.to_checksum_address(SENDER), w3.to_checksum_address(CONTRACT)
    assert await w3.eth.get_balance(sender) == 10**18 + 2
    assert await w3.eth.estimate_gas({"from": sender, "to": to, "value": 1}) == 21_000
    assert int.from_bytes(await w3.eth.call({"to": to}), "big") == 42
    with pytest.raises(ContractLogicError, match="execution reverted: no"):
        await w3.eth.call({"to": w3.to_checksum_address(REVERTING)})
    history = await w3.eth.fee_history(2, "latest", [10.0, 50.0])
    assert len(history["reward"]) == 2
    transaction = signed(TransactionType.DYNAMIC_FEE, 7)
    assert bytes(await w3.eth.send_raw_transaction(transaction.raw)) == transaction.hash
    assert len(await w3.eth.get_logs({"fromBlock": 1, "toBlock": 1, "topics": [None, "0x" + "bb" * 32]})) == 5
    await w3.provider.disconnect()


async def test_web3_follows_new_heads(server: RpcServer, chain: FakeChain) -> None:
    port = await server.start("127.0.0.1", 0)
    async with AsyncWeb3(WebSocketProvider(f"ws://127.0.0.1:{port}/")) as w3:
        await w3.eth.subscribe("newHeads")
        block_hash = chain.append([])
        server.events.publish_heads([block_hash])
        async with asyncio.timeout(PATIENT_SECONDS):
            async for message in w3.socket.process_subscriptions():
                assert bytes(message["result"]["hash"]) == block_hash  # type: ignore[typeddict-item]
                break
