"""eth_simulateV1, eth_createAccessList and eth_fillTransaction: what is asked of the state and how it is shown."""

import json
from typing import Any

import pytest

from rpc.parameters.simulations import MAX_BLOCK_CALLS, parse_simulation
from state.execution.port import AccountOverride, BlockOverrides
from state.primitives.types import Address
from state.queries import SimulationTooLarge
from state.transactions import TransactionType
from tests.unit.rpc.conftest import Client, fields
from tests.unit.rpc.fake_chain import CONTRACT, REASON, REVERTING, SENDER, FakeChain

ME, TO, REVERTS = "0x" + SENDER.hex(), "0x" + CONTRACT.hex(), "0x" + REVERTING.hex()
HASH = "0x" + "22" * 32


async def test_simulate_hands_on_blocks_overrides_and_flags(client: Client, chain: FakeChain) -> None:
    await client.call(
        "eth_simulateV1",
        {
            "blockStateCalls": [
                {"blockOverrides": {"number": "0x9"}, "stateOverrides": {TO: {"balance": "0x5"}}},
                {"calls": [{"to": TO}], "blockOverrides": None, "stateOverrides": None},
                {},
            ],
            "validation": True,
            "traceTransfers": True,
        },
        "latest",
    )
    (request,) = chain.simulations
    assert (request.validates, request.traces_transfers) == (True, True)
    assert (request.block_time, request.gas_cap) == (2, 50_000_000)
    first, second, third = request.blocks
    assert first.overrides == BlockOverrides(number=9)
    assert first.accounts == {Address(CONTRACT): AccountOverride(balance=5)}
    assert [len(block.calls) for block in (first, second, third)] == [0, 1, 0]


async def test_a_simulated_block_is_shown_as_a_block_with_its_calls(client: Client) -> None:
    (shown,) = await client.call("eth_simulateV1", {"blockStateCalls": [{"calls": [{"from": ME, "to": TO}]}]})
    real = await client.call("eth_getBlockByNumber", "latest", False)
    assert set(shown) == set(real) | {"calls"}
    (call,) = shown["calls"]
    assert {name: call[name] for name in ("status", "returnData", "gasUsed")} == {
        "status": "0x1",
        "returnData": "0x2a",
        "gasUsed": "0x5208",
    }
    (log,) = call["logs"]
    assert (log["blockHash"], log["transactionHash"]) == (shown["hash"], shown["transactions"][0])
    assert (log["logIndex"], log["blockTimestamp"], log["removed"]) == ("0x0", shown["timestamp"], False)


async def test_full_simulated_transactions_lack_only_a_signature(client: Client) -> None:
    calls = [{"from": ME, "to": TO, "maxFeePerGas": "0x7"}, {"from": ME, "to": TO, "gasPrice": "0x7"}]
    payload = {"blockStateCalls": [{"calls": calls}], "returnFullTransactions": True}
    (shown,) = await client.call("eth_simulateV1", payload)
    dynamic, legacy = shown["transactions"]
    assert (dynamic["type"], legacy["type"]) == ("0x2", "0x0")
    for index, transaction in enumerate((dynamic, legacy)):
        assert (transaction["from"], transaction["blockHash"]) == (ME, shown["hash"])
        assert (transaction["transactionIndex"], transaction["nonce"]) == (hex(index), "0x9")
        assert [transaction[name] for name in "vrs"] == ["0x0"] * 3
    assert "chainId" not in legacy


async def test_failed_calls_say_why_with_the_codes_of_the_specification(client: Client) -> None:
    (shown,) = await client.call("eth_simulateV1", {"blockStateCalls": [{"calls": [{"to": REVERTS}, {}]}]})
    reverted, failed = shown["calls"]
    assert reverted["error"] == {"code": 3, "message": "execution reverted: no", "data": "0x" + REASON.hex()}
    assert failed["error"]["code"] == -32015
    assert failed["error"]["message"].startswith("vm execution error: out of gas (gas limit was capped")
    for call in (reverted, failed):
        assert (call["status"], call["returnData"], call["logs"]) == ("0x0", "0x", [])


@pytest.mark.parametrize(
    ("payload", "code", "text"),
    [
        ({}, -32602, "empty input"),
        ({"blockStateCalls": []}, -32602, "empty input"),
        ({"blockStateCalls": [[]]}, -32602, "blockStateCalls[0]: expected an object, got array"),
        ({"blockStateCalls": [{"calls": {}}]}, -32602, "blockStateCalls[0]: calls: expected an array, got object"),
        ({"blockStateCalls": [{"calls": [{"to": "0x1"}]}]}, -32602, "calls[0]: to: hex string has length 1"),
        ({"blockStateCalls": [{}], "validation": "yes"}, -32602, "validation: expected a bool, got string"),
        ({"blockStateCalls": [{"calls": [{"chainId": "0x1"}]}]}, -32602, "chainId does not match node's"),
        ({"blockStateCalls": [{}] * 257}, -38026, "too many blocks"),
    ],
)
async def test_malformed_simulations_are_named(client: Client, payload: Any, code: int, text: str) -> None:
    error = await client.error("eth_simulateV1", payload)
    assert (error["code"], text in error["message"]) == (code, True), error


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ([MAX_BLOCK_CALLS + 1], "too many calls in block: 5001 > 5000"),
        ([MAX_BLOCK_CALLS, MAX_BLOCK_CALLS, 1], "too many calls: 10001 > 10000"),
    ],
)
def test_calls_are_counted_before_they_are_parsed(counts: list[int], text: str) -> None:
    with pytest.raises(SimulationTooLarge, match=text) as refused:
        parse_simulation({"blockStateCalls": [{"calls": ["no call at all"] * count} for count in counts]})
    assert refused.value.rpc_code == -38026


async def test_an_access_list_comes_with_its_gas_and_the_failure_if_any(client: Client, chain: FakeChain) -> None:
    entries = [{"address": TO, "storageKeys": ["0x" + "aa" * 32]}]
    assert await client.call("eth_createAccessList", {"to": TO}) == {"accessList": entries, "gasUsed": "0x59d8"}
    assert (await client.call("eth_createAccessList", {"to": REVERTS}, "latest"))["error"] == "execution reverted"
    assert [message.gas_limit for message in chain.calls] == [50_000_000] * 2


async def test_fill_names_everything_but_a_signature(client: Client) -> None:
    filled = await client.call("eth_fillTransaction", {"from": ME, "to": TO, "value": "0x1"})
    assert set(filled) == {"raw", "tx"}
    expected = "hash type nonce gas gasPrice maxFeePerGas maxPriorityFeePerGas value input to accessList chainId"
    assert set(filled["tx"]) == fields(expected + " v r s yParity")
    assert (filled["tx"]["type"], filled["tx"]["gas"], filled["tx"]["chainId"]) == ("0x2", "0x5208", hex(161299))
    assert filled["raw"].startswith("0x02")
    assert json.dumps([filled["tx"][name] for name in ("v", "r", "s", "yParity")]) == '["0x0", "0x0", "0x0", "0x0"]'


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ({"gasPrice": "0x9"}, TransactionType.LEGACY),
        ({"gasPrice": "0x9", "accessList": [{"address": TO, "storageKeys": [HASH]}]}, TransactionType.ACCESS_LIST),
        ({"maxFeePerGas": "0x9", "maxPriorityFeePerGas": "0x1"}, TransactionType.DYNAMIC_FEE),
    ],
)
async def test_fill_keeps_what_is_named(client: Client, named: dict[str, Any], kind: TransactionType) -> None:
    request = {"from": ME, "to": TO, "gas": "0xc350", "nonce": "0x5", **named}
    filled = (await client.call("eth_fillTransaction", request))["tx"]
    assert int(filled["type"], 16) == kind
    assert {name: filled[name] for name in request if name != "from"} == {
        n: v for n, v in request.items() if n != "from"
    }


async def test_fill_refuses_a_creation_of_nothing(client: Client) -> None:
    error = await client.error("eth_fillTransaction", {"from": ME})
    assert error["message"] == "contract creation without any data provided"
