"""Connections: many, half open, from many identities, twice from one, and left at once."""

import contextlib
import socket
from collections.abc import Callable
from typing import Final

import pytest
from coincurve import PrivateKey

from tests.byzantine import speech
from tests.byzantine.liar import Liar, greeted, handshake
from tests.byzantine.network import Network
from tests.byzantine.speech import Farewell, say
from tests.chaos.network import wait_for

EACH: Final = 100
HEAD: Final = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
HALF_OPEN: Final = (b"", HEAD, b"\x16\x03\x01\x02\x00\x01\x00")
"""Nothing, half a handshake, TLS."""


def test_hundreds_of_half_open_connections_leave_the_peers_where_they_are(network: Network) -> None:
    opened = []
    try:
        for sent in HALF_OPEN * EACH:
            with contextlib.suppress(OSError):
                opened.append(network.place.connect())
                opened[-1].sendall(sent)
        assert opened
        network.wait_for_blocks()
        assert int(network.target.call("net_peerCount"), 16) >= 2
        assert all(map(_is_ended, opened))
    finally:
        for connection in opened:
            connection.close()


def _is_ended(connection: socket.socket) -> bool:
    """Whether the node ends it within its time for a greeting, and some."""
    connection.settimeout(60.0)
    try:
        while connection.recv(4_096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def _greet_and_leave(liar: Liar) -> None:
    liar.greet()


def _reset(liar: Liar) -> None:
    liar.begin()
    liar.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close resets


def _say_goodbye(liar: Liar) -> None:
    if liar.greet():
        liar.send(say(speech.GOODBYE, Farewell.STOPPING, "a" * 512))


CHURN: Final[dict[str, Callable[[Liar], None]]] = {
    "at once": lambda _liar: None,
    "after the greeting": _greet_and_leave,
    "by a reset in the middle": _reset,
    "with a Goodbye": _say_goodbye,
}


@pytest.mark.parametrize("name", CHURN)
def test_peers_that_come_and_go_leave_nothing(network: Network, name: str) -> None:
    for _ in range(60):
        with Liar(network.place) as liar:
            if not liar.ended:
                CHURN[name](liar)
    wait_for(lambda: int(network.target.call("net_peerCount"), 16) == 2, "only honest peers left")


def test_bare_connections_that_come_and_go_leave_nothing(network: Network) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError):
            network.place.connect().close()
    network.wait_for_blocks()


def test_one_liar_with_many_names_takes_no_place_of_the_honest_ones(network: Network) -> None:
    """Places are counted, by address too: most of the names are turned away, and the honest peers stay."""
    liars = [Liar(network.place) for _ in range(40)]
    try:
        taken = sum(not liar.ended and liar.greet() for liar in liars)
        assert 0 < taken < 32
        assert int(network.target.call("net_peerCount"), 16) <= 32
        network.wait_for_blocks()
    finally:
        for liar in liars:
            liar.close()


def test_one_identity_has_one_connection(network: Network) -> None:
    key = PrivateKey()
    with greeted(network.place, key) as first, greeted(network.place, key) as second:
        assert first.is_let_go()
        assert first.goodbye is not None
        assert first.goodbye[0] == Farewell.ALREADY_CONNECTED
        assert second.is_served()


def test_a_page_of_a_browser_is_no_peer(network: Network) -> None:
    connection, status = handshake(network.place, "Origin: https://example.com")
    connection.close()
    assert status == 403
