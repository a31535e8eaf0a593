"""Messages that were good once, damaged at random: no bug, bounded memory, and blocks go on.

OPENLEDGER_SEED repeats a run, OPENLEDGER_MESSAGES sets how many there are.
"""

import contextlib
import os
import random
from collections.abc import Callable
from typing import Final

import pytest

from tests.byzantine import speech
from tests.byzantine.forgery import compressed
from tests.byzantine.liar import Liar
from tests.byzantine.network import Network
from tests.byzantine.speech import say
from tests.chaos.network import wait_for

FEW: Final = 300
MANY: Final = 10_000
EACH: Final = 4
"""Messages of one identity: about as many as it takes to be banned."""


def _good(network: Network) -> list[bytes]:
    """One of each kind, with contents that the network has."""
    blocks = network.blocks(1, 3)
    newest = network.newest()
    return [
        say(speech.HELLO, 1, network.place.chain_id, bytes(32), bytes(32), bytes(33), bytes(32), "", "x", 1, bytes(32)),
        say(speech.PROOF, bytes(64)),
        say(speech.GOODBYE, 0, "bye"),
        say(speech.GET_ADDRESSES, 1),
        say(speech.ADDRESSES, 1, ["127.0.0.1:1", "127.0.0.1:2"]),
        say(speech.HEAD_STATUS, newest.number, newest.hash, 0),
        network.signed(newest),
        say(speech.ANNOUNCEMENT, compressed(bytes(97) + newest.payload())),
        say(speech.GET_HEADERS, 2, newest.number, 512),
        say(speech.HEADERS, 2, [block.header() for block in blocks]),
        say(speech.GET_BLOCKS, 3, 1, 64),
        say(speech.BLOCKS, 3, [block.envelope() for block in blocks]),
        say(speech.SUBMIT, 4, 4, bytes(200)),
        say(speech.VERDICT, 4, 0, "taken"),
        say(speech.DECLINED, 5, 3, "busy"),
    ]


def damaged(rng: random.Random, message: bytes) -> bytes:
    """Bytes flipped, cut out, put in, or repeated, once to four times."""
    data = bytearray(message)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at : at + rng.randint(1, 8)]
            case 2:
                data[at:at] = rng.randbytes(rng.randint(1, 8))
            case 3:
                data[at:at] = data[at : at + 64]
            case _:
                data[at : at + 1] = rng.choice((b"\xff", b"\xdd\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\x91"))
    return bytes(data)


def _run(network: Network, count: int, tell: Callable[[str], None]) -> None:
    seed = int(os.environ.get("OPENLEDGER_SEED", random.SystemRandom().randrange(2**32)))
    count = int(os.environ.get("OPENLEDGER_MESSAGES", count))
    rng = random.Random(seed)
    good = _good(network)
    identities = sent = 0
    while sent < count:
        with Liar(network.place) as liar:
            wait_for(lambda: not liar.ended, "a connection")
            if not liar.greet():
                continue
            identities += 1
            for _ in range(EACH):
                sent += liar.send(damaged(rng, rng.choice(good)))
            with contextlib.suppress(TimeoutError):
                liar.ask(speech.GET_HEADERS, 0, 1)
    tell(f"damaged messages of peers: seed {seed}, {sent} of {identities} identities")
    network.wait_for_blocks()


def test_damaged_messages_are_borne(network: Network, tell: Callable[[str], None]) -> None:
    _run(network, FEW, tell)


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
def test_ten_thousand_damaged_messages_are_borne(network: Network, tell: Callable[[str], None]) -> None:
    _run(network, MANY, tell)


def test_damage_is_the_same_for_the_same_seed() -> None:
    first, second = (damaged(random.Random(7), bytes(100)) for _ in range(2))
    assert first == second != bytes(100)
