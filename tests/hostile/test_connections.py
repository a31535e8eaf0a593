"""Connections that are slow, half open, many, or left in the middle: all at once, and an ordinary user notices nothing.

What is to be waited for is waited for together: `siege` opens every kind first, and each test looks at one of them.
"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest

from tests.hostile.target import Target, call

HEAD: Final = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
QUESTION: Final = json.dumps(call("eth_chainId")).encode()
ENDS_WITHIN: Final = 120.0
"""The server gives a head and a body ten seconds each."""

HALF_OPEN: Final[dict[str, bytes]] = {
    "nothing at all": b"",
    "half a verb": b"PO",
    "half a head": HEAD,
    "a head that never ends": HEAD + b"X-A: b\r\n",
    "no body": HEAD + b"Content-Length: 100\r\n\r\n",
    "half a body": HEAD + b'Content-Length: 100\r\n\r\n{"jsonrpc":',
    "a chunk that never comes": HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\n",
    "chunks without end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{ \r\n",
    "half a handshake": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "noise": bytes(range(256)),
}
EACH: Final = 20
DRIBBLED: Final[dict[str, bytes]] = {"head": HEAD + b"X-A: ", "body": HEAD + b"Content-Length: 100000\r\n\r\n"}


class Dribble(threading.Thread):
    """A client that sends a byte every half second until it is cut off."""

    def __init__(self, connection: socket.socket, begin: bytes) -> None:
        super().__init__(daemon=True)
        self._connection = connection
        self._begin = begin
        self.is_cut_off = False

    def run(self) -> None:
        deadline = time.monotonic() + ENDS_WITHIN
        with self._connection as connection:
            connection.settimeout(0.5)
            connection.sendall(self._begin)
            while not self.is_cut_off and time.monotonic() < deadline:
                try:
                    connection.sendall(b" ")
                    answer = connection.recv(65_536)
                    self.is_cut_off = not answer or answer.startswith(b"HTTP/1.1 408")
                except TimeoutError:
                    continue
                except OSError:
                    self.is_cut_off = True


@dataclass
class Siege:
    """Everything that is slow or half open, at once."""

    dribbles: dict[str, Dribble]
    connections: dict[str, list[socket.socket]] = field(default_factory=lambda: {name: [] for name in HALF_OPEN})


@pytest.fixture(scope="module")
def siege(target: Target) -> Iterator[Siege]:
    """Many connections of each kind, opened together and then left alone."""
    opened = Siege({name: _dribble(target, sent) for name, sent in DRIBBLED.items()})
    for name, sent in HALF_OPEN.items():
        for _ in range(EACH):
            connection = target.connect()
            connection.sendall(sent)
            opened.connections[name].append(connection)
    yield opened
    for connection in (one for connections in opened.connections.values() for one in connections):
        connection.close()


def _dribble(target: Target, sent: bytes) -> Dribble:
    dribble = Dribble(target.connect(), sent)
    dribble.start()
    return dribble


def test_an_ordinary_user_is_served_during_the_siege(target: Target, siege: Siege) -> None:
    assert siege.connections
    for _ in range(3):
        target.wait_for_a_block()


@pytest.mark.parametrize("name", HALF_OPEN)
def test_half_open_connections_are_ended(siege: Siege, name: str) -> None:
    for connection in siege.connections[name]:
        connection.settimeout(ENDS_WITHIN)
        assert _is_ended(connection), name


def _is_ended(connection: socket.socket) -> bool:
    """Whether the server closes the connection, with or without some last words."""
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


@pytest.mark.parametrize("name", DRIBBLED)
def test_what_comes_byte_by_byte_is_not_waited_for(siege: Siege, name: str) -> None:
    """A byte now and then never ends: the whole head and the whole body have their time, not each byte."""
    dribble = siege.dribbles[name]
    dribble.join(ENDS_WITHIN)
    assert dribble.is_cut_off


def test_clients_that_leave_before_their_answer_leave_no_work_behind(target: Target) -> None:
    """The endless loops that they asked for are not run for nobody: an ordinary call is answered soon after."""
    loop = json.dumps(call("eth_call", {"data": "0x5b600056", "gas": hex(2**63)})).encode()
    for _ in range(40):
        with target.connect() as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(loop) + loop)
    assert int(target.result("eth_getBalance", "0x" + "99" * 20, "latest"), 16) >= 0


def test_requests_behind_each_other_are_answered_in_order(target: Target) -> None:
    bodies = [json.dumps(call("eth_chainId", call_id=n)).encode() for n in range(200)]
    with target.connect() as connection:
        connection.sendall(b"".join(HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(one), one) for one in bodies))
        received = b""
        while received.count(b'"result"') < len(bodies) and (part := connection.recv(65_536)):
            received += part
    ids = [int(part.split(b",")[0]) for part in received.split(b'"id":')[1:]]
    assert ids == list(range(200))


def test_requests_whose_answers_nobody_reads_take_no_memory_without_end(target: Target) -> None:
    body = json.dumps(call("rpc_discover")).encode()
    request = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    silent = [target.connect() for _ in range(20)]
    try:
        for connection in silent:
            connection.settimeout(1)
            try:
                connection.sendall(request * 500)
            except OSError:
                continue
        target.wait_for_a_block()
    finally:
        for connection in silent:
            connection.close()


def test_a_thousand_idle_connections_leave_room(target: Target) -> None:
    idle = [target.connect() for _ in range(1_000)]
    try:
        assert int(target.result("eth_chainId"), 16) == 161_299
    finally:
        for connection in idle:
            connection.close()


def test_connections_that_come_and_go_leave_nothing(target: Target) -> None:
    for _ in range(1_000):
        target.connect().close()
    assert int(target.result("eth_chainId"), 16) == 161_299


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\n123"], ids=["nothing", "head", "body"])
def test_a_reset_in_the_middle_is_borne(target: Target, sent: bytes) -> None:
    for _ in range(50):
        connection = target.connect()
        connection.sendall(sent)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close resets
        connection.close()
    assert target.height() >= 0
