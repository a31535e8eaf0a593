"""Which blocks are passed on: the rules one by one."""

from collections.abc import Callable

import cramjam
import pytest
from eth_keys import keys
from eth_utils.crypto import keccak

from p2p.block_gossip import BlockGossip
from p2p.errors import MalformedPayload, RefusedBlock, UntimelyBlock
from p2p.signed_block import MAX_MESSAGE, parse_signed_block, sign_block
from state.primitives.types import Address, BlockNumber, Gas, UnixSeconds
from tests.unit.p2p.conftest import CHAIN_ID, KEY, NOW, SEQUENCER, block


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gossip(clock: Clock) -> BlockGossip:
    return BlockGossip(chain_id=CHAIN_ID, sequencer=lambda: SEQUENCER, clock=clock)


def message(*transactions: bytes, key: bytes = KEY, chain_id: int = CHAIN_ID, gas_used: int = 21_000, number: int = 7,
            timestamp: int = NOW) -> bytes:  # fmt: skip
    made = block(*transactions, number=BlockNumber(number), gas_used=Gas(gas_used), timestamp=UnixSeconds(timestamp))
    return sign_block(made, made.header.hash, chain_id=chain_id, private_key=key).compressed()


def test_a_block_of_the_sequencer_is_accepted_once(gossip: BlockGossip) -> None:
    sent = message(b"\x02" * 100)
    accepted = gossip.check(sent)
    assert accepted is not None
    assert accepted.block == block(b"\x02" * 100)
    assert accepted.hash == accepted.block.header.hash
    assert accepted.message == sent
    assert gossip.check(sent) is None


def test_the_same_block_in_another_compression_is_ignored(gossip: BlockGossip) -> None:
    sent = message()
    gossip.check(sent)
    raw = bytes(cramjam.snappy.decompress_raw(sent))
    length = bytes((len(raw) & 0x7F | 0x80, len(raw) >> 7))
    literal = length + bytes((61 << 2,)) + (len(raw) - 1).to_bytes(2, "little") + raw
    assert bytes(cramjam.snappy.decompress_raw(literal)) == raw
    assert literal != sent
    assert gossip.check(literal) is None


def test_the_signature_is_what_a_foreign_library_makes_of_the_specifications_words() -> None:
    raw = bytes(cramjam.snappy.decompress_raw(message(b"\x02" * 5)))
    signature, signed = raw[:65], raw[65:]
    digest = keccak(bytes(32) + CHAIN_ID.to_bytes(32, "big") + keccak(signed))
    assert keys.Signature(signature).recover_public_key_from_msg_hash(digest).to_canonical_address() == SEQUENCER


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: message(key=b"\x22" * 32), "who is not the sequencer"),
        (lambda: message(chain_id=1), "who is not the sequencer"),
        (lambda: message(timestamp=NOW - 61), "61 s old"),
        (lambda: message(timestamp=NOW + 6), "6 s ahead"),
    ],
    ids=["another key", "another chain", "old", "future"],
)
def test_what_the_rules_forbid_is_refused(gossip: BlockGossip, make: Callable[[], bytes], words: str) -> None:
    with pytest.raises(RefusedBlock, match=words):
        gossip.check(make())


@pytest.mark.parametrize(
    ("timestamp", "is_close"), [(NOW - 90, True), (NOW - 91, False), (NOW + 35, True), (NOW + 36, False)]
)
def test_a_block_of_the_sequencer_is_nobodys_fault_while_clocks_may_differ(
    gossip: BlockGossip, timestamp: int, is_close: bool
) -> None:
    with pytest.raises(RefusedBlock) as refused:
        gossip.check(message(timestamp=timestamp))
    assert isinstance(refused.value, UntimelyBlock) == is_close
    with pytest.raises(RefusedBlock) as refused:
        gossip.check(message(timestamp=timestamp, key=b"\x22" * 32))
    assert not isinstance(refused.value, UntimelyBlock)


def test_while_nobody_knows_the_sequencer_nobody_is_to_blame(clock: Clock) -> None:
    signer = [Address(bytes(20))]
    gossip = BlockGossip(chain_id=CHAIN_ID, sequencer=lambda: signer[0], clock=clock)
    assert gossip.check(message()) is None
    signer[0] = SEQUENCER
    assert gossip.check(message()) is not None


def test_the_former_sequencers_blocks_are_ignored_without_blame(clock: Clock) -> None:
    signer = [SEQUENCER]
    gossip = BlockGossip(chain_id=CHAIN_ID, sequencer=lambda: signer[0], clock=clock)
    assert gossip.check(message(number=1)) is not None
    signer[0] = Address(b"\x09" * 20)
    assert gossip.check(message(number=2)) is None
    with pytest.raises(RefusedBlock):
        gossip.check(message(number=3, key=b"\x22" * 32))


@pytest.mark.parametrize("timestamp", [NOW - 60, NOW + 5])
def test_the_edges_of_time_are_accepted(gossip: BlockGossip, timestamp: int) -> None:
    assert gossip.check(message(timestamp=timestamp)) is not None


def test_a_new_signer_counts_from_then_on(clock: Clock) -> None:
    signer = [SEQUENCER]
    gossip = BlockGossip(chain_id=CHAIN_ID, sequencer=lambda: signer[0], clock=clock)
    signer[0] = Address(b"\x09" * 20)
    with pytest.raises(RefusedBlock):
        gossip.check(message())


def test_two_blocks_of_one_height_are_evidence_and_five_are_enough(gossip: BlockGossip) -> None:
    sent = [message(gas_used=gas) for gas in range(6)]
    assert all(gossip.check(one) for one in sent[:5])
    with pytest.raises(RefusedBlock, match="more than 5 blocks of height 7"):
        gossip.check(sent[5])
    (evidence,) = gossip.equivocations
    assert (evidence.number, evidence.first, evidence.second) == (7, sent[0], sent[1])
    for part in (evidence.first, evidence.second):
        assert parse_signed_block(part).signer(CHAIN_ID) == SEQUENCER


def test_blocks_of_different_heights_are_no_evidence(gossip: BlockGossip) -> None:
    assert all(gossip.check(message(number=number)) for number in range(1, 30))
    assert not gossip.equivocations


def test_a_nodes_own_block_counts_as_seen(gossip: BlockGossip, clock: Clock) -> None:
    mine = BlockGossip(chain_id=CHAIN_ID, sequencer=lambda: SEQUENCER, clock=clock).check(message())
    assert mine is not None
    gossip.note_own(mine)
    assert gossip.check(message()) is None
    gossip.check(message(gas_used=1))
    assert len(gossip.equivocations) == 1


def test_a_payload_that_is_signed_but_false_is_malformed(gossip: BlockGossip) -> None:
    made = block()
    sent = sign_block(made, made.header.state_root, chain_id=CHAIN_ID, private_key=KEY).compressed()
    with pytest.raises(MalformedPayload, match="is not that of its header"):
        gossip.check(sent)


def test_a_message_that_claims_gigabytes_is_refused_before_any_memory_is_taken(gossip: BlockGossip) -> None:
    for claimed in (MAX_MESSAGE + 1, 2**32 - 1):
        varint = b"".join(bytes((claimed >> shift & 0x7F | 0x80,)) for shift in (0, 7, 14, 21)) + bytes(
            (claimed >> 28,)
        )
        with pytest.raises(MalformedPayload, match=f"claims {claimed} bytes"):
            gossip.check(varint + bytes(100))


@pytest.mark.parametrize(
    "sent", [b"", b"\xff" * 20, b"\x00", b"\x05\x00", bytes(cramjam.snappy.compress_raw(b"x" * 96))]
)
def test_what_is_no_message_is_malformed(gossip: BlockGossip, sent: bytes) -> None:
    with pytest.raises(MalformedPayload):
        gossip.check(sent)
