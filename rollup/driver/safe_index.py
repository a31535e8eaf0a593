"""Which L1 block each safe L2 block was derived from.

Kept on disk from the finalized head up and written in the same batch as the safe head, so that after an L1 reorg the
safe head goes back exactly as far as L1 did, and finality survives a restart.

    key    L1 view ++ "safe/" ++ L2 number uint64        value    L1 number uint64 ++ L1 hash 32
"""

from collections.abc import Iterator
from typing import Final

from rollup.types import BlockId, L1BlockRef
from state.database import ChainDatabase, WriteBatch
from state.database.schema import META_L1_VIEW
from state.primitives.types import Hash32

_PREFIX: Final = META_L1_VIEW + b"safe/"

KEPT_BELOW_FINALIZED: Final = 1024
"""Notes that no restart needs but a snapshot of such a block does: as many as blocks whose flat state can be found."""


def _key(number: int) -> bytes:
    return _PREFIX + number.to_bytes(8, "big")


def put_note(l2_number: int, derived_from: BlockId, batch: WriteBatch) -> None:
    """Adds one note to `batch`."""
    batch.put(_key(l2_number), derived_from.number.to_bytes(8, "big") + derived_from.hash)


class SafeIndex:
    """L2 number -> L1 block id, over the database's L1 view."""

    def __init__(self, db: ChainDatabase, *, kept_below: int = KEPT_BELOW_FINALIZED) -> None:
        """`kept_below`: how many blocks below the finalized head keep their notes whatever happens."""
        self._db = db
        self._kept_below = kept_below

    def record(self, l2_number: int, derived_from: L1BlockRef) -> WriteBatch:
        """A batch that notes it; the caller writes it together with the head."""
        batch = WriteBatch()
        put_note(l2_number, derived_from.id, batch)
        return batch

    def derived_from(self, l2_number: int) -> BlockId | None:
        """None for genesis and for what was pruned."""
        value = self._db.get_meta(_key(l2_number))
        if value is None:
            return None
        return BlockId(number=int.from_bytes(value[:8], "big"), hash=Hash32(value[8:]))

    def entries(self) -> Iterator[tuple[int, BlockId]]:
        """All notes, lowest L2 number first."""
        for key, value in self._db.iterate_meta(_PREFIX):
            number = int.from_bytes(key[len(_PREFIX) :], "big")
            yield number, BlockId(number=int.from_bytes(value[:8], "big"), hash=Hash32(value[8:]))

    def prune_finalized(self, finalized: int) -> None:
        """Forget, in one batch, the notes that no restart can need once L2 block `finalized` is final.

        What stays: all notes of the L1 block that it came from, and the one before them, where derivation starts
        again; and those of the newest blocks below it.
        """
        newest = self.derived_from(finalized)
        if newest is None:
            return
        limit = finalized - self._kept_below
        older = [number for number, block in self.entries() if number < limit and block.number < newest.number]
        batch = WriteBatch()
        for number in older[:-1]:
            self._db.put_meta(_key(number), None, batch)
        if batch.operations:
            self._db.write_meta(batch)
