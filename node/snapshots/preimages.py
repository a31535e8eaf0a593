"""Addresses and storage slots by their hashes.

The trie of an old block has the hashes of its keys only. Every key that it has is either still in the flat state of the
head, or was removed by a block since: then that block's reverse diff has it. They are gathered in a database of their
own, in a directory that goes away afterwards, since there may be more of them than fit into memory.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from node.snapshots.errors import SnapshotRefused
from state.database import ChainDatabase, LevelDBStore, WriteBatch, schema
from state.primitives.crypto import keccak256

_BATCH: Final = 5_000


class Preimages:
    """Keys of accounts and storage by their keccak hash. Use as a context manager."""

    def __init__(self, directory: Path) -> None:
        """`directory` must be new or empty."""
        self._store = LevelDBStore(directory)
        self.accounts = 0
        """Accounts in the flat state that was gathered."""

    def __enter__(self) -> "Preimages":
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def gather(self, db: ChainDatabase, number: int, progress: Callable[[int], None]) -> None:
        """Takes all keys that the state after block `number` can have; `progress` hears how many keys were read.

        Raises SnapshotRefused where a reverse diff on the way is no longer kept.
        """
        batch = WriteBatch()
        for read, key in enumerate(_keys(db, number), 1):
            self.accounts += key[:1] == schema.ACCOUNT
            preimage = key[1:] if key[:1] == schema.ACCOUNT else key[21:]
            batch.put(keccak256(preimage), preimage)
            if len(batch) >= _BATCH:
                self._store.write(batch, sync=False)
                batch = WriteBatch()
                progress(read)
        self._store.write(batch, sync=False)

    def find(self, hashed: bytes, what: str) -> bytes:
        """The address or slot with this hash. Raises SnapshotRefused; `what` is for its text."""
        preimage = self._store.get(hashed)
        if preimage is None:
            raise SnapshotRefused(f"{what} with hash 0x{hashed.hex()} is in the trie, but its key is not on disk")
        return preimage


def _keys(db: ChainDatabase, number: int) -> Iterator[bytes]:
    """Keys of the flat tables, then those that blocks above `number` changed."""
    for prefix in (schema.ACCOUNT, schema.STORAGE):
        for key, _ in db.store.iterate(start=prefix, stop=schema.prefix_end(prefix)):
            yield key
    for above in range(number + 1, db.require_header(db.flat_head()).number + 1):
        diff = db.store.get(schema.number_key(schema.REVERSE_DIFF, above))
        if diff is None:
            raise SnapshotRefused(
                f"block {number} is too old: what block {above} changed is no longer kept; choose a newer block"
            )
        yield from WriteBatch.decode(diff).operations
