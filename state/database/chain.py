"""ChainDatabase: one chain on disk, written in batches that are whole or not there.

The flat state belongs to one block, the *flat head*, which is always the unsafe head. Appending a block moves it
up by one, `rewind_to` moves it down; both are one batch.
"""

from collections.abc import Callable
from threading import Lock

from state.database import block_batches, pruning, schema
from state.database.pruning import Retention
from state.database.reading import ChainReads, meta_key
from state.database.records import BlockRecord, Heads
from state.database.stores import KeyValueStore, WriteBatch
from state.errors import Blame, StorageError
from state.primitives.types import Hash32


class AnotherChain(StorageError):
    """The database holds a chain with another genesis block."""


class NotOnFlatHead(StorageError):
    """A block was to be appended to something else than the flat head."""

    blame = Blame.OURSELVES


class InconsistentHeads(StorageError):
    """Heads that are not canonical, not in order, or whose unsafe head is not the flat head."""

    blame = Blame.OURSELVES


class ChainDatabase(ChainReads):
    """One chain on disk. One thread at a time commits; any thread reads.

    `on_batch` is called with every batch after it was written, in order, on the writing thread.
    """

    def __init__(
        self,
        store: KeyValueStore,
        *,
        on_batch: Callable[[WriteBatch], None] | None = None,
        index_addresses: bool = False,
        full: bool | None = None,
        retention: Retention | None = None,
    ) -> None:
        """`index_addresses`: keep the address index, from the next block on where it isn't kept yet. `full`: let old
        states go as `retention` says, for good; None: as the chain in `store` is kept, a new one as an archive.

        Raises PruningMismatch where the chain in `store` is kept in another way.
        """
        schema.open_schema(store)
        if full is not None and store.get(schema.HEADS_KEY) is not None:
            pruning.check_mode(store, full=full)
        self._begins_full = bool(full)
        self._retention = retention or Retention()
        super().__init__(store)
        self.on_batch = on_batch
        self._index_addresses = index_addresses
        self._write_lock = Lock()
        self._sequence = int.from_bytes(store.get(schema.SEQUENCE_KEY) or b"", "big")

    @property
    def sequence(self) -> int:
        """How many batches were ever written; a copy with the same number has the same content."""
        return self._sequence

    def close(self) -> None:
        """Releases the store."""
        self._store.close()

    def _write(self, batch: WriteBatch, *, sync: bool) -> None:
        with self._write_lock:
            batch.put(schema.SEQUENCE_KEY, (self._sequence + 1).to_bytes(8, "big"))
            self._store.write(batch, sync=sync)
            self._sequence += 1
            if self.on_batch is not None:
                self.on_batch(batch)

    def apply_batch(self, batch: WriteBatch) -> None:
        """Writes a batch that another database's `on_batch` handed out; each must follow the one before.

        Raises StorageError for a gap.
        """
        sequence = int.from_bytes(batch.operations.get(schema.SEQUENCE_KEY) or b"", "big")
        if sequence != self._sequence + 1:
            raise StorageError(f"write batch out of order: got {sequence}, expected {self._sequence + 1}")
        self._store.write(batch, sync=False)
        self._sequence = sequence

    def initialise(self, genesis: BlockRecord) -> None:
        """Writes the genesis block and makes it all three heads; does nothing if it is there already.

        Raises AnotherChain if a different genesis is.
        """
        if self.is_initialised:
            stored = self.canonical_hash(genesis.header.number)
            if stored != genesis.hash:
                raise AnotherChain(
                    f"database holds another chain: genesis {stored.hex() if stored else 'unknown'}, expected "
                    f"{genesis.hash.hex()}; choose another data directory"
                )
            return
        batch = WriteBatch()
        if self._begins_full:
            block_batches.put_block_without_nodes(genesis, batch)
            pruning.begin_full(genesis.delta, self._store, batch)
        else:
            block_batches.put_block(genesis, batch)
        block_batches.put_canonical(genesis, batch)
        self._put_addresses(genesis, batch)
        batch.merge(block_batches.flat_changes(genesis.delta))
        heads = Heads(unsafe=genesis.hash, safe=genesis.hash, finalized=genesis.hash)
        block_batches.put_heads(heads, genesis.hash, batch)
        self._write(batch, sync=True)

    def commit_block(self, record: BlockRecord, heads: Heads, *, extra: WriteBatch | None = None) -> None:
        """Appends a block to the flat head and moves the heads, in one synced batch with `extra`.

        Raises NotOnFlatHead if its parent is not the flat head, InconsistentHeads for heads that don't fit.
        """
        before, flat_head = self._heads()
        parent = self.require_header(flat_head)
        if record.header.parent_hash != flat_head or record.header.number != parent.number + 1:
            raise NotOnFlatHead(
                f"block {record.header.number} does not follow the flat head: got parent "
                f"{record.header.parent_hash.hex()}, expected {flat_head.hex()} ({parent.number})"
            )
        batch = WriteBatch()
        self._put_block(record, heads, batch)
        block_batches.put_canonical(record, batch)
        self._put_addresses(record, batch)
        block_batches.put_reverse_diff(self._store, record.header.number, record.delta, batch)
        batch.merge(block_batches.flat_changes(record.delta))
        self._put_heads(before, heads, record.hash, record.header.number, batch)
        self._write_with(batch, extra, sync=True)
        # The next block's update begins at these nodes.
        self._nodes.put_all(record.delta.nodes)

    def _put_block(self, record: BlockRecord, heads: Heads, batch: WriteBatch) -> None:
        if not pruning.is_full(self._store):
            block_batches.put_block(record, batch)
            return
        block_batches.put_block_without_nodes(record, batch)
        number = record.header.number
        finalized = number if heads.finalized == record.hash else self.require_header(heads.finalized).number
        floor = self._retention.floor(number, finalized)
        oldest = self.states_from
        pruning.commit_nodes(self._store, number, record.delta, oldest=oldest, floor=floor, batch=batch)

    def _put_addresses(self, record: BlockRecord, batch: WriteBatch) -> None:
        """A block that is not indexed ends the index: it has no gaps, and begins anew when it is wanted again."""
        first = self.addresses_indexed_from
        if self._index_addresses:
            block_batches.put_addresses(record, record.header.number if first is None else first, batch)
        elif first is not None:
            batch.delete(schema.ADDRESSES_FROM_KEY)

    def rewind_to(self, block_hash: Hash32, heads: Heads, *, extra: WriteBatch | None = None) -> None:
        """Takes the canonical blocks above `block_hash` off the chain, in one synced batch; they stay readable by hash.

        Raises UnknownBlock, InconsistentHeads (also for a block that is not canonical), MissingData for a depth whose
        reverse diffs are no longer kept.
        """
        before, flat_head = self._heads()
        target = self.require_header(block_hash).number
        if self.canonical_hash(target) != block_hash:
            raise InconsistentHeads(f"can't rewind to block {block_hash.hex()}: it is not canonical")
        batch = WriteBatch()
        numbers = range(self.require_header(flat_head).number, target, -1)
        for number in numbers:
            block_batches.rewind_block(self._store, number, self._require_canonical(number), batch)
        if pruning.is_full(self._store):
            pruning.rewind_nodes(self._store, numbers, batch)
        self._put_heads(before, heads, block_hash, target, batch)
        self._write_with(batch, extra, sync=True)

    def replace_head(self, record: BlockRecord) -> WriteBatch:
        """Puts `record` in the flat head's place and returns what undoes that (`undo_replacement`).

        `record` is the head under another state root; its delta holds what changes in the head's state. The former
        head stays readable by hash. For sandboxes: no protocol rule ever does it. Raises NotOnFlatHead.
        """
        if pruning.is_full(self._store):
            raise NotOnFlatHead("a head can't be replaced in a pruned database: sandboxes keep archives")
        before, flat_head = self._heads()
        old = self.require_header(flat_head)
        if record.header.number != old.number or record.header.parent_hash != old.parent_hash:
            raise NotOnFlatHead(f"block {record.header.number} can't take the place of the flat head {old.number}")

        def moved(block_hash: Hash32) -> Hash32:
            return record.hash if block_hash == flat_head else block_hash

        heads = Heads(unsafe=record.hash, safe=moved(before.safe), finalized=moved(before.finalized))
        batch = WriteBatch()
        block_batches.replace_tip(self._store, record, batch)
        block_batches.put_heads(heads, record.hash, batch)
        undo = block_batches.inverse(self._store, batch)
        self._write(batch, sync=True)
        self._nodes.put_all(record.delta.nodes)
        return undo

    def undo_replacement(self, undo: WriteBatch) -> None:
        """Takes back `replace_head`; the flat head must be the block that it put there."""
        self._write(undo, sync=True)

    def set_heads(self, heads: Heads, *, extra: WriteBatch | None = None) -> None:
        """Moves the safe and finalized heads. Synced only with `extra`: heads alone can be derived again.

        Raises InconsistentHeads.
        """
        before, flat_head = self._heads()
        batch = WriteBatch()
        self._put_heads(before, heads, flat_head, self.require_header(flat_head).number, batch)
        self._write_with(batch, extra, sync=extra is not None)

    def _write_with(self, batch: WriteBatch, extra: WriteBatch | None, *, sync: bool) -> None:
        if extra is not None:
            batch.merge(extra)
        self._write(batch, sync=sync)

    def _put_heads(self, before: Heads, heads: Heads, tip: Hash32, tip_number: int, batch: WriteBatch) -> None:
        numbers = [tip_number]
        for block_hash in (heads.unsafe, heads.safe, heads.finalized):
            number = tip_number if block_hash == tip else self.require_header(block_hash).number
            if number > numbers[-1] or (block_hash != tip and self.canonical_hash(number) != block_hash):
                raise InconsistentHeads(f"head {block_hash.hex()} ({number}) is not canonical or not in order: {heads}")
            numbers.append(number)
        if heads.unsafe != tip:
            raise InconsistentHeads(f"unsafe head is not the flat head: got {heads.unsafe.hex()}, expected {tip.hex()}")
        block_batches.put_heads(heads, tip, batch)
        finalized_before = self.require_header(before.finalized).number
        block_batches.drop_old_reverse_diffs(finalized_before, numbers[-1], batch)

    def put_meta(self, key: bytes, value: bytes | None, batch: WriteBatch | None = None) -> None:
        """Sets (or with None removes) such a value: in `batch` if given, else at once and synced."""
        target = WriteBatch() if batch is None else batch
        target.operations[meta_key(key)] = value
        if batch is None:
            self._write(target, sync=True)

    def write_meta(self, batch: WriteBatch) -> None:
        """Writes several such values at once, synced. Raises StorageError if the batch touches anything else."""
        for key in batch.operations:
            meta_key(key)
        self._write(batch, sync=True)
