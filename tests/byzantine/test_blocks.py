"""Announcements: blocks that nobody signed, that are damaged, old, early, or too many; and two of one height."""

import contextlib
import os
import struct
import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from coincurve import PrivateKey

from p2p.signed_block import MAX_COMPRESSED, MAX_MESSAGE
from tests.byzantine import speech
from tests.byzantine.forgery import SIGNATURE, Forged, compressed, signature_of, snappy_claim
from tests.byzantine.liar import Liar, act_until_banned, greeted
from tests.byzantine.network import Network
from tests.byzantine.speech import say
from tests.chaos.network import CHAIN_ID, wait_for

Make = Callable[[Network, Forged], bytes]
"""A wrong announcement's message, made of a block that is right."""
NOBODY: Final = PrivateKey().secret


def _signed(network: Network, block: Forged, payload: bytes) -> bytes:
    """Rightly signed, whatever the payload is: nothing but the payload is wrong."""
    signature = signature_of(block.root, payload, network.sequencer_key, CHAIN_ID)
    return compressed(signature + block.root + payload)


def _by(signature: bytes) -> Make:
    return lambda _network, block: compressed(signature + block.root + block.payload())


def _with(**changes: Any) -> Make:
    """Fields changed with nothing made to fit, and signed."""
    return lambda network, block: _signed(network, block, block.with_fields(**changes).payload())


def _sealed(**changes: Callable[[Forged], Any]) -> Make:
    """Fields changed, the hash right, and signed."""

    def make(network: Network, block: Forged) -> bytes:
        return block.sealed(**{name: change(block) for name, change in changes.items()}).signed(
            network.sequencer_key, CHAIN_ID
        )

    return make


def _transactions(encoded: bytes) -> Make:
    def make(network: Network, block: Forged) -> bytes:
        start = block.fields["transactions_at"]
        payload = block.with_fields(withdrawals_at=start + len(encoded)).payload()
        return _signed(network, block, payload[:start] + encoded)

    return make


WRONG: Final[dict[str, Make]] = {
    "signed by nobody's key": lambda _network, block: block.signed(NOBODY, CHAIN_ID),
    "signed for another chain": lambda network, block: block.signed(network.sequencer_key, 1),
    "signature of zeros": _by(bytes(SIGNATURE)),
    "signature of ones": _by(b"\xff" * SIGNATURE),
    "recovery id 27": lambda network, block: compressed(
        signature_of(block.root, block.payload(), network.sequencer_key, CHAIN_ID)[:64]
        + b"\x1b" + block.root + block.payload()
    ),
    "another root than was signed": lambda network, block: compressed(
        signature_of(block.root, block.payload(), network.sequencer_key, CHAIN_ID) + bytes(32) + block.payload()
    ),
    "nothing": lambda _network, _block: b"",
    "no Snappy": lambda _network, _block: os.urandom(1_000),
    "Snappy cut short": lambda network, block: block.signed(network.sequencer_key, CHAIN_ID)[:-20],
    "Snappy that claims four gibibytes": lambda _network, _block: snappy_claim((1 << 32) - 1) + bytes(100),
    "Snappy that claims one byte too many": lambda _network, _block: snappy_claim(MAX_MESSAGE + 1) + bytes(100),
    "Snappy that claims the most and has nothing": lambda _network, _block: snappy_claim(MAX_MESSAGE) + bytes(100),
    "a bomb": lambda _network, _block: compressed(bytes(64 << 20))[:MAX_COMPRESSED],
    "a bomb of the allowed size": lambda _network, _block: compressed(bytes(MAX_MESSAGE)),
    "a signature alone": lambda _network, _block: compressed(bytes(SIGNATURE)),
    "a payload of one byte": lambda network, block: _signed(network, block, b"\x00"),
    "offset of extraData 0": _with(extra_data_at=0),
    "offset of extraData at the end of the world": _with(extra_data_at=(1 << 32) - 1),
    "offset of transactions before extraData": _with(transactions_at=1),
    "offset of withdrawals beyond the end": _with(withdrawals_at=(1 << 32) - 1),
    "bytes behind the last list": lambda network, block: _signed(network, block, block.payload() + b"\x00"),
    "blob gas": _with(blob_gas_used=1),
    "another hash": _with(block_hash=bytes(32)),
    "another state root under the hash": _with(state_root=bytes(32)),
    "transactions: offsets that go back": _transactions(struct.pack("<III", 12, 8, 12)),
    "transactions: a first offset of four billion": _transactions(struct.pack("<I", (1 << 32) - 4)),
    "transactions: a first offset of no member": _transactions(struct.pack("<I", 0)),
    "transactions: an odd offset": _transactions(struct.pack("<II", 5, 8)),
    "transactions: cut off": _transactions(b"\x04"),
    "two minutes old": _sealed(timestamp=lambda block: block.fields["timestamp"] - 120),
    "of 1970": _sealed(timestamp=lambda _block: 0),
    "a minute ahead": _sealed(timestamp=lambda block: block.fields["timestamp"] + 60),
    "of the end of time": _sealed(timestamp=lambda _block: (1 << 64) - 1),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_announcement_is_not_passed_on_and_costs_the_liar_its_place(network: Network, name: str) -> None:
    message = WRONG[name](network, network.newest())
    announcement = say(speech.ANNOUNCEMENT, message)

    def act(liar: Liar) -> None:
        for _ in range(4):
            liar.send(announcement)

    assert act_until_banned(network.place, act) <= 5
    with greeted(network.place) as other:
        said = other.hear_until(lambda said: said.kind == speech.ANNOUNCEMENT, 60.0)
        assert said is not None
        assert said.fields[0] != message


def test_an_equivocation_leaves_evidence_and_the_first_block_in_its_place(network: Network) -> None:
    """The liar has the sequencer's key: a second block of a height that has one, well formed and signed."""
    first = network.newest()
    with greeted(network.place) as scout:
        scout.hear_until(lambda said: said.kind == speech.ANNOUNCEMENT)  # gossip reaches the node
    second = first.sealed(state_root=bytes(32))
    with greeted(network.place) as liar:
        liar.send(network.signed(second))
        for process in (network.target, network.honest, network.sequencer):
            found = wait_for_evidence(process.call, first.number)
            hashes = {block["hash"] for block in found["blocks"]}
            assert hashes == {"0x" + first.hash.hex(), "0x" + second.hash.hex()}
            assert found["blocks"][0]["hash"] == "0x" + first.hash.hex()
        assert liar.is_served()
    stands = network.target.call("eth_getBlockByNumber", hex(first.number), False)
    assert stands["hash"] == "0x" + first.hash.hex()
    assert network.metric("openledger_equivocations") >= 1


def wait_for_evidence(call: Callable[[str], Any], number: int) -> Any:
    found: list[Any] = []

    def is_there() -> bool:
        found[:] = [one for one in call("open_equivocations") if int(one["number"], 16) == number]
        return bool(found)

    wait_for(is_there, f"evidence of two blocks of height {number}")
    return found[0]


def test_more_blocks_of_one_height_than_are_remembered_cost_points(network: Network) -> None:
    block = network.newest()
    others = [network.signed(block.sealed(receipts_root=bytes([n]) * 32)) for n in range(40)]

    def act(liar: Liar) -> None:
        for other in others:
            liar.send(other)

    assert act_until_banned(network.place, act) <= 3
    kept = [one for one in network.target.call("open_equivocations") if int(one["number"], 16) == block.number]
    assert len(kept) == 1


def test_a_signed_block_that_execution_refuses_is_refused(network: Network) -> None:
    """Signed by the sequencer's key on the newest block, and wrong: it never becomes the head."""
    with greeted(network.place) as liar:
        forged = []
        for n in range(4):
            head = network.newest()
            forged.append(
                head.sealed(
                    parent_hash=head.hash,
                    number=head.number + 1,
                    timestamp=head.fields["timestamp"] + 1,
                    state_root=bytes([n]) * 32,
                )
            )
            liar.send(network.signed(forged[-1]))
        network.wait_for_blocks()
    for block in forged:
        stands = network.target.call("eth_getBlockByNumber", hex(block.number), False)
        assert stands["hash"] != "0x" + block.hash.hex()


def test_a_signed_block_that_nobody_can_hand_over_stops_nobody(network: Network) -> None:
    """The liar announces a far head with the sequencer's key, is asked for what leads to it, and says nothing."""
    with greeted(network.place) as liar:
        head = network.newest()
        far = head.sealed(parent_hash=os.urandom(32), number=head.number + 1_000, timestamp=int(time.time()) + 2)
        liar.head = (far.number, far.hash)
        liar.send(say(speech.HEAD_STATUS, far.number, far.hash, 0))
        liar.send(network.signed(far))
        asked = liar.hear_until(lambda said: said.kind == speech.GET_HEADERS)
        assert asked is not None
        assert asked.fields[1] == far.number - 1
        network.wait_for_blocks(5)


def test_real_blocks_again_and_again_are_told_to_nobody_twice(network: Network) -> None:
    """A replay costs its sender what it sends, and others nothing."""
    block = network.newest()
    announcement = network.signed(block)
    with greeted(network.place) as listener, greeted(network.place) as liar:
        for _ in range(3_000):
            if not liar.send(announcement):
                break
        heard = 0
        deadline = time.monotonic() + 3.0
        with contextlib.suppress(TimeoutError):
            while (said := listener.hear(deadline - time.monotonic())) is not None:
                heard += said.kind == speech.ANNOUNCEMENT and said.raw == announcement
        assert heard <= 1
        assert listener.is_served()
