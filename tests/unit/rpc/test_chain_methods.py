"""Blocks, transactions, receipts and raw encodings, in geth's and op-geth's JSON."""

import orjson
import pytest

from rpc.blocks import RecentlyUsed, RenderedJson
from rpc.views.blocks import block_size
from state.blocks import Header, Receipt
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.transactions import TransactionType
from tests.unit.rpc.conftest import Client, fields
from tests.unit.rpc.fake_chain import CHAIN_ID, CONTRACT, DEPOSIT, RECIPIENT, SENDER, FakeChain, signed

UNKNOWN = "0x" + "de" * 32


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


async def test_names_the_chain(client: Client) -> None:
    assert await client.call("eth_chainId") == hex(CHAIN_ID)
    assert await client.call("net_version") == str(CHAIN_ID)
    assert await client.call("eth_blockNumber") == "0x2"
    assert await client.call("eth_syncing") is False
    assert await client.call("eth_accounts") == []
    assert await client.call("net_peerCount") == "0x3"
    assert await client.call("net_listening") is True
    assert await client.call("web3_sha3", "0x") == _hex(keccak256(b""))
    assert (await client.call("rpc_modules"))["optimism"] == "1.0"


async def test_block_has_geths_fields_and_no_others(client: Client, chain: FakeChain) -> None:
    block = await client.call("eth_getBlockByNumber", "0x1", False)
    view = chain.views[chain.canonical[1]]
    assert block["hash"] == _hex(view.hash)
    assert block["transactions"] == [_hex(entry) for entry in view.transaction_hashes]
    assert block["size"] == hex(block_size(view))
    assert (block["difficulty"], block["nonce"], block["uncles"], block["withdrawals"]) == (
        "0x0",
        "0x" + "00" * 8,
        [],
        [],
    )
    assert set(block) == fields(
        "baseFeePerGas blobGasUsed difficulty excessBlobGas extraData gasLimit gasUsed hash logsBloom miner mixHash "
        "nonce number parentBeaconBlockRoot parentHash receiptsRoot requestsHash sha3Uncles size stateRoot timestamp "
        "transactions transactionsRoot uncles withdrawals withdrawalsRoot"
    )


async def test_header_is_the_block_without_its_body(client: Client, chain: FakeChain) -> None:
    block = await client.call("eth_getBlockByNumber", "0x1", False)
    header = {key: block[key] for key in block.keys() - fields("size transactions uncles withdrawals")}
    assert await client.call("eth_getHeaderByNumber", "0x1") == header
    assert await client.call("eth_getHeaderByHash", block["hash"]) == header
    assert await client.call("eth_getHeaderByNumber", "0x99") is None
    assert await client.call("eth_getHeaderByHash", UNKNOWN) is None
    pending = await client.call("eth_getHeaderByNumber", "pending")
    assert (pending["number"], pending["hash"]) == ("0x3", None)


@pytest.mark.parametrize(("tag", "number"), [("latest", 2), ("safe", 1), ("finalized", 0), ("earliest", 0), ("0x1", 1)])
async def test_finds_blocks_by_tag_and_number(client: Client, tag: str, number: int) -> None:
    assert (await client.call("eth_getBlockByNumber", tag, False))["number"] == hex(number)


async def test_unknown_blocks_and_transactions_are_null(client: Client) -> None:
    assert await client.call("eth_getBlockByNumber", "0xffffffff", False) is None
    assert await client.call("eth_getBlockByHash", UNKNOWN, True) is None
    assert await client.call("eth_getBlockReceipts", UNKNOWN) is None
    assert await client.call("eth_getTransactionByHash", UNKNOWN) is None
    assert await client.call("eth_getTransactionReceipt", UNKNOWN) is None
    assert await client.call("eth_getBlockTransactionCountByNumber", "0x9") is None
    assert await client.call("eth_getUncleCountByBlockHash", UNKNOWN) is None
    assert await client.call("eth_getTransactionByBlockNumberAndIndex", "0x1", "0x999") is None
    assert await client.call("eth_getRawTransactionByHash", UNKNOWN) is None


async def test_pending_block_has_no_hash_and_shows_the_pool(client: Client, chain: FakeChain) -> None:
    transaction = signed(TransactionType.DYNAMIC_FEE, 9)
    chain.admit(transaction)
    block = await client.call("eth_getBlockByNumber", "pending", False)
    assert (block["hash"], block["nonce"], block["miner"]) == (None, None, None)
    assert block["number"] == "0x3"
    assert block["parentHash"] == _hex(chain.canonical[-1])
    assert block["transactions"] == [_hex(transaction.hash)]
    full = await client.call("eth_getBlockByNumber", "pending", True)
    assert full["transactions"][0]["blockHash"] is None
    assert await client.call("eth_getBlockTransactionCountByNumber", "pending") == "0x1"


async def test_pending_block_stops_at_the_gas_limit(client: Client, chain: FakeChain) -> None:
    for nonce in range(9, 12):
        chain.admit(signed(TransactionType.DYNAMIC_FEE, nonce, gas_limit=9_000_000))
    assert len((await client.call("eth_getBlockByNumber", "pending", False))["transactions"]) == 2


async def test_deposit_has_op_geths_fields(client: Client, chain: FakeChain) -> None:
    deposit = await client.call("eth_getTransactionByBlockNumberAndIndex", "0x1", "0x0")
    assert deposit["type"] == "0x7e"
    assert deposit["sourceHash"] == _hex(keccak256(b"\x01"))
    assert deposit["from"] == _hex(DEPOSIT.sender)
    assert (deposit["mint"], deposit["isSystemTx"], deposit["depositReceiptVersion"]) == ("0x5", False, "0x1")
    assert deposit["nonce"] == "0x1"
    assert [deposit[key] for key in ("v", "r", "s", "yParity", "gasPrice")] == ["0x0"] * 5
    assert "chainId" not in deposit


async def test_each_type_has_its_own_fields(client: Client) -> None:
    block = await client.call("eth_getBlockByNumber", "0x1", True)
    _deposit, legacy, access_list, dynamic, set_code, creation = block["transactions"]
    shared = fields(
        "blockHash blockNumber blockTimestamp transactionIndex hash from type gas input to value nonce gasPrice v r s "
        "chainId"
    )
    assert set(legacy) == shared
    assert set(access_list) == shared | {"accessList", "yParity"}
    assert set(dynamic) == shared | {"accessList", "yParity", "maxFeePerGas", "maxPriorityFeePerGas"}
    assert set(set_code) == set(dynamic) | {"authorizationList"}
    assert dynamic["gasPrice"] == hex(1_000_000_000 + 1_000_000)
    assert legacy["v"] in (hex(35 + 2 * CHAIN_ID), hex(36 + 2 * CHAIN_ID))
    assert set_code["authorizationList"][0] == {
        "chainId": hex(CHAIN_ID),
        "address": _hex(CONTRACT),
        "nonce": "0x7",
        "yParity": "0x1",
        "r": "0x2",
        "s": "0x3",
    }
    assert creation["to"] is None


async def test_pool_transaction_has_no_place_and_its_fee_cap_as_price(client: Client, chain: FakeChain) -> None:
    transaction = signed(TransactionType.DYNAMIC_FEE, 9)
    chain.admit(transaction)
    pooled = await client.call("eth_getTransactionByHash", _hex(transaction.hash))
    assert [pooled[key] for key in ("blockHash", "blockNumber", "transactionIndex")] == [None] * 3
    assert pooled["gasPrice"] == hex(3_000_000_000)
    assert await client.call("eth_getRawTransactionByHash", _hex(transaction.hash)) == _hex(transaction.raw)


async def test_receipt_splits_cumulative_gas_and_counts_logs_over_the_block(client: Client, chain: FakeChain) -> None:
    view = chain.views[chain.canonical[1]]
    receipt = await client.call("eth_getTransactionReceipt", _hex(view.transaction_hashes[2]))
    assert receipt["gasUsed"] == hex(21_000)
    assert receipt["cumulativeGasUsed"] == hex(50_000 + 2 * 21_000)
    assert [log["logIndex"] for log in receipt["logs"]] == ["0x2", "0x3"]
    assert receipt["logs"][0]["blockTimestamp"] == hex(view.header.timestamp)
    assert (receipt["status"], receipt["type"], receipt["contractAddress"]) == ("0x1", "0x1", None)
    assert (receipt["from"], receipt["to"]) == (_hex(SENDER), _hex(RECIPIENT))


async def test_receipt_has_l1_fee_fields_on_a_rollup(client: Client, chain: FakeChain) -> None:
    deposit, legacy, *_rest = await client.call("eth_getBlockReceipts", "0x1")
    assert (legacy["l1Fee"], legacy["l1GasPrice"], legacy["l1GasUsed"]) == ("0x63", "0x7", "0x640")
    assert "operatorFeeScalar" not in legacy
    assert (deposit["depositNonce"], deposit["depositReceiptVersion"]) == ("0x1", "0x1")
    assert "l1Fee" not in deposit
    assert deposit["effectiveGasPrice"] == "0x0"


async def test_receipt_of_a_creation_names_the_contract(client: Client, chain: FakeChain) -> None:
    *_rest, creation = await client.call("eth_getBlockReceipts", "0x1")
    assert creation["contractAddress"] == _hex(keccak256(rlp.encode([SENDER, b"\x04"]))[12:])


async def test_raw_encodings_hash_to_what_the_header_says(client: Client, chain: FakeChain) -> None:
    view = chain.views[chain.canonical[1]]
    header = bytes.fromhex((await client.call("debug_getRawHeader", "0x1"))[2:])
    assert Header.decode(header).hash == view.hash
    block = bytes.fromhex((await client.call("debug_getRawBlock", "0x1"))[2:])
    decoded = rlp.decode_list(block)
    assert len(decoded) == 4
    assert len(decoded[1]) == 6
    receipts = await client.call("debug_getRawReceipts", "0x1")
    assert Receipt.decode(bytes.fromhex(receipts[0][2:])).deposit_nonce == 1
    raw = await client.call("debug_getRawTransaction", _hex(view.transaction_hashes[1]))
    assert keccak256(bytes.fromhex(raw[2:])) == view.transaction_hashes[1]
    assert (await client.error("debug_getRawBlock", "latest1"))["code"] == -32602


async def test_uncles_are_zero_for_blocks_that_exist(client: Client, chain: FakeChain) -> None:
    assert await client.call("eth_getUncleCountByBlockNumber", "latest") == "0x0"
    assert await client.call("eth_getUncleCountByBlockHash", _hex(chain.canonical[0])) == "0x0"
    assert await client.call("eth_getUncleByBlockNumberAndIndex", "latest", "0x0") is None


async def test_blocks_have_no_access_lists(client: Client) -> None:
    assert await client.call("eth_getBlockAccessList", "0x1") is None
    assert await client.call("debug_getRawBlockAccessList", "latest") == "0x"
    assert (await client.error("debug_getRawBlockAccessList", "0x99"))["code"] == -32000


async def test_block_off_the_canonical_chain_is_still_found_by_hash(client: Client, chain: FakeChain) -> None:
    (old,) = chain.fork(1)
    chain.append([], salt=b"other")
    assert (await client.call("eth_getBlockByHash", _hex(old), False))["hash"] == _hex(old)
    assert (await client.call("eth_getBlockByNumber", "latest", False))["hash"] == _hex(chain.canonical[-1])


async def test_rollup_methods_answer_from_the_rollup(client: Client) -> None:
    assert (await client.call("optimism_syncStatus"))["unsafe_l2"] == {"number": 2}
    assert (await client.call("optimism_outputAtBlock", "0x1"))["blockRef"] == {"number": 1}
    assert (await client.call("optimism_rollupConfig"))["l2_chain_id"] == CHAIN_ID
    assert await client.call("optimism_version") == "OpenLedger/0.1.0/test/python"


def test_rendered_json_is_kept_within_its_bytes() -> None:
    rendered, made = RenderedJson(10), []

    def text(name: str, length: int) -> bytes:
        return orjson.dumps(rendered.get(name, lambda: made.append(name) or "x" * (length - 2)))

    assert text("a", 6) == b'"xxxx"'
    text("b", 4)
    text("a", 6)
    text("c", 4)  # "b" was used least recently
    text("a", 6)
    text("huge", 11)
    text("a", 6)
    assert made == ["a", "b", "c", "huge"]
    text("b", 4)
    assert made[-1] == "b"


def test_recently_used_forgets_the_oldest_and_never_remembers_nothing() -> None:
    loads: list[int] = []
    cache: RecentlyUsed[int, str] = RecentlyUsed(2)
    for key in (1, 2, 1, 3, 1, 2):
        cache.get(key, lambda key: loads.append(key) or str(key))
    assert loads == [1, 2, 3, 2]
    assert cache.get(9, lambda _key: None) is None
    assert cache.get(9, str) == "9"
