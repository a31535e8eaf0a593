"""State, calls and fees: which block is asked, and how failures read."""

import pytest

from rpc.views.hexadecimal import word
from state.execution.port import BlockOverrides
from state.transactions import TransactionType
from tests.unit.rpc.conftest import Client, fields
from tests.unit.rpc.fake_chain import CONTRACT, REASON, REVERTING, SENDER, FakeChain, signed

ME, TO = "0x" + SENDER.hex(), "0x" + CONTRACT.hex()
REVERTS = "0x" + REVERTING.hex()


@pytest.mark.parametrize(("tag", "number"), [("latest", 2), ("pending", 2), ("safe", 1), ("0x1", 1), ("earliest", 0)])
async def test_reads_state_at_the_selected_block(client: Client, tag: str, number: int) -> None:
    assert await client.call("eth_getBalance", ME, tag) == hex(10**18 + number)


async def test_reads_state_by_block_hash(client: Client, chain: FakeChain) -> None:
    selector = {"blockHash": "0x" + chain.canonical[1].hex(), "requireCanonical": True}
    assert await client.call("eth_getTransactionCount", ME, selector) == "0x1"
    assert await client.call("eth_getTransactionCount", ME, selector["blockHash"]) == "0x1"


async def test_unknown_block_of_a_state_question_is_an_error(client: Client, chain: FakeChain) -> None:
    assert await client.error("eth_getBalance", ME, "0xffff") == {"code": -32000, "message": "header not found"}
    error = await client.error("eth_call", {"to": TO}, "0x" + "de" * 32)
    assert error == {"code": -32000, "message": "header for hash not found"}
    (old,) = chain.fork(1)
    selector = {"blockHash": "0x" + old.hex(), "requireCanonical": True}
    assert "is not currently canonical" in (await client.error("eth_getCode", ME, selector))["message"]


async def test_pending_nonce_comes_from_the_pool_when_it_holds_transactions(client: Client, chain: FakeChain) -> None:
    assert await client.call("eth_getTransactionCount", ME, "pending") == "0x2"
    chain.admit(signed(TransactionType.DYNAMIC_FEE, 5))
    assert await client.call("eth_getTransactionCount", ME, "pending") == "0x6"
    assert await client.call("eth_getTransactionCount", ME, "latest") == "0x2"


async def test_reads_code_and_storage(client: Client) -> None:
    assert await client.call("eth_getCode", TO) == "0x602a"
    assert await client.call("eth_getCode", ME) == "0x"
    assert await client.call("eth_getStorageAt", TO, "0x0", "latest") == word(1)
    assert await client.call("eth_getStorageAt", TO, "0x" + "00" * 32, "latest") == word(1)


async def test_reads_many_slots_at_once(client: Client) -> None:
    values = await client.call("eth_getStorageValues", {TO: ["0x0", "0x" + "00" * 31 + "07"], ME: []})
    assert values == {TO: [word(1), word(8)], ME: []}
    error = await client.error("eth_getStorageValues", {"0x1": []})
    assert error["message"].startswith("invalid argument 0: slots: address: hex string has length 1")
    assert (await client.error("eth_getStorageValues", {TO: ["0x0"] * 1_025}))["code"] == -32602
    for nothing in ({}, {TO: []}):
        assert await client.error("eth_getStorageValues", nothing) == {"code": -32602, "message": "empty request"}


async def test_proof_echoes_each_key_in_the_form_it_came_in(client: Client) -> None:
    proof = await client.call("eth_getProof", TO, ["0x0", "0x" + "00" * 31 + "07"], "latest")
    assert [entry["key"] for entry in proof["storageProof"]] == ["0x0", word(7)]
    assert set(proof) == fields("address accountProof balance codeHash nonce storageHash storageProof")


async def test_call_returns_the_output(client: Client) -> None:
    assert await client.call("eth_call", {"to": TO, "data": "0x"}, "latest") == word(42)


async def test_call_applies_state_overrides(client: Client) -> None:
    assert await client.call("eth_call", {"to": TO}, "latest", {TO: {"code": "0x1234", "balance": "0x1"}}) == "0x1234"


async def test_calls_and_estimates_hand_block_overrides_on(client: Client, chain: FakeChain) -> None:
    block = {"number": "0x5", "gasLimit": "0x30d40"}
    await client.call("eth_call", {"to": TO}, "latest", None, block)
    await client.call("eth_estimateGas", {"to": TO}, "latest", {}, block)
    assert chain.block_overrides == [BlockOverrides(number=5, gas_limit=200_000)] * 2
    assert [message.gas_limit for message in chain.calls] == [50_000_000, 200_000]


async def test_estimate_without_a_block_is_at_the_next_blocks_time(client: Client, chain: FakeChain) -> None:
    head = await client.call("eth_getBlockByNumber", "latest", False)
    await client.call("eth_estimateGas", {"to": TO})
    await client.call("eth_estimateGas", {"to": TO}, "latest")
    assert chain.block_overrides == [BlockOverrides(timestamp=int(head["timestamp"], 16) + 2), None]


async def test_a_call_s_fees_are_read_against_the_overridden_base_fee(client: Client, chain: FakeChain) -> None:
    await client.call("eth_call", {"to": TO, "maxPriorityFeePerGas": "0x2"}, "latest", None, {"baseFeePerGas": "0x5"})
    assert chain.calls[-1].gas_price == 7


async def test_call_reverts_with_code_3_reason_and_data(client: Client) -> None:
    expected = {"code": 3, "message": "execution reverted: no", "data": "0x" + REASON.hex()}
    assert await client.error("eth_call", {"to": REVERTS}, "latest") == expected
    assert await client.error("eth_estimateGas", {"to": REVERTS}) == expected


async def test_call_fails_in_the_evms_words(client: Client) -> None:
    assert await client.error("eth_call", {"to": TO, "gas": "0x1"}) == {"code": -32000, "message": "out of gas"}


async def test_call_gas_is_capped(client: Client, chain: FakeChain) -> None:
    await client.call("eth_call", {"to": TO, "gas": "0x7fffffffffffffff"})
    await client.call("eth_call", {"to": TO})
    assert [message.gas_limit for message in chain.calls] == [50_000_000] * 2


async def test_estimate_starts_from_the_blocks_gas_limit_unless_the_call_names_one(
    client: Client, chain: FakeChain
) -> None:
    await client.call("eth_estimateGas", {"to": TO})
    await client.call("eth_estimateGas", {"to": TO, "gas": "0x7530"})
    assert [message.gas_limit for message in chain.calls] == [20_000_000, 30_000]


@pytest.mark.parametrize(
    ("priced", "price"),
    [
        ({}, 0),
        ({"gasPrice": "0x77359400"}, 2 * 10**9),
        ({"maxFeePerGas": "0xb2d05e00", "maxPriorityFeePerGas": "0x1"}, 10**9 + 1),
        ({"maxPriorityFeePerGas": "0x1"}, 10**9 + 1),
        ({"maxFeePerGas": "0x0"}, 0),
    ],
)
async def test_call_pays_the_price_that_its_fees_say(
    client: Client, chain: FakeChain, priced: dict[str, str], price: int
) -> None:
    await client.call("eth_call", {"to": TO, **priced})
    assert chain.calls[0].gas_price == price


async def test_call_below_the_base_fee_is_refused_in_geths_words(client: Client) -> None:
    error = await client.error("eth_call", {"to": TO, "maxFeePerGas": "0x1"})
    assert error["code"] == -32000
    assert error["message"].startswith("max fee per gas less than block base fee")


async def test_call_for_another_chain_is_refused(client: Client) -> None:
    error = await client.error("eth_estimateGas", {"to": TO, "chainId": "0x1"})
    assert error["code"] == -32602
    assert "chainId does not match node's" in error["message"]


async def test_send_passes_pool_errors_on_in_geths_words(client: Client) -> None:
    stale = signed(TransactionType.DYNAMIC_FEE, 0)
    assert await client.error("eth_sendRawTransaction", "0x" + stale.raw.hex()) == {
        "code": -32000,
        "message": "nonce too low",
    }
    fresh = signed(TransactionType.DYNAMIC_FEE, 5)
    assert await client.call("eth_sendRawTransaction", "0x" + fresh.raw.hex()) == "0x" + fresh.hash.hex()
    assert (await client.error("eth_sendRawTransaction", "0x1234"))["code"] == -32000


async def test_suggested_fees_are_base_fee_and_tip(client: Client) -> None:
    assert await client.call("eth_maxPriorityFeePerGas") == hex(1_000_000)
    assert await client.call("eth_gasPrice") == hex(1_001_000_000)
    assert await client.call("eth_baseFee") == hex(1_000_000_001)
    assert await client.call("eth_blobBaseFee") == "0x1"


async def test_fee_history_has_one_more_base_fee_than_blocks(client: Client) -> None:
    history = await client.call("eth_feeHistory", "0x2", "latest", [0, 50, 100])
    assert history["oldestBlock"] == "0x1"
    assert history["baseFeePerGas"] == [hex(10**9), hex(10**9), hex(10**9 + 1)]
    assert len(history["gasUsedRatio"]) == 2
    assert history["reward"][0] == ["0x0", "0xf4240", hex(2_000_000_000)]
    assert history["reward"][1] == ["0x0"] * 3


async def test_fee_history_is_cut_at_genesis_and_takes_decimal_counts(client: Client) -> None:
    history = await client.call("eth_feeHistory", 10, "latest")
    assert history["oldestBlock"] == "0x0"
    assert len(history["gasUsedRatio"]) == 3
    assert "reward" not in history


async def test_fee_history_without_percentiles_has_no_rewards(client: Client) -> None:
    assert await client.call("eth_feeHistory", "0x2", "latest", []) == await client.call("eth_feeHistory", 2, "pending")
    assert (await client.call("eth_feeHistory", "0x0", "latest", [50]))["gasUsedRatio"] == []
    nothing = await client.call("eth_feeHistory", "0x1", "earliest", [0, 100])
    assert (nothing["reward"], len(nothing["baseFeePerGas"])) == ([["0x0", "0x0"]], 2)  # a deposit pays no tip


@pytest.mark.parametrize("percentiles", [[90, 10], [-1], [101], [1] * 101])
async def test_fee_history_refuses_bad_percentiles(client: Client, percentiles: list[int]) -> None:
    error = await client.error("eth_feeHistory", "0x2", "latest", percentiles)
    assert error["code"] == -32602
    assert "invalid reward percentile" in error["message"]


async def test_fee_history_beyond_the_head_is_an_error(client: Client) -> None:
    error = await client.error("eth_feeHistory", "0x2", "0xff", [])
    assert error == {"code": -32000, "message": "request beyond head block: requested 255, head 2"}
