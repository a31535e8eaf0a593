"""Who is not of this network, does not show its key, or does not finish its greeting is turned away, and told why."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from coincurve import PrivateKey

from p2p.messages import MAX_GREETING
from state.primitives.crypto import SECP256K1_N
from tests.byzantine import speech
from tests.byzantine.liar import END, Liar, greeted, proof_digest
from tests.byzantine.network import Network
from tests.byzantine.speech import Farewell
from tests.hostile.frames import BINARY, TEXT, announced, frame

WRONG_HELLO: Final[dict[str, tuple[dict[str, Any], Farewell]]] = {
    "version 0": ({"version": 0}, Farewell.WRONG_VERSION),
    "version 65535": ({"version": 65_535}, Farewell.WRONG_VERSION),
    "chain id": ({"chain_id": 1}, Farewell.WRONG_NETWORK),
    "genesis hash": ({"genesis_hash": b"\x01" * 32}, Farewell.WRONG_NETWORK),
    "rollup hash": ({"rollup_hash": b"\x01" * 32}, Farewell.WRONG_NETWORK),
}


@pytest.mark.parametrize("name", WRONG_HELLO)
def test_another_network_or_version_is_told_so(network: Network, name: str) -> None:
    changes, farewell = WRONG_HELLO[name]
    with Liar(network.place) as liar:
        assert not liar.greet(**changes)
        assert liar.goodbye is not None
        assert liar.goodbye[0] == farewell
        assert liar.is_let_go()


def _by_another_key(liar: Liar, other: bytes) -> bytes:
    return PrivateKey().sign_recoverable(proof_digest(liar.hello, other), hasher=None)[:64]


def _high_s(liar: Liar, other: bytes) -> bytes:
    """The other form of a good signature: a proof must have one form only."""
    signature = liar.sign(proof_digest(liar.hello, other))
    return signature[:32] + (SECP256K1_N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


WRONG_PROOF: Final[dict[str, Callable[[Liar, bytes], bytes]]] = {
    "zeros": lambda _liar, _other: bytes(64),
    "ones": lambda _liar, _other: b"\xff" * 64,
    "another key": _by_another_key,
    "own Hello only": lambda liar, _other: liar.sign(proof_digest(liar.hello, liar.hello)),
    "the other side's order": lambda liar, other: liar.sign(proof_digest(other, liar.hello)),
    "high s": _high_s,
}


@pytest.mark.parametrize("name", WRONG_PROOF)
def test_a_proof_that_proves_nothing_is_refused(network: Network, name: str) -> None:
    with Liar(network.place) as liar:
        other = liar.begin()
        assert other is not None
        liar.send(speech.say(speech.PROOF, WRONG_PROOF[name](liar, other)))
        assert liar.is_let_go()
        assert liar.goodbye is not None
        assert liar.goodbye[0] == Farewell.BAD_IDENTITY


def test_a_proof_of_an_earlier_greeting_is_refused(network: Network) -> None:
    with greeted(network.place) as honest, Liar(network.place) as liar:
        liar.send(honest.hello)
        liar.hear()
        liar.send(honest.proof)
        assert liar.is_let_go()


def test_the_nodes_own_identity_is_refused_in_a_mirror(network: Network) -> None:
    with Liar(network.place) as first, Liar(network.place) as mirror:
        other = first.begin()
        assert other is not None
        mirror.send(other)
        assert mirror.is_let_go()
        assert mirror.goodbye is not None
        assert mirror.goodbye[0] == Farewell.BAD_IDENTITY


GREETING: Final[dict[str, bytes]] = {
    "proof first": speech.say(speech.PROOF, bytes(64)),
    "a question": speech.say(speech.GET_HEADERS, 1, 0, 1),
    "gossip": speech.say(speech.ANNOUNCEMENT, b"\x00"),
    "a transaction": speech.say(speech.SUBMIT, 1, 0, b"\x02"),
    "addresses": speech.say(speech.ADDRESSES, 1, ["127.0.0.1:1"]),
    "unknown kind": speech.say(99),
    "nothing": b"",
    "a number": b"\x01",
    "an empty array": b"\x90",
    "nested arrays": speech.nested(500),
    "a huge array": speech.claimed_array(speech.MOST),
    "huge bytes": speech.array_of(b"\x00", speech.claimed_bytes(speech.MOST)),
    "a Hello of one field": speech.say(speech.HELLO, 1),
    "a Hello with more": speech.say(speech.HELLO, *range(11)),
    "noise": bytes(range(256)),
    "too large": speech.say(speech.HELLO, bytes(2_000)),
}


@pytest.mark.parametrize("name", GREETING)
def test_what_is_no_hello_ends_the_greeting(network: Network, name: str) -> None:
    with Liar(network.place) as liar:
        liar.send(GREETING[name])
        assert liar.is_let_go()


def test_a_key_off_the_curve_ends_the_greeting(network: Network) -> None:
    with Liar(network.place) as liar:
        assert not liar.greet(public_key=b"\x02" + b"\xff" * 32)
        assert liar.is_let_go()


def test_a_second_hello_ends_the_greeting(network: Network) -> None:
    with Liar(network.place) as liar:
        assert liar.begin() is not None
        liar.send(liar.hello)
        assert liar.is_let_go()


FRAMES: Final[dict[str, bytes]] = {
    "text": frame(TEXT, b"hello"),
    "a frame that claims 2**62 bytes": announced(BINARY, 1 << 62),
    "a frame that claims 2**31 bytes": announced(BINARY, 1 << 31),
    "a frame that claims one byte too many": announced(BINARY, MAX_GREETING + 1),
    "fragments without end": b"".join(frame(BINARY if n == 0 else 0, bytes(100), final=False) for n in range(64)),
    "a compressed frame": frame(BINARY, b"\x00", reserved=0x40),
    "a frame without a mask": frame(BINARY, b"\x00", masked=False),
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_that_no_greeting_has_end_it(network: Network, name: str) -> None:
    with Liar(network.place) as liar:
        liar.send_bytes(FRAMES[name])
        assert liar.is_let_go()


@pytest.fixture(scope="module")
def silent(network: Network) -> Iterator[dict[str, Liar]]:
    """Greetings that stop in the middle, all begun at once: each is waited for."""
    begun = {name: Liar(network.place) for name in ("no Hello", "no Proof", "no HeadStatus", "half a frame")}
    assert begun["no Proof"].begin() is not None
    other = begun["no HeadStatus"].begin()
    assert other is not None
    signature = begun["no HeadStatus"].sign(proof_digest(begun["no HeadStatus"].hello, other))
    begun["no HeadStatus"].send(speech.say(speech.PROOF, signature))
    begun["half a frame"].send_bytes(frame(BINARY, bytes(200))[:100])
    yield begun
    for liar in begun.values():
        liar.close()


@pytest.mark.parametrize("name", ["no Hello", "no Proof", "no HeadStatus", "half a frame"])
def test_a_greeting_that_stops_is_not_waited_for(silent: dict[str, Liar], name: str) -> None:
    assert silent[name].is_let_go()


def test_who_greets_rightly_is_served(network: Network) -> None:
    """The program speaks the protocol: what is refused above is refused for what is wrong with it."""
    with greeted(network.place) as peer:
        assert peer.is_served()
        answer = peer.ask(speech.GET_BLOCKS, 1, 2)
        assert answer is not END
        assert answer.kind == speech.BLOCKS
