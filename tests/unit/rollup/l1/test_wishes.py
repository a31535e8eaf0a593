"""The book of one account's wishes, on disk and in memory."""

from rollup.l1.fees import FeeOffer
from rollup.l1.journal import JournalEntry, MemoryJournal, Variant
from rollup.l1.status import TransactionState
from rollup.l1.wishes import Wishes
from rollup.types import BlockId, L1BlockNumber
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei

KEY = b"\x07" * 32
PLACE = BlockId(number=L1BlockNumber(5), hash=Hash32(b"\x05" * 32))


def entry(key: bytes, nonce: int) -> JournalEntry:
    offer = FeeOffer(priority_fee=Wei(1), max_fee=Wei(10))
    return JournalEntry(
        key=key,
        nonce=Nonce(nonce),
        to=Address(b"\x09" * 20),
        value=Wei(0),
        data=key,
        gas_limit=Gas(21_000),
        variants=(Variant(offer=offer),),
    )


def loaded(journal: MemoryJournal) -> Wishes:
    wishes = Wishes(KEY, journal)
    assert not wishes.is_loaded
    wishes.load(900)
    return wishes


def test_what_was_remembered_is_there_after_a_restart_with_the_same_hashes() -> None:
    journal = MemoryJournal()
    wishes = loaded(journal)
    for name, nonce in ((b"two", 2), (b"one", 1)):
        wishes.place(wishes.remember(entry(name, nonce)), PLACE)
    again = loaded(journal)
    assert [one.entry for one in again.by_nonce()] == [one.entry for one in wishes.by_nonce()]
    assert [status.hashes for status in again.statuses()] == [status.hashes for status in wishes.statuses()]
    assert [one.entry.inclusion for one in again.by_nonce()] == [PLACE, PLACE]
    assert again.free_nonce() == 3
    assert loaded(MemoryJournal()).free_nonce() == 0


def test_another_variant_is_signed_beside_the_first_and_another_nonce_starts_afresh() -> None:
    wishes = loaded(MemoryJournal())
    first = wishes.remember(entry(b"wish", 1))
    raised = first.entry.replace_last_offer(FeeOffer(priority_fee=Wei(2), max_fee=Wei(20)))
    assert wishes.remember(raised) is first
    assert len({signed.hash for signed in first.signed}) == 2
    first.sent_at = 1.0
    fresh = wishes.remember(entry(b"wish", 4))
    assert fresh is wishes.get(b"wish")
    assert (fresh.sent_at, len(fresh.signed)) == (None, 1)


def test_only_what_is_final_is_forgotten() -> None:
    journal = MemoryJournal()
    wishes = loaded(journal)
    one = wishes.remember(entry(b"wish", 1))
    wishes.forget(b"wish")
    wishes.forget(b"unknown")
    assert wishes.status(b"wish") is not None
    one.is_final = True
    wishes.forget(b"wish")
    assert wishes.status(b"wish") is None
    assert not wishes
    assert not loaded(journal)


def test_a_place_shows_in_the_status_only_when_its_receipt_was_seen() -> None:
    wishes = loaded(MemoryJournal())
    one = wishes.remember(entry(b"wish", 1))
    assert wishes.statuses()[0].state is TransactionState.PENDING
    wishes.place(one, PLACE)
    one.included, one.succeeded = one.entry.variants[0], True
    status = wishes.status(b"wish")
    assert status is not None
    assert (status.state, status.inclusion, status.succeeded) == (TransactionState.INCLUDED, PLACE, True)
