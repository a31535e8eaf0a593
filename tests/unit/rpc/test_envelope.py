"""The JSON-RPC 2.0 envelope: every malformed request gets the code that the specification names."""

from typing import Any

import pytest

from tests.unit.rpc.conftest import Client
from tests.unit.rpc.fake_chain import BROKEN, FakeChain

CALL = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}


@pytest.mark.parametrize("call_id", [1, 0, -5, 1.5, "abc", "", None])
async def test_echoes_any_legal_id(client: Client, call_id: Any) -> None:
    assert (await client.post({**CALL, "id": call_id})) == {"jsonrpc": "2.0", "id": call_id, "result": "0x27613"}


async def test_accepts_missing_params(client: Client) -> None:
    assert (await client.post({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}))["result"] == "0x27613"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nonsense", b'{"id": NaN}', b"\xff\xfe", b"[" * 5_000, b'"\\ud800"', b"1e999"]
)
async def test_answers_parse_error_for_what_is_no_json(client: Client, body: bytes) -> None:
    answer = await client.post(body)
    assert answer["error"]["code"] == -32700
    assert answer["id"] is None


@pytest.mark.parametrize(
    "body",
    [
        1,
        "eth_chainId",
        None,
        True,
        {},
        [],
        {**CALL, "jsonrpc": "1.0"},
        {"id": 1, "method": "eth_chainId"},
        {**CALL, "method": 5},
        {**CALL, "id": {}},
        {**CALL, "id": []},
        {**CALL, "id": True},
    ],
)
async def test_answers_invalid_request_for_json_that_is_no_request(client: Client, body: Any) -> None:
    answer = await client.post(body)
    assert answer["error"]["code"] == -32600


async def test_names_the_unknown_method_in_geths_words(client: Client) -> None:
    error = await client.error("eth_nope")
    assert error == {"code": -32601, "message": "the method eth_nope does not exist/is not available"}


async def test_refuses_params_that_are_an_object(client: Client) -> None:
    answer = await client.post({**CALL, "params": {"a": 1}})
    assert answer["error"]["code"] == -32602


async def test_refuses_more_params_than_the_method_takes(client: Client) -> None:
    error = await client.error("eth_chainId", 1)
    assert error == {"code": -32602, "message": "too many arguments, want at most 0"}


async def test_gives_a_notification_no_answer(client: Client) -> None:
    assert await client.post({"jsonrpc": "2.0", "method": "eth_chainId"}) is None


async def test_answers_a_batch_member_by_member(client: Client) -> None:
    notification = {"jsonrpc": "2.0", "method": "eth_chainId"}
    batch = [CALL, 5, {**CALL, "id": 2, "method": "nope_nope"}, notification, {**CALL, "id": "x", "params": [1]}]
    answers = await client.post(batch)
    assert [answer["id"] for answer in answers] == [1, None, 2, "x"]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32600, -32601, -32602]


async def test_gives_a_batch_of_notifications_no_answer(client: Client) -> None:
    assert await client.post([{"jsonrpc": "2.0", "method": "eth_chainId"}] * 3) is None


async def test_refuses_a_batch_over_the_limit_as_a_whole(client: Client) -> None:
    answer = await client.post([CALL] * 101)
    assert answer["error"]["code"] == -32600
    assert "batch too large" in answer["error"]["message"]


async def test_runs_the_calls_of_a_batch_in_order(client: Client, chain: FakeChain) -> None:
    raws = ["0x01", "0x02", "0x03"]
    await client.post([{**CALL, "method": "eth_sendRawTransaction", "params": [raw]} for raw in raws])
    assert chain.submitted == [b"\x01", b"\x02", b"\x03"]


async def test_reports_a_bug_as_internal_error_and_keeps_serving(client: Client) -> None:
    error = await client.error("eth_getBalance", "0x" + BROKEN.hex())
    assert error == {"code": -32603, "message": "internal error"}
    assert await client.call("eth_chainId") == "0x27613"
