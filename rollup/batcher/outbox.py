"""Closed channels on disk, from before their first byte is sent until they are safe and settled on L1.

channel   prefix ++ 'c' ++ sequence u64 -> rlp([version, sequence, id, first, last, parent hash, last hash,
                                                first origin, abandoned, [calldata, …]])
sequence  prefix ++ 's'                 -> u64, the last one given out: never used twice, ids derive from it
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

from rollup.l1.journal import MetaStore
from rollup.types import L1BlockNumber, L2BlockNumber, L2BlockRef
from state.errors import StorageError
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32

_VERSION: Final = b"\x01"
_CHANNEL: Final = b"c"
_SEQUENCE: Final = b"s"
_ID_DOMAIN: Final = b"openledger channel"


class OutboxDamaged(StorageError):
    """The outbox holds a record that can't be read: going on could post a range twice or never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRecord:
    """A closed channel: a range of L2 blocks and the calldata that carries it."""

    sequence: int
    """Order in which channels were closed."""
    channel_id: bytes
    """16 bytes."""
    first: L2BlockNumber
    last: L2BlockNumber
    parent_hash: Hash32
    """Of the block before `first`."""
    last_hash: Hash32
    first_origin: L1BlockNumber
    """L1 origin of `first`: its sequencing window is the first to close."""
    payloads: tuple[bytes, ...]
    """Calldata of each L1 transaction, in order."""
    abandoned: bool = False

    @property
    def keys(self) -> tuple[bytes, ...]:
        """What the sender knows the transactions by: channel id and index."""
        return tuple(self.channel_id + index.to_bytes(2, "big") for index in range(len(self.payloads)))

    @property
    def size(self) -> int:
        """Bytes of calldata."""
        return sum(map(len, self.payloads))

    def abandon(self) -> "ChannelRecord":
        """The record, given up."""
        return dataclasses.replace(self, abandoned=True)

    def encode(self) -> bytes:
        integer = rlp.int_to_bytes
        head: list[rlp.Item] = [_VERSION, integer(self.sequence), self.channel_id, integer(self.first)]
        body: list[rlp.Item] = [integer(self.last), self.parent_hash, self.last_hash, integer(self.first_origin)]
        return rlp.encode([*head, *body, integer(int(self.abandoned)), list(self.payloads)])

    @classmethod
    def decode(cls, encoded: bytes) -> "ChannelRecord":
        """Raises OutboxDamaged."""
        try:
            version, sequence, channel_id, first, last, parent, last_hash, origin, abandoned, payloads = (
                rlp.decode_list(encoded)
            )
            if version != _VERSION:
                raise OutboxDamaged(f"outbox record of another version: got {version!r}, expected {_VERSION!r}")
            return cls(
                sequence=rlp.to_int(sequence),
                channel_id=rlp.to_bytes(channel_id, length=16),
                first=L2BlockNumber(rlp.to_int(first)),
                last=L2BlockNumber(rlp.to_int(last)),
                parent_hash=Hash32(rlp.to_bytes(parent, length=32)),
                last_hash=Hash32(rlp.to_bytes(last_hash, length=32)),
                first_origin=L1BlockNumber(rlp.to_int(origin)),
                payloads=tuple(rlp.to_bytes(payload) for payload in rlp.to_list(payloads)),
                abandoned=bool(rlp.to_int(abandoned)),
            )
        except (rlp.RLPError, ValueError) as error:
            raise OutboxDamaged(f"outbox record can't be read: {error}") from error


class Outbox:
    """The records on disk, and a copy in memory."""

    def __init__(self, store: MetaStore, prefix: bytes, *, salt: bytes = b"") -> None:
        """Reads what is there. `salt` tells channels of several batchers with one key apart. Raises OutboxDamaged."""
        self._store = store
        self._salt = salt
        self._prefix = prefix
        stored = [ChannelRecord.decode(value) for _, value in store.iterate_meta(prefix + _CHANNEL)]
        self._records = {record.sequence: record for record in sorted(stored, key=lambda one: one.sequence)}

    def records(self) -> tuple[ChannelRecord, ...]:
        """All records, oldest first."""
        return tuple(self._records.values())

    def next_channel(self, parent_hash: Hash32) -> tuple[int, bytes]:
        """A sequence number and a channel id that were never given out before, whatever happens to the channel."""
        key = self._prefix + _SEQUENCE
        sequence = int.from_bytes(self._store.get_meta(key) or b"", "big") + 1
        encoded = sequence.to_bytes(8, "big")
        self._store.put_meta(key, encoded)
        return sequence, keccak256(_ID_DOMAIN + self._salt + encoded + parent_hash)[:16]

    def put(self, record: ChannelRecord) -> None:
        """Write or overwrite; once this returns it survives a kill."""
        self._store.put_meta(self._key(record), record.encode())
        self._records[record.sequence] = record

    def abandon_all(self) -> None:
        """Give up every channel: another batcher may have posted in the meantime. What L1 has of them counts all the
        same, and is waited for; what it hasn't is cancelled, and building begins again from the safe head."""
        for record in self.records():
            if not record.abandoned:
                self.put(record.abandon())

    def delete(self, record: ChannelRecord) -> None:
        """Forget a record for good."""
        self._store.put_meta(self._key(record), None)
        self._records.pop(record.sequence, None)

    def _key(self, record: ChannelRecord) -> bytes:
        return self._prefix + _CHANNEL + record.sequence.to_bytes(8, "big")


def record_of(
    *, sequence: int, channel_id: bytes, blocks: tuple[L2BlockRef, ...], payloads: tuple[bytes, ...]
) -> ChannelRecord:
    """The record of a channel that was closed over `blocks`."""
    return ChannelRecord(
        sequence=sequence,
        channel_id=channel_id,
        first=blocks[0].number,
        last=blocks[-1].number,
        parent_hash=blocks[0].parent_hash,
        last_hash=blocks[-1].hash,
        first_origin=L1BlockNumber(blocks[0].l1_origin.number),
        payloads=payloads,
    )
