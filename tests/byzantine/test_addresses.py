"""Addresses that lead nowhere, told by everybody who is asked: nothing is lost but a few dials."""

import threading
from collections.abc import Iterator
from typing import Final

import pytest

from tests.byzantine import speech
from tests.byzantine.liar import Liar, act_until_banned, greeted
from tests.byzantine.network import Network
from tests.byzantine.speech import say
from tests.chaos.network import wait_for

ASKED: Final = 6
BOGUS: Final[dict[str, list[str]]] = {
    "nobody there": [f"127.0.0.{n}:1" for n in range(2, 34)],
    "of no network": ["0.0.0.0:1", "[::]:1", "224.0.0.1:1", "255.255.255.255:1", "169.254.169.254:80", "[fe80::1]:1"],
    "malformed": [
        "", ":", "127.0.0.1", "127.0.0.1:", ":1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:1e3",
        "localhost:1", "example.com:1", "http://127.0.0.1:1", "127.0.0.1:1/..", "[127.0.0.1:1", "::1:1",
        "127.0.0.1 :1", "\x00:1", "a" * 120 + ":1", "127.1:1", "0x7f.1:1", "127.0.0.1:٣",
    ],
    "itself": [],
}  # fmt: skip


class Poisoner(threading.Thread):
    """Answers every question for addresses with bogus ones."""

    def __init__(self, liar: Liar, addresses: list[str]) -> None:
        super().__init__(daemon=True)
        self._liar = liar
        self._addresses = addresses
        self.asked = 0

    def run(self) -> None:
        while not self._liar.ended:
            try:
                said = self._liar.hear(1.0)
            except TimeoutError:
                continue
            if said is None:
                break
            if said.kind == speech.GET_ADDRESSES:
                self.asked += 1
                self._liar.send(say(speech.ADDRESSES, said.fields[0], self._addresses[:32]))


@pytest.fixture
def poisoners(network: Network) -> Iterator[dict[str, Poisoner]]:
    itself = [f"127.0.0.1:{network.place.port}", f"[::ffff:127.0.0.1]:{network.place.port}"]
    told = BOGUS | {"itself": itself}
    running = {name: Poisoner(greeted(network.place), addresses) for name, addresses in told.items()}
    for one in running.values():
        one.start()
    yield running
    for one in running.values():
        one._liar.ended = True
        one.join(60)
        one._liar.close()


def test_bogus_addresses_cost_no_honest_peer(network: Network, poisoners: dict[str, Poisoner]) -> None:
    for name, one in poisoners.items():
        wait_for(lambda one=one: one.asked > 0, f"a question for addresses to the liar that tells {name}")  # type: ignore[misc]
    network.wait_for_blocks()
    with greeted(network.place) as other:
        answer = other.ask(speech.GET_ADDRESSES)
        assert answer is not None
        assert answer.kind == speech.ADDRESSES
        assert not set(answer.fields[1]) & {address for told in BOGUS.values() for address in told}


def test_addresses_without_a_question_are_banned(network: Network) -> None:
    def act(liar: Liar) -> None:
        for n in range(ASKED):
            liar.send(say(speech.ADDRESSES, 1_000 + n, BOGUS["nobody there"]))

    assert act_until_banned(network.place, act) <= 4
