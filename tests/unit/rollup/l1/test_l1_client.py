"""L1Client believes nothing that contradicts the block's hash, and finds a way where an endpoint lacks a method."""

from typing import Any

import pytest

from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1 import L1Client, L1Inconsistent
from state.primitives import rlp
from state.primitives.crypto import keccak256

Endpoint = Any
Served = Any


async def test_reconstructs_raw_transactions_of_types_0_to_3(client: L1Client, served: Served) -> None:
    block = await client.l1_block(5)
    assert list(block.transactions) == served.raws
    assert block.hash == served.header.hash
    assert block.header == served.header
    assert block.blob_base_fee == 1
    assert [receipt.succeeded for receipt in block.receipts] == [True, False, True, True]
    assert [len(receipt.logs) for receipt in block.receipts] == [0, 1, 2, 3]


async def test_unknown_type_is_fetched_raw(client: L1Client, served: Served, endpoint: Endpoint) -> None:
    served.raws[2] = b"\x55" + rlp.encode([b"something", b"new"])
    served.jsons[2] = {"hash": "0x" + keccak256(served.raws[2]).hex(), "type": "0x55"}
    served.__post_init__()
    served.receipt_jsons[2]["type"] = "0x2"
    endpoint.methods["eth_getRawTransactionByHash"] = lambda _hash: "0x" + served.raws[2].hex()
    block = await client.l1_block(5)
    assert block.transactions[2] == served.raws[2]


async def test_asks_again_for_nothing_that_it_knows(client: L1Client, served: Served, endpoint: Endpoint) -> None:
    block = await client.l1_block(5)
    asked = len(endpoint.asked)
    assert await client.l1_block_by_hash(block.hash) is block
    assert await client.block_ref(block.hash) == block.ref
    assert len(endpoint.asked) == asked
    assert await client.l1_block(5) is block
    assert endpoint.asked[asked:] == ["eth_getBlockByNumber"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("timestamp", "0x1", "header"),
        ("gasUsed", "0x1", "header"),
        ("requestsHash", None, "header"),
        ("hash", "0x" + "11" * 32, "header"),
        ("number", "latest", "malformed number"),
        ("miner", "0x00", "malformed miner"),
    ],
)
async def test_refuses_a_header_that_does_not_hash(
    client: L1Client, served: Served, field: str, value: Any, words: str
) -> None:
    served.block[field] = value
    with pytest.raises(L1Inconsistent, match=words):
        await client.block_ref(5)


async def test_refuses_a_block_that_it_did_not_ask_for(client: L1Client, served: Served, endpoint: Endpoint) -> None:
    endpoint.methods["eth_getBlockByNumber"] = lambda which, full: served.block
    with pytest.raises(L1Inconsistent, match="another block"):
        await client.block_ref(6)


async def test_refuses_missing_swapped_or_altered_transactions(client: L1Client, served: Served) -> None:
    first, *rest = served.jsons
    for changed in (rest, [*rest, first], [{**first, "value": "0x6"}, *rest]):
        served.block["transactions"] = changed
        with pytest.raises((L1Rejected, L1Inconsistent)):
            await client.l1_block(5)


async def test_refuses_receipts_that_do_not_match_their_root(client: L1Client, served: Served) -> None:
    served.receipt_jsons[3]["logs"][0]["data"] = "0x34"
    with pytest.raises(L1Inconsistent, match="receipts do not match"):
        await client.l1_block(5)


async def test_takes_single_receipts_where_there_are_no_block_receipts(
    client: L1Client, served: Served, endpoint: Endpoint
) -> None:
    del endpoint.methods["eth_getBlockReceipts"]
    by_hash = {receipt["transactionHash"]: receipt for receipt in served.receipt_jsons}
    endpoint.methods["eth_getTransactionReceipt"] = by_hash.get
    endpoint.reverse_batches = True
    assert len((await client.l1_block(5)).receipts) == 4


async def test_a_missing_receipt_is_temporary(client: L1Client, served: Served, endpoint: Endpoint) -> None:
    endpoint.methods["eth_getBlockReceipts"] = lambda _which: None
    with pytest.raises(L1Unavailable, match="no receipts"):
        await client.l1_block(5)


async def test_header_of_an_older_fork_hashes_over_the_fields_that_it_has(client: L1Client, served: Served) -> None:
    for name in ("requestsHash", "parentBeaconBlockRoot", "excessBlobGas", "blobGasUsed"):
        del served.block[name]
    items = rlp.decode_list(served.header.encode())[:17]
    served.block["hash"] = "0x" + keccak256(rlp.encode(items)).hex()
    reference = await client.block_ref(5)
    assert reference.hash.hex() == served.block["hash"][2:]
    assert reference.number == 5


async def test_header_of_an_unknown_fork_is_taken_from_its_raw_bytes(
    client: L1Client, served: Served, endpoint: Endpoint
) -> None:
    items = [*rlp.decode_list(served.header.encode()), b"\x77" * 32, b"\x05"]
    raw = rlp.encode(items)
    served.block |= {"hash": "0x" + keccak256(raw).hex(), "somethingNew": "0x05"}
    endpoint.methods["debug_getRawHeader"] = lambda _hash: "0x" + raw.hex()
    block = await client.l1_block(5)
    assert block.hash == keccak256(raw)
    assert block.header.timestamp == served.header.timestamp
    endpoint.methods["debug_getRawHeader"] = lambda _hash: "0x" + rlp.encode(items[:-1]).hex()
    with pytest.raises(L1Inconsistent):
        await client.block_ref(5)


async def test_block_that_is_not_there_yet_is_temporary(client: L1Client, served: Served) -> None:
    with pytest.raises(L1Unavailable, match="no block 6"):
        await client.l1_block(6)


async def test_reads_accounts_fees_and_calls(client: L1Client, served: Served, endpoint: Endpoint) -> None:
    endpoint.methods |= {
        "eth_chainId": lambda: "0x384",
        "eth_getBalance": lambda _address, _block: "0xff",
        "eth_getTransactionCount": lambda _address, block: "0x9" if block == "pending" else "0x7",
        "eth_call": lambda message, _block: message["data"],
        "eth_estimateGas": lambda _message: "0x5208",
        "eth_getCode": lambda _address, _block: "0x60",
        "eth_getTransactionReceipt": lambda _hash: None,
    }
    someone = served.header.fee_recipient
    assert await client.chain_id() == 900
    assert await client.balance(someone) == 255
    assert (await client.nonce(someone), await client.pending_nonce(someone)) == (7, 9)
    assert await client.call(someone, b"\x01") == b"\x01"
    assert await client.estimate_gas(sender=someone, to=someone, data=b"") == 21_000
    assert await client.code(someone) == b"\x60"
    assert await client.receipt(served.header.hash) is None
    assert await client.gas_price() == (7, 10**9), "no eth_maxPriorityFeePerGas: a usual tip"
