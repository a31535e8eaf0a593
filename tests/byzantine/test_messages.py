"""A greeted peer that says what is no message, or what nobody asked it, is banned after a few times."""

import contextlib
from collections.abc import Callable
from typing import Final

import pytest

from p2p.messages import MAX_BLOCKS, MAX_FRAME, MAX_HEADER, MAX_HEADERS, MAX_HOPS, MAX_TEXT, MAX_TRANSACTION
from tests.byzantine import speech
from tests.byzantine.liar import Liar, act_until_banned, greeted, is_banned
from tests.byzantine.network import Network
from tests.byzantine.speech import MOST, array_of, say
from tests.hostile.frames import BINARY, CONTINUATION, TEXT, announced, frame

MALFORMED: Final[dict[str, bytes]] = {
    "nothing": b"",
    "noise": bytes(range(255, 0, -1)),
    "an empty array": b"\x90",
    "a map": b"\x81\x00\x01",
    "an extension": b"\xd4\x05\x00",
    "a float for a kind": say(1.0),
    "nil for a kind": say(None),
    "true for a kind": say(True),
    "a negative kind": say(-1),
    "an unknown kind": say(14),
    "the largest kind": say((1 << 64) - 1),
    "an array for a kind": say([6], b""),
    "too few fields": say(speech.GET_HEADERS, 1, 1),
    "too many fields": say(speech.GET_HEADERS, 1, 1, 1, 1),
    "bytes after the message": say(speech.GET_ADDRESSES, 1) + b"\x00",
    "a message cut short": say(speech.GET_HEADERS, 1, 1, 200)[:-1],
    "true for a number": say(speech.GET_HEADERS, True, 1, 1),
    "a negative request": say(speech.GET_ADDRESSES, -1),
    "a request of 33 bits": say(speech.GET_ADDRESSES, 1 << 32),
    "no headers": say(speech.GET_HEADERS, 1, 9, 0),
    "a header too many": say(speech.GET_HEADERS, 1, 9, MAX_HEADERS + 1),
    "headers without end": say(speech.GET_HEADERS, 1, 9, (1 << 64) - 1),
    "no blocks": say(speech.GET_BLOCKS, 1, 9, 0),
    "a block too many": say(speech.GET_BLOCKS, 1, 9, MAX_BLOCKS + 1),
    "a hash of 31 bytes": say(speech.HEAD_STATUS, 1, bytes(31), 0),
    "text for a hash": say(speech.HEAD_STATUS, 1, "a" * 32, 0),
    "a hop too many": say(speech.SUBMIT, 1, MAX_HOPS + 1, b"\x02"),
    "a transaction too large": say(speech.SUBMIT, 1, 0, bytes(MAX_TRANSACTION + 1)),
    "a verdict of no such code": say(speech.VERDICT, 1, 9, ""),
    "a text too long": say(speech.VERDICT, 1, 1, "a" * (MAX_TEXT + 1)),
    "text that is no UTF-8": array_of(b"\x0d", b"\x01", b"\x01", b"\xa2\xff\xfe"),
    "an address too many": say(speech.ADDRESSES, 1, ["127.0.0.1:1"] * 33),
    "a large header": say(speech.HEADERS, 1, [bytes(MAX_HEADER + 1)]),
    "headers too many": say(speech.HEADERS, 1, [b""] * (MAX_HEADERS + 1)),
    "blocks too many": say(speech.BLOCKS, 1, [b""] * (MAX_BLOCKS + 1)),
    "nested arrays": speech.nested(2_000),
    "an array of four billion": speech.claimed_array(MOST),
    "an array of four billion in a field": array_of(b"\x08", b"\x01", speech.claimed_array(MOST, b"\xc0" * 100)),
    "a map of four billion": speech.claimed_map(MOST),
    "four gibibytes": array_of(b"\x06", speech.claimed_bytes(MOST)),
    "four gibibytes of text": array_of(b"\x0d", b"\x01", b"\x01", speech.claimed_text(MOST)),
    "an extension of four gibibytes": speech.claimed_extension(MOST),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_message_is_banned(network: Network, name: str) -> None:
    assert act_until_banned(network.place, lambda liar: liar.send(MALFORMED[name])) <= 3


UNASKED: Final[dict[str, bytes]] = {
    "a Hello": say(speech.HELLO, 1, 1, bytes(32), bytes(32), bytes(33), bytes(32), "", "", 0, bytes(32)),
    "a Proof": say(speech.PROOF, bytes(64)),
    "headers": say(speech.HEADERS, 77_777, [b"\xc0"] * 100),
    "blocks": say(speech.BLOCKS, 77_777, [bytes(1_000)] * 60),
    "addresses": say(speech.ADDRESSES, 77_777, ["127.0.0.1:1"] * 32),
    "a verdict": say(speech.VERDICT, 77_777, speech.VerdictCode.TAKEN, ""),
    "a refusal": say(speech.DECLINED, 77_777, speech.DeclineReason.BUSY, "a" * MAX_TEXT),
}


@pytest.mark.parametrize("name", UNASKED)
def test_what_nobody_asked_for_is_banned(network: Network, name: str) -> None:
    """Well-formed answers to questions that were never put, and greetings after the greeting."""

    def act(liar: Liar) -> None:
        for _ in range(20):
            liar.send(UNASKED[name])

    assert act_until_banned(network.place, act) <= 3


def _endless_fragments() -> bytes:
    """A message of 256 KiB a frame that grows beyond the largest there is, and would go on."""
    many = MAX_FRAME // (1 << 18) + 2
    return b"".join(frame(BINARY if n == 0 else CONTINUATION, bytes(1 << 18), final=False) for n in range(many))


FRAMES: Final[dict[str, Callable[[], bytes]]] = {
    "text": lambda: frame(TEXT, b"hello"),
    "a frame that claims 2**62 bytes": lambda: announced(BINARY, 1 << 62),
    "a frame that claims one byte too many": lambda: announced(BINARY, MAX_FRAME + 1),
    "fragments without end": _endless_fragments,
    "a continuation of nothing": lambda: frame(CONTINUATION, b"\x00"),
    "a compressed frame": lambda: frame(BINARY, b"\x00", reserved=0x40),
    "a reserved opcode": lambda: frame(3, b""),
    "a frame without a mask": lambda: frame(BINARY, b"\x00", masked=False),
    "a fragmented ping": lambda: frame(0x9, b"", final=False),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_against_the_rules_are_banned(network: Network, name: str) -> None:
    assert act_until_banned(network.place, lambda liar: liar.send_bytes(FRAMES[name]())) <= 4


def test_a_ban_holds_for_the_liar_and_for_nobody_beside_it(network: Network) -> None:
    """Both come from one address, which is this machine's."""
    with greeted(network.place) as honest, greeted(network.place) as liar:
        while liar.send(say(14)) and not liar.ended:
            try:
                liar.hear(0.2)
            except TimeoutError:
                continue
        assert is_banned(network.place, liar.key)
        assert honest.is_served()


def test_frames_in_small_pieces_are_put_together(network: Network) -> None:
    """What is allowed stays allowed: a question in frames of one byte, with pings between them."""
    question = say(speech.GET_HEADERS, 1, 0, 1)
    with greeted(network.place) as peer:
        for position, byte in enumerate(question):
            is_last = position == len(question) - 1
            peer.send_bytes(frame(CONTINUATION if position else BINARY, bytes([byte]), final=is_last))
            peer.send_bytes(frame(0x9, b"ping"))
        assert peer.hear_until(lambda said: said.kind == speech.HEADERS) is not None


def test_text_that_is_no_utf8_ends_the_connection(network: Network) -> None:
    with Liar(network.place) as liar:
        assert liar.greet()
        liar.send_bytes(frame(TEXT, say(speech.GET_ADDRESSES, 1)))
        with contextlib.suppress(TimeoutError):
            liar.ask(speech.GET_HEADERS, 0, 1)
        assert liar.ended
