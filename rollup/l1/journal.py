"""The sender's durable memory: which wish was bound to which nonce, and what was offered for it.

An entry is written before its transaction leaves the process. Since a nonce is spent once, and a key (the caller's name
for what it wants done) is bound to one nonce until that nonce is spent, a restart can send again but never twice.
Signing is deterministic (RFC 6979), so the signed bytes are made anew from the offers and not kept.

    entry = rlp([version, key, nonce, to, value, data, gas limit, offers, inclusion, cancelled])
    offers = [[priority fee, max fee, is cancellation], ...]        inclusion = [block number, block hash] or []
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from rollup.l1.fees import FeeOffer
from rollup.types import BlockId
from state.errors import StorageError
from state.primitives import rlp
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei

_VERSION: Final = b"\x01"


class JournalDamaged(StorageError):
    """The transaction journal holds an entry that can't be read: sending on could spend a nonce twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One signed form of an entry. All forms share the nonce, so at most one is ever included."""

    offer: FeeOffer
    is_cancellation: bool = False
    """A transfer of nothing to ourselves instead of the call: it frees the nonce cheaply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One wish and its nonce."""

    key: bytes
    nonce: Nonce
    to: Address | None
    value: Wei
    data: bytes
    gas_limit: Gas
    variants: tuple[Variant, ...]
    inclusion: BlockId | None = None
    """The L1 block where one variant was last seen."""
    cancelled: bool = False
    """The caller no longer wants it; it stays until its nonce is spent."""

    def encode(self) -> bytes:
        integer = rlp.int_to_bytes
        variants: list[rlp.Item] = [
            [integer(v.offer.priority_fee), integer(v.offer.max_fee), integer(int(v.is_cancellation))]
            for v in self.variants
        ]
        inclusion: list[rlp.Item] = [integer(self.inclusion.number), self.inclusion.hash] if self.inclusion else []
        head: list[rlp.Item] = [_VERSION, self.key, integer(self.nonce), self.to or b"", integer(self.value)]
        tail: list[rlp.Item] = [variants, inclusion, integer(int(self.cancelled))]
        return rlp.encode([*head, self.data, integer(self.gas_limit), *tail])

    @classmethod
    def decode(cls, encoded: bytes) -> "JournalEntry":
        """Raises JournalDamaged."""
        try:
            version, key, nonce, to, value, data, gas, variants, inclusion, cancelled = rlp.decode_list(encoded)
            if version != _VERSION:
                raise JournalDamaged(f"journal entry of another version: got {version!r}, expected {_VERSION!r}")
            recipient, place = rlp.to_bytes(to), rlp.to_list(inclusion)
            return cls(
                key=rlp.to_bytes(key),
                nonce=Nonce(rlp.to_int(nonce)),
                to=Address(recipient) if recipient else None,
                value=Wei(rlp.to_int(value)),
                data=rlp.to_bytes(data),
                gas_limit=Gas(rlp.to_int(gas)),
                variants=tuple(_decode_variant(one) for one in rlp.to_list(variants)),
                inclusion=BlockId(number=rlp.to_int(place[0]), hash=Hash32(rlp.to_bytes(place[1]))) if place else None,
                cancelled=bool(rlp.to_int(cancelled)),
            )
        except (rlp.RLPError, ValueError, IndexError) as error:
            raise JournalDamaged(f"journal entry can't be read: {error}") from error

    def replace_last_offer(self, offer: FeeOffer) -> "JournalEntry":
        """The entry with one variant more, of the same kind as the last."""
        kind = self.variants[-1].is_cancellation
        return self.add_variant(Variant(offer=offer, is_cancellation=kind))

    def add_variant(self, variant: Variant) -> "JournalEntry":
        """The entry with one variant more."""
        return dataclasses.replace(self, variants=(*self.variants, variant))


def _decode_variant(item: rlp.DecodedItem) -> Variant:
    tip, fee, is_cancellation = rlp.to_list(item, length=3)
    offer = FeeOffer(priority_fee=Wei(rlp.to_int(tip)), max_fee=Wei(rlp.to_int(fee)))
    return Variant(offer=offer, is_cancellation=bool(rlp.to_int(is_cancellation)))


class TransactionJournal(Protocol):
    """Where entries live. `put` returns only when the entry would survive a kill."""

    def entries(self) -> Iterator[JournalEntry]:
        """All entries, in any order."""

    def put(self, entry: JournalEntry) -> None:
        """Write or overwrite the entry of `entry.key`."""

    def delete(self, key: bytes) -> None:
        """Forget a key; nothing happens if it is unknown."""


class MetaStore(Protocol):
    """The part of `state.database.ChainDatabase` that keeps small durable records; None removes one."""

    def get_meta(self, key: bytes) -> bytes | None: ...

    def put_meta(self, key: bytes, value: bytes | None) -> None: ...

    def iterate_meta(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]: ...


class MetaJournal:
    """The journal in the chain database, under a prefix of its own for each sending account."""

    def __init__(self, store: MetaStore, prefix: bytes) -> None:
        self._store = store
        self._prefix = prefix

    def entries(self) -> Iterator[JournalEntry]:
        for _, value in self._store.iterate_meta(self._prefix):
            if value:
                yield JournalEntry.decode(value)

    def put(self, entry: JournalEntry) -> None:
        self._store.put_meta(self._prefix + entry.key, entry.encode())

    def delete(self, key: bytes) -> None:
        self._store.put_meta(self._prefix + key, None)


class MemoryJournal:
    """A journal for tests and one-shot commands; it keeps encoded entries, as the durable one does."""

    def __init__(self) -> None:
        self._entries: dict[bytes, bytes] = {}

    def entries(self) -> Iterator[JournalEntry]:
        return iter([JournalEntry.decode(value) for value in self._entries.values()])

    def put(self, entry: JournalEntry) -> None:
        self._entries[entry.key] = entry.encode()

    def delete(self, key: bytes) -> None:
        self._entries.pop(key, None)
