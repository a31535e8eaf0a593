"""Evidence against the sequencer: kept, bounded, and only where it proves something."""

import pytest

from p2p.block_gossip import Equivocation
from p2p.equivocations import PREFIX, Equivocations
from state.errors import StorageError
from state.primitives.crypto import private_key_to_address
from tests.unit.p2p.conftest import CHAIN_ID, NOW, SEQUENCER
from tests.unit.p2p.networks import MemoryValues, announcement, branch

OURS = branch(10)
OTHERS = branch(10, salt=1)


def evidence_of(number: int, *, other: bytes | None = None) -> Equivocation:
    second = announcement(OTHERS[number]) if other is None else other
    return Equivocation(number=number, first=announcement(OURS[number]), second=second)


def opened(store: MemoryValues, **limits: int) -> Equivocations:
    return Equivocations(
        store=store, chain_id=CHAIN_ID, sequencer=lambda: SEQUENCER, clock=lambda: float(NOW), **limits
    )


def test_evidence_survives_a_restart_with_both_blocks() -> None:
    store = MemoryValues()
    opened(store).add(evidence_of(3))
    again = opened(store)
    (kept,) = again
    assert (kept.number, kept.seen_at, len(again), again.seen) == (3, NOW, 1, 1)
    assert (kept.first.block, kept.second.block) == (OURS[3], OTHERS[3])
    assert kept.first.signer == kept.second.signer == SEQUENCER
    assert (kept.first.message, kept.second.message) == (announcement(OURS[3]), announcement(OTHERS[3]))


@pytest.mark.parametrize(
    "other",
    [
        announcement(OURS[3]),
        announcement(OTHERS[4]),
        announcement(OTHERS[3], key=b"\x22" * 32),
        b"",
        b"\xff" * 50,
    ],
    ids=["the same", "another height", "another signer", "nothing", "noise"],
)
def test_what_proves_nothing_is_not_kept(other: bytes) -> None:
    store = MemoryValues()
    found = opened(store)
    assert found.add(evidence_of(3, other=other)) is None
    assert (len(found), found.seen, store.values) == (0, 0, {})


def test_evidence_stays_readable_when_the_sequencers_key_has_changed() -> None:
    store = MemoryValues()
    opened(store).add(evidence_of(3))
    later = Equivocations(
        store=store,
        chain_id=CHAIN_ID,
        sequencer=lambda: private_key_to_address(b"\x22" * 32),
        clock=lambda: float(NOW),
    )
    assert [kept.number for kept in later] == [3]


def test_a_height_is_evidence_once() -> None:
    found = opened(MemoryValues())
    assert found.add(evidence_of(3)) is not None
    assert found.add(evidence_of(3)) is None
    assert found.seen == 1


def test_the_oldest_are_kept_where_there_is_no_room_and_the_rest_counted() -> None:
    found = opened(MemoryValues(), most=2)
    for number in (5, 1, 7, 3):
        found.add(evidence_of(number))
    assert ([kept.number for kept in found], found.seen) == ([1, 5], 4)
    small = opened(MemoryValues(), most_bytes=2_000)
    for number in range(1, 10):
        small.add(evidence_of(number))
    assert 0 < len(small) < 9 == small.seen


def test_damage_on_disk_is_reported() -> None:
    store = MemoryValues()
    found = opened(store)
    found.add(evidence_of(3))
    store.put(PREFIX + (3).to_bytes(8, "big"), b"\x93\x01\x02")
    with pytest.raises(StorageError, match="is damaged"):
        list(found)
