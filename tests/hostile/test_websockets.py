"""WebSockets that break the protocol, flood, or never read: closed with the right code, the others served meanwhile."""

import json
import socket
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.hostile.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    announced,
    close_code,
    frame,
    handshake,
    read_frame,
    send_all_or_be_cut_off,
    try_handshake,
)
from tests.hostile.target import MEBIBYTE, Target, call, code_of

CHAIN_ID: Final = json.dumps(call("eth_chainId")).encode()


@pytest.fixture
def connection(target: Target) -> Iterator[socket.socket]:
    with handshake(target) as found:
        yield found


@pytest.fixture(autouse=True)
def others_are_served(target: Target) -> Iterator[None]:
    yield
    assert target.height() >= 0
    with handshake(target) as other:
        other.sendall(frame(TEXT, CHAIN_ID))
        assert _answer(other)["result"] == hex(161_299)


def _answer(connection: socket.socket) -> Any:
    """The next message, which is no notification."""
    while True:
        opcode, payload = read_frame(connection)
        assert opcode != CLOSE, payload
        if opcode == TEXT and b"eth_subscription" not in payload:
            return json.loads(payload)


BROKEN: Final[dict[str, tuple[bytes, set[int]]]] = {
    "frame without a mask": (frame(TEXT, CHAIN_ID, masked=False), {1002}),
    "reserved bit one": (frame(TEXT, CHAIN_ID, reserved=0x40), {1002}),
    "reserved bit three": (frame(TEXT, CHAIN_ID, reserved=0x10), {1002}),
    "reserved opcode 3": (frame(3, CHAIN_ID), {1002}),
    "reserved opcode f": (frame(15, b""), {1002}),
    "continuation of nothing": (frame(CONTINUATION, CHAIN_ID), {1002}),
    "text inside of a text": (frame(TEXT, b"[", final=False) + frame(TEXT, b"]"), {1002}),
    "long ping": (frame(PING, bytes(126)), {1002}),
    "ping in parts": (frame(PING, b"", final=False), {1002}),
    "close of one byte": (frame(CLOSE, b"\3"), {1002}),
    "close with a code that may not be sent": (frame(CLOSE, b"\x03\xed"), {1002}),
    "no utf-8": (frame(TEXT, b'{"jsonrpc":"\xff\xfe"}'), {1007}),
    "half a letter": (frame(TEXT, b'"\xe2\x82"'), {1007}),
    "announced exabyte": (announced(TEXT, 1 << 60), {1009, 1002}),
    "announced 2^64 - 1": (announced(BINARY, (1 << 64) - 1), {1009, 1002}),
    "announced 100 MB": (announced(TEXT, 100 * MEBIBYTE), {1009}),
    "announced byte too much": (announced(TEXT, 5 * MEBIBYTE + 1), {1009}),
    "endless parts": (
        b"".join([frame(TEXT, b" " * MEBIBYTE, final=False), *[frame(CONTINUATION, b" " * MEBIBYTE, final=False)] * 7]),
        {1009},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_protocol_closes_the_connection(connection: socket.socket, name: str) -> None:
    sent, codes = BROKEN[name]
    send_all_or_be_cut_off(connection, sent)
    assert close_code(connection) in codes | {1006}


@pytest.mark.parametrize("body", [b"", b"{", b"\0", b"[" * 100_000, b"\xef\xbb\xbf{}"], ids=lambda one: ascii(one)[:12])
def test_what_is_no_json_is_answered_and_the_connection_lives(connection: socket.socket, body: bytes) -> None:
    connection.sendall(frame(TEXT, body) + frame(TEXT, CHAIN_ID))
    answers = [_answer(connection) for _ in range(2)]
    assert sorted(map(code_of, answers)) == [-32700, 0]


def test_binary_frames_are_read_as_text(connection: socket.socket) -> None:
    connection.sendall(frame(BINARY, CHAIN_ID))
    assert code_of(_answer(connection)) == 0


def test_a_message_of_one_byte_frames_is_put_together(connection: socket.socket) -> None:
    first, *middle = (CHAIN_ID[n : n + 1] for n in range(len(CHAIN_ID)))
    empty = frame(CONTINUATION, b"", final=False) * 10_000
    parts = [frame(CONTINUATION, one, final=False) for one in middle]
    connection.sendall(frame(TEXT, first, final=False) + empty + b"".join(parts) + frame(CONTINUATION, b""))
    assert code_of(_answer(connection)) == 0


def test_pings_between_the_parts_of_a_message_are_answered(connection: socket.socket) -> None:
    connection.sendall(frame(TEXT, CHAIN_ID[:5], final=False) + frame(PING, b"still there?"))
    assert read_frame(connection) == (PONG, b"still there?")
    connection.sendall(frame(CONTINUATION, CHAIN_ID[5:]))
    assert code_of(_answer(connection)) == 0


def test_a_flood_of_pings_is_answered_or_cut_off(connection: socket.socket) -> None:
    if send_all_or_be_cut_off(connection, frame(PING, b"x" * 125) * 2_000):
        send_all_or_be_cut_off(connection, frame(TEXT, CHAIN_ID))
        assert read_frame(connection)[0] in (PONG, CLOSE)


def test_a_flood_of_pings_whose_pongs_nobody_reads_is_borne(connection: socket.socket) -> None:
    connection.settimeout(3)
    flood = frame(PING, b"x" * 125) * 10_000
    for _ in range(20):
        if not send_all_or_be_cut_off(connection, flood):
            break


def test_subscriptions_over_the_limit_are_refused(connection: socket.socket) -> None:
    request = json.dumps(call("eth_subscribe", "newHeads")).encode()
    codes = []
    for _ in range(200):
        connection.sendall(frame(TEXT, request))
        codes.append(code_of(_answer(connection)))
    assert codes.count(0) == 128
    assert set(codes) == {0, -32005}


def test_subscribing_and_leaving_again_and_again_leaves_nothing(connection: socket.socket) -> None:
    for _ in range(300):
        connection.sendall(frame(TEXT, json.dumps(call("eth_subscribe", "logs", {})).encode()))
        subscription = _answer(connection)["result"]
        connection.sendall(frame(TEXT, json.dumps(call("eth_unsubscribe", subscription)).encode()))
        assert _answer(connection)["result"] is True


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ([], -32602),
        (["noSuchThing"], -32602),
        ([1], -32602),
        (["logs", {"topics": [None] * 5}], -32602),
        (["logs", []], -32602),
        (["newHeads", {}, {}, {}], -32602),
        (["newPendingTransactions", "yes"], -32602),
    ],
)
def test_subscriptions_that_cannot_be_are_refused(connection: socket.socket, params: list[Any], code: int) -> None:
    connection.sendall(frame(TEXT, json.dumps(call("eth_subscribe", *params)).encode()))
    assert code_of(_answer(connection)) == code


def test_who_asks_and_never_reads_is_cut_off_or_paused(target: Target) -> None:
    """Answers of some 25 MB in all wait for nobody: the backlog and the kernel's buffers are all that they take."""
    request = frame(TEXT, json.dumps([call("rpc_discover")] * 10).encode())
    silent = [handshake(target) for _ in range(8)]
    try:
        for connection in silent:
            connection.settimeout(3)
            for _ in range(40):
                if not send_all_or_be_cut_off(connection, request):
                    break
        target.wait_for_a_block()
    finally:
        for connection in silent:
            connection.close()


def test_subscribers_that_never_read_delay_nobody(target: Target) -> None:
    request = frame(TEXT, json.dumps(call("eth_subscribe", "newHeads")).encode())
    silent = [handshake(target) for _ in range(200)]
    try:
        for connection in silent:
            connection.sendall(request * 5)
        for _ in range(2):
            target.wait_for_a_block()
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Origin: https://evil.example", 403),
        ("Origin: null", 403),
        ("Origin: http://localhost.evil.example", 403),
        ("Host: evil.example", 403),
    ],
)
def test_pages_of_others_open_no_socket(target: Target, header: str, status: int) -> None:
    connection, got = try_handshake(target, header)
    connection.close()
    assert got in (status, 400)


def test_sockets_that_open_and_vanish_leave_nothing(target: Target) -> None:
    for _ in range(150):
        connection = handshake(target)
        connection.sendall(frame(TEXT, CHAIN_ID)[:7])
        connection.close()
    target.wait_for_a_block()
