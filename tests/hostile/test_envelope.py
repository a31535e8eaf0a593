"""What is no JSON, no request, or no method here gets the one code that the specification has for it."""

import json
from typing import Any, Final

import pytest

from tests.hostile.target import Target, call, code_of

PARSE, INVALID, METHOD, PARAMS = -32700, -32600, -32601, -32602

NO_JSON: Final[dict[str, bytes]] = {
    "nothing": b"",
    "blanks": b" \t\r\n ",
    "open object": b"{",
    "closed object": b"}",
    "open array": b"[",
    "half a literal": b"nul",
    "single quotes": b"{'jsonrpc': '2.0'}",
    "trailing comma": b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId",}',
    "trailing comma in a batch": b'[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},]',
    "two values": b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}{}',
    "text behind": b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"} and more',
    "comment": b'/* */ {"jsonrpc":"2.0","id":1,"method":"eth_chainId"}',
    "byte order mark": b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}',
    "utf-16": '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'.encode("utf-16"),
    "no utf-8": b'{"jsonrpc":"2.0","id":1,"method":"eth_\xff\xfe"}',
    "truncated utf-8": b'{"jsonrpc":"2.0","id":1,"method":"eth_\xe2\x82"}',
    "overlong utf-8": b'{"jsonrpc":"2.0","id":1,"method":"\xc0\xaf"}',
    "lone surrogate": b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}',
    "NaN": b'{"jsonrpc":"2.0","id":NaN,"method":"eth_chainId"}',
    "Infinity": b'{"jsonrpc":"2.0","id":-Infinity,"method":"eth_chainId"}',
    "leading zero": b'{"jsonrpc":"2.0","id":01,"method":"eth_chainId"}',
    "hexadecimal number": b'{"jsonrpc":"2.0","id":0x1,"method":"eth_chainId"}',
    "bare control character": b'{"jsonrpc":"2.0","id":1,"method":"eth\n_chainId"}',
    "bad escape": b'{"jsonrpc":"2.0","id":1,"method":"\\x41"}',
    "nul bytes": b"\0" * 1_000,
    "nested too deep": b"[" * 100_000 + b"]" * 100_000,
    "five million brackets": b"[" * 5_000_000,
    "five million braces": b'{"a":' * 1_000_000,
    "form data": b"jsonrpc=2.0&id=1&method=eth_chainId",
    "xml": b"<methodCall><methodName>eth_chainId</methodName></methodCall>",
    "random bytes": bytes(range(256)) * 16,
}
NO_REQUEST: Final[dict[str, Any]] = {
    "number": 1,
    "text": "eth_chainId",
    "null": None,
    "true": True,
    "empty object": {},
    "empty batch": [],
    "version missing": {"id": 1, "method": "eth_chainId"},
    "version 1.0": {"jsonrpc": "1.0", "id": 1, "method": "eth_chainId"},
    "version a number": {"jsonrpc": 2.0, "id": 1, "method": "eth_chainId"},
    "version a list": {"jsonrpc": ["2.0"], "id": 1, "method": "eth_chainId"},
    "method missing": {"jsonrpc": "2.0", "id": 1},
    "method a number": {"jsonrpc": "2.0", "id": 1, "method": 1},
    "method null": {"jsonrpc": "2.0", "id": 1, "method": None},
    "method a list": {"jsonrpc": "2.0", "id": 1, "method": ["eth_chainId"]},
    "method an object": {"jsonrpc": "2.0", "id": 1, "method": {"name": "eth_chainId"}},
    "id an object": {"jsonrpc": "2.0", "id": {}, "method": "eth_chainId"},
    "id a list": {"jsonrpc": "2.0", "id": [1], "method": "eth_chainId"},
    "id a truth value": {"jsonrpc": "2.0", "id": True, "method": "eth_chainId"},
    "a response": {"jsonrpc": "2.0", "id": 1, "result": "0x1"},
}
NO_METHOD: Final[dict[str, str]] = {
    "unknown": "eth_doesNotExist",
    "empty": "",
    "blank behind": "eth_chainId ",
    "upper case": "ETH_CHAINID",
    "no prefix": "chainId",
    "Python's own": "__class__",
    "a path": "../../etc/passwd",
    "nul inside": "eth_chain\0Id",
    "a million letters": "x" * 1_000_000,
    "right to left": "\u202edIniahc_hte",
    "of the engine": "engine_newPayloadV4",
    "of the admin port": "admin_stopSequencer",
    "of the sandbox": "evm_mine",
    "of the simulated L1": "sim_reorg",
    "subscription over HTTP": "eth_subscribe",
}


@pytest.mark.parametrize("name", NO_JSON)
def test_what_is_no_json_is_a_parse_error(target: Target, name: str) -> None:
    answer = target.post(NO_JSON[name])
    assert answer.status_code == 200
    assert code_of(answer.json()) == PARSE
    assert answer.json()["id"] is None


@pytest.mark.parametrize("name", NO_REQUEST)
def test_json_that_is_no_request_is_invalid(target: Target, name: str) -> None:
    answer = target.ask(NO_REQUEST[name])
    assert code_of(answer) == INVALID
    given = NO_REQUEST[name]
    expected = given.get("id") if isinstance(given, dict) and isinstance(given.get("id"), int) else None
    assert answer["id"] == (None if expected is True else expected)


@pytest.mark.parametrize("name", NO_METHOD)
def test_unknown_methods_are_not_found_and_not_repeated_at_length(target: Target, name: str) -> None:
    answer = target.ask(call(NO_METHOD[name], *(["newHeads"] if "subscri" in NO_METHOD[name] else [])))
    assert code_of(answer) == METHOD
    assert len(answer["error"]["message"]) < 400


@pytest.mark.parametrize("params", [{}, {"block": "latest"}, "latest", 1, True, 1.5], ids=repr)
def test_parameters_that_are_no_array_are_refused(target: Target, params: Any) -> None:
    assert code_of(target.ask({"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": params})) == PARAMS


@pytest.mark.parametrize(
    "call_id", [0, -1, 2**53, 1.5, "", "x" * 10_000, "\u0000", "é", None], ids=lambda one: repr(one)[:20]
)
def test_the_id_comes_back_as_it_was_sent(target: Target, call_id: Any) -> None:
    assert target.ask(call("eth_chainId", call_id=call_id))["id"] == call_id


def test_each_member_of_a_batch_gets_its_own_code(target: Target) -> None:
    batch = [
        1,
        call("eth_chainId", call_id="a"),
        {},
        call("nope", call_id="b"),
        call("eth_getBalance", 1, call_id="c"),
        [],
    ]
    assert [code_of(answer) for answer in target.ask(batch)] == [INVALID, 0, INVALID, METHOD, PARAMS, INVALID]
    assert [answer["id"] for answer in target.ask(batch)] == [None, "a", None, "b", "c", None]


@pytest.mark.parametrize(
    "message", [{"jsonrpc": "2.0", "method": "eth_chainId"}, [{"jsonrpc": "2.0", "method": "no"}] * 3]
)
def test_notifications_are_not_answered(target: Target, message: Any) -> None:
    assert target.post(json.dumps(message).encode()).content == b""


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 405),
        ("PUT", {"content-type": "application/json"}, 405),
        ("DELETE", {}, 405),
        ("PATCH", {"content-type": "application/json"}, 405),
        ("POST", {}, 415),
        ("POST", {"content-type": "text/plain"}, 415),
        ("POST", {"content-type": "multipart/form-data; boundary=x"}, 415),
        ("POST", {"content-type": "application/json", "host": "evil.example"}, 403),
        ("POST", {"content-type": "application/json", "host": "127.0.0.1.evil.example:80"}, 403),
        ("POST", {"content-type": "application/json", "host": "[::1"}, 403),
    ],
)
def test_what_http_itself_forbids_never_reaches_a_method(
    target: Target, method: str, headers: dict[str, str], status: int
) -> None:
    body = json.dumps(call("eth_chainId")).encode()
    answer = target.http.request(method, target.url, content=body, headers=headers)
    assert answer.status_code == status
    assert b"0x" not in answer.content


def test_pages_of_others_may_not_read_answers(target: Target) -> None:
    answer = target.post(json.dumps(call("eth_chainId")).encode(), origin="https://evil.example")
    assert "access-control-allow-origin" not in answer.headers
