"""Too much of everything: refused before it is held in memory, and in JSON-RPC's words where JSON-RPC was spoken."""

import json
import socket
from typing import Any, Final

import pytest

from tests.hostile.target import MEBIBYTE, Target, call, code_of

pytestmark = pytest.mark.usefixtures("reader")

HEAD: Final = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CHUNK: Final = b" " * MEBIBYTE
INVALID, TOO_LARGE, LIMIT = -32600, -32003, -32005


def _exchange(connection: socket.socket) -> tuple[int, bytes]:
    """(status, body) of the next answer; (0, b"") if the connection ends without one."""
    received = bytearray()
    try:
        while b"\r\n\r\n" not in received and (part := connection.recv(65_536)):
            received += part
        head, _, body = bytes(received).partition(b"\r\n\r\n")
        lengths = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-len")]
        while lengths and len(body) < lengths[0] and (part := connection.recv(65_536)):
            body += part
    except ConnectionError:
        return 0, b""
    return (int(head.split(b" ")[1]), body) if head else (0, b"")


def _pour(connection: socket.socket, total: int, *, chunked: bool = False) -> int:
    """Bytes of a body that could be sent before the server had enough."""
    sent = 0
    part = b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK) if chunked else CHUNK
    try:
        while sent < total:
            connection.sendall(part)
            sent += len(CHUNK)
    except OSError:
        return sent
    return sent


@pytest.mark.parametrize("size", [5 * MEBIBYTE + 1, 6 * MEBIBYTE, 20 * MEBIBYTE, 100 * MEBIBYTE])
def test_a_body_over_the_limit_is_refused_by_its_announced_length(target: Target, size: int) -> None:
    with target.connect() as connection:
        connection.sendall(f"{HEAD}Content-Length: {size}\r\n\r\n".encode())
        status, body = _exchange(connection)
        assert status == 413
        assert code_of(json.loads(body)) == INVALID
        assert _pour(connection, size) < size or size < 20 * MEBIBYTE


@pytest.mark.parametrize("size", [6 * MEBIBYTE, 100 * MEBIBYTE])
def test_a_body_that_announces_no_length_is_cut_off(target: Target, size: int) -> None:
    with target.connect() as connection:
        connection.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        _pour(connection, size, chunked=True)
        status, body = _exchange(connection)
        assert status in (0, 413)
        assert not body or code_of(json.loads(body)) == INVALID


LENGTHS: Final = ("-1", "1e9", "0x10", "9" * 400, "18446744073709551616", "5, 6")


@pytest.mark.parametrize("length", LENGTHS, ids=lambda one: one[:25])
def test_a_length_that_is_none_is_refused(target: Target, length: str) -> None:
    with target.connect() as connection:
        connection.sendall(f"{HEAD}Content-Length: {length}\r\n\r\n{{}}".encode())
        assert _exchange(connection)[0] in (0, 400, 413)


def test_two_lengths_and_a_chunked_body_are_no_request_to_guess_at(target: Target) -> None:
    for headers in (
        "Content-Length: 2\r\nContent-Length: 40\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    ):
        with target.connect() as connection:
            connection.sendall(f"{HEAD}{headers}\r\n{{}}".encode())
            connection.shutdown(socket.SHUT_WR)
            assert _exchange(connection)[0] in (0, 400)


@pytest.mark.parametrize(
    "lines",
    [
        "X-Long: " + "x" * 100_000,
        "X-Long: " + "x" * 10_000_000,
        "\r\n".join(f"X-{n}: y" for n in range(20_000)),
        "X-Nul: a\0b",
        "no colon at all",
        " folded: line",
    ],
    ids=["100 kB", "10 MB", "20,000 lines", "nul", "no colon", "folded"],
)
def test_heads_without_end_or_sense_are_cut_off(target: Target, lines: str) -> None:
    with target.connect() as connection:
        try:
            connection.sendall(f"{HEAD}{lines}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        except OSError:
            return
        assert _exchange(connection)[0] in (0, 400, 200, 431)


def test_a_path_of_a_hundred_kilobytes_is_cut_off(target: Target) -> None:
    with target.connect() as connection:
        try:
            connection.sendall(b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        except OSError:
            return  # before all of it was sent
        assert _exchange(connection)[0] in (0, 400, 404, 405, 414)


@pytest.mark.parametrize("count", [1_001, 20_000])
def test_a_batch_over_the_limit_is_refused_as_one(target: Target, count: int) -> None:
    answer = target.ask([call("eth_chainId", call_id=n) for n in range(count)])
    assert code_of(answer) == INVALID
    assert f"got {count} calls, at most 1000" in answer["error"]["message"]


def test_280_000_calls_in_one_body_are_refused(target: Target) -> None:
    """What took others down (FINDINGS.md): the shortest calls that fit in a body."""
    body = b"[" + b",".join([b'{"id":1}'] * 280_000) + b"]"
    assert code_of(target.post(body).json()) == INVALID


@pytest.mark.parametrize("member", [1, None, {}, [], "eth_chainId"], ids=repr)
def test_a_full_batch_of_nonsense_is_answered_member_by_member(target: Target, member: Any) -> None:
    answers = target.ask([member] * 1_000)
    assert len(answers) == 1_000
    assert {code_of(answer) for answer in answers} == {INVALID}


def test_a_full_batch_is_answered_in_order(target: Target) -> None:
    answers = target.ask([call("eth_blockNumber", call_id=n) for n in range(1_000)])
    assert [answer["id"] for answer in answers] == list(range(1_000))
    assert {code_of(answer) for answer in answers} == {0}


def test_answers_that_grow_too_large_stop_the_batch(target: Target) -> None:
    """Each of a thousand questions has a long answer: beyond 25 MiB in all the rest is refused, and never run."""
    answers = target.ask([call("rpc_discover", call_id=n) for n in range(1_000)])
    codes = [code_of(answer) for answer in answers]
    assert len(codes) == 1_000
    assert set(codes) == {0, TOO_LARGE}
    assert codes == sorted(codes, reverse=True), "answered up to some member, refused from there on"


def test_a_parameter_of_five_megabytes_is_read_and_refused(target: Target) -> None:
    answer = target.ask(call("eth_sendRawTransaction", "0x" + "ff" * 2_400_000))
    assert code_of(answer) == -32000
    answer = target.ask(call("eth_getBalance", "0x" + "11" * 2_400_000))
    assert code_of(answer) == -32602


def test_a_call_with_megabytes_of_data_is_answered(target: Target) -> None:
    answer = target.ask(call("eth_call", {"to": "0x" + "99" * 20, "data": "0x" + "00" * 2_000_000}))
    assert answer["result"] == "0x"


def test_logs_of_blocks_that_do_not_exist_are_refused(target: Target) -> None:
    answer = target.ask(call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x7fffffffffffffff"}))
    assert code_of(answer) == -32602


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getProof", ["0x" + "11" * 20, ["0x1"] * 1_025, "latest"]),
        ("eth_newFilter", [{"address": ["0x" + "11" * 20] * 1_001}]),
    ],
)
def test_more_than_a_method_gives_is_refused(target: Target, method: str, params: list[Any]) -> None:
    answer = target.ask(call(method, *params))
    assert code_of(answer) in (-32602, LIMIT, -32000), answer


def test_filters_are_given_out_up_to_a_number(target: Target) -> None:
    answers = target.ask([call("eth_newBlockFilter", call_id=n) for n in range(1_000)])
    more = target.ask([call("eth_newPendingTransactionFilter", call_id=n) for n in range(1_000)])
    codes = [code_of(answer) for answer in [*answers, *more]]
    assert set(codes) == {0, LIMIT}
    made = [answer["result"] for answer in [*answers, *more] if "result" in answer]
    assert len(made) <= 1_024
    for first in range(0, len(made), 500):
        gone = target.ask(
            [call("eth_uninstallFilter", one, call_id=n) for n, one in enumerate(made[first : first + 500])]
        )
        assert {answer["result"] for answer in gone} == {True}
