"""One signature for each height, also across restarts."""

import pytest

from p2p.errors import SigningRefused
from p2p.signed_block import parse_signed_block
from p2p.signer import HEIGHTS_REMEMBERED, LAST_SIGNED, BlockSigner
from state.blocks import Block
from state.errors import Blame, Severity, StorageError
from state.primitives.types import Hash32
from tests.unit.p2p.conftest import CHAIN_ID, KEY, SEQUENCER
from tests.unit.p2p.networks import MemoryValues, branch

OURS = branch(10)
OTHERS = branch(10, salt=1)


class Dropped:
    """Tells which blocks are no longer canonical."""

    def __init__(self) -> None:
        self.hashes: set[Hash32] = set()

    def __call__(self, block_hash: Hash32, number: int) -> bool:
        return block_hash in self.hashes


@pytest.fixture
def store() -> MemoryValues:
    return MemoryValues()


@pytest.fixture
def dropped() -> Dropped:
    return Dropped()


def signer(store: MemoryValues, dropped: Dropped) -> BlockSigner:
    return BlockSigner(chain_id=CHAIN_ID, private_key=KEY, store=store, was_dropped=dropped)


def sign(by: BlockSigner, made: Block) -> bytes:
    return by.sign(made, made.header.hash).compressed()


def test_the_signature_is_the_sequencers(store: MemoryValues, dropped: Dropped) -> None:
    sent = sign(signer(store, dropped), OURS[3])
    assert parse_signed_block(sent).signer(CHAIN_ID) == SEQUENCER == signer(store, dropped).address


def test_the_same_block_gives_the_same_signature_after_a_restart(store: MemoryValues, dropped: Dropped) -> None:
    assert sign(signer(store, dropped), OURS[3]) == sign(signer(store, dropped), OURS[3])


@pytest.mark.parametrize("height", [0, 2, 3])
def test_no_second_block_at_or_below_the_last_height(store: MemoryValues, dropped: Dropped, height: int) -> None:
    sign(signer(store, dropped), OURS[3])
    with pytest.raises(SigningRefused, match="was signed and still stands") as refused:
        sign(signer(store, dropped), OTHERS[height])
    assert (refused.value.severity, refused.value.blame) == (Severity.CRITICAL, Blame.OURSELVES)
    last = signer(store, dropped).last
    assert last is not None
    assert (last.number, last.hash) == (3, OURS[3].header.hash)


def test_heights_are_signed_again_where_derivation_dropped_the_last_block(
    store: MemoryValues, dropped: Dropped
) -> None:
    sign(signer(store, dropped), OURS[7])
    dropped.hashes.add(OURS[7].header.hash)
    sign(signer(store, dropped), OTHERS[5])
    with pytest.raises(SigningRefused):
        sign(signer(store, dropped), OURS[5])
    sign(signer(store, dropped), OTHERS[6])


def test_a_lower_block_that_stands_is_not_replaced_because_a_higher_one_was_dropped(
    store: MemoryValues, dropped: Dropped
) -> None:
    for made in OURS[3:8]:
        sign(signer(store, dropped), made)
    dropped.hashes.update(made.header.hash for made in OURS[6:8])
    with pytest.raises(SigningRefused, match="is not above 5"):
        sign(signer(store, dropped), OTHERS[4])
    sign(signer(store, dropped), OTHERS[6])


def test_what_is_on_disk_stays_small(store: MemoryValues, dropped: Dropped) -> None:
    for made in branch(2 * HEIGHTS_REMEMBERED):
        sign(signer(store, dropped), made)
    assert len(store.values[LAST_SIGNED]) == 40 * HEIGHTS_REMEMBERED


def test_what_is_signed_is_on_disk_before_the_signature_exists(store: MemoryValues, dropped: Dropped) -> None:
    class Full(MemoryValues):
        def put(self, key: bytes, value: bytes | None) -> None:
            raise StorageError("no space left")

    with pytest.raises(StorageError, match="no space left"):
        sign(BlockSigner(chain_id=CHAIN_ID, private_key=KEY, store=Full(), was_dropped=dropped), OURS[1])


def test_a_damaged_record_is_reported(store: MemoryValues, dropped: Dropped) -> None:
    store.put(LAST_SIGNED, b"\x01" * 39)
    with pytest.raises(StorageError, match="got 39 bytes, expected a multiple of 40"):
        sign(signer(store, dropped), OURS[1])
