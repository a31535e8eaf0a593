"""The wishes of one account: in the journal, and in memory with what only this process knows of them."""

import dataclasses

from rollup.l1.journal import JournalEntry, TransactionJournal, Variant
from rollup.l1.signing import is_filler, sign_variant
from rollup.l1.status import InFlight, TransactionState, TransactionStatus
from rollup.types import BlockId
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address
from state.transactions import RecoveredTransaction


class Wishes:
    """What was submitted and is not forgotten. What is changed here is on disk before it is in memory."""

    def __init__(self, private_key: bytes, journal: TransactionJournal) -> None:
        """`load` comes before all else."""
        self.address: Address = private_key_to_address(private_key)
        self._key = private_key
        self._journal = journal
        self._chain_id: int | None = None
        self._by_key: dict[bytes, InFlight] = {}

    @property
    def is_loaded(self) -> bool:
        return self._chain_id is not None

    def load(self, chain_id: int) -> None:
        """Bring the journal back into memory; its transactions are signed for that L1."""
        self._chain_id = chain_id
        for entry in sorted(self._journal.entries(), key=lambda one: one.nonce):
            self._by_key[entry.key] = self._in_flight(entry)

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: bytes) -> InFlight | None:
        """The wish of that name; None if it was never submitted or is forgotten."""
        return self._by_key.get(key)

    def by_nonce(self) -> list[InFlight]:
        """All of them."""
        return sorted(self._by_key.values(), key=lambda one: one.entry.nonce)

    def free_nonce(self) -> int:
        """The one after all that are bound; 0 where none is."""
        return max((one.entry.nonce + 1 for one in self._by_key.values()), default=0)

    def remember(self, entry: JournalEntry) -> InFlight:
        """A new wish, one with more variants or other offers, or one with another nonce, which starts afresh."""
        self._journal.put(entry)
        one = self._by_key.get(entry.key)
        if one is None or one.entry.nonce != entry.nonce:
            one = self._by_key[entry.key] = self._in_flight(entry)
            return one
        known = len(one.signed)
        one.signed += [self._sign(entry, variant) for variant in entry.variants[known:]]
        one.entry = entry
        return one

    def place(self, one: InFlight, inclusion: BlockId | None) -> None:
        """Note the L1 block that it is in, or that it is in none."""
        if one.entry.inclusion != inclusion:
            one.entry = dataclasses.replace(one.entry, inclusion=inclusion)
            self._journal.put(one.entry)

    def forget(self, key: bytes) -> None:
        """Drop a wish that is final: nothing brings it back after that. Others stay."""
        one = self._by_key.get(key)
        if one is not None and one.is_final:
            del self._by_key[key]
            self._journal.delete(key)

    def forget_fillers(self) -> None:
        """Drop what nobody wished for but a nonce had to be spent on, where it is final."""
        for key in [key for key in self._by_key if is_filler(key)]:
            self.forget(key)

    def statuses(self) -> list[TransactionStatus]:
        """By nonce."""
        return [_status(one) for one in self.by_nonce()]

    def status(self, key: bytes) -> TransactionStatus | None:
        """Of one; None if it was never submitted or is forgotten."""
        one = self._by_key.get(key)
        return None if one is None else _status(one)

    def _in_flight(self, entry: JournalEntry) -> InFlight:
        return InFlight(entry=entry, signed=[self._sign(entry, variant) for variant in entry.variants])

    def _sign(self, entry: JournalEntry, variant: Variant) -> RecoveredTransaction:
        return sign_variant(entry, variant, private_key=self._key, chain_id=self._chain_id, sender=self.address)


def _status(one: InFlight) -> TransactionStatus:
    settled = one.state in (TransactionState.INCLUDED, TransactionState.CONFIRMED)
    return TransactionStatus(
        key=one.entry.key,
        state=one.state,
        is_final=one.is_final,
        nonce=one.entry.nonce,
        hashes=tuple(signed.hash for signed in one.signed),
        inclusion=one.entry.inclusion if settled else None,
        succeeded=one.succeeded if settled else None,
    )
