"""A chain that begins in its middle: a state, the blocks before it, and nothing below.

Written into a fresh store piece by piece, so that no piece has to fit into memory with the others. Until `finish` the
store has no heads, and nobody takes it for a chain.
"""

from typing import Final

from state.database import block_batches, schema
from state.database.reading import meta_key
from state.database.records import BlockRecord, Heads, StateDelta
from state.database.stores import KeyValueStore, WriteBatch
from state.errors import StorageError
from state.primitives.types import Address, Hash32

FLUSH_BYTES: Final = 4 << 20


class ImportWriter:
    """Puts parts of a chain into an empty store. What it is given must have been checked, or be thrown away."""

    def __init__(self, store: KeyValueStore) -> None:
        """Raises StorageError for a store that holds a chain."""
        if store.get(schema.HEADS_KEY) is not None:
            raise StorageError("the store holds a chain already")
        schema.open_schema(store)
        self._store = store
        self._batch = WriteBatch()
        self._bytes = 0

    def block(self, record: BlockRecord) -> None:
        """A canonical block, without its state."""
        block_batches.put_block(record, self._batch)
        block_batches.put_canonical(record, self._batch)
        self._grow(sum(map(len, record.transactions)) + 1_000 * len(record.receipts))

    def account(self, address: Address, leaf: bytes) -> None:
        """An account of the state."""
        self._put(schema.account_key(address), leaf)

    def slot(self, address: Address, slot: bytes, word: bytes) -> None:
        """A storage word of the state."""
        self._put(schema.storage_key(address, slot), word)

    def code(self, code_hash: Hash32, code: bytes) -> None:
        """Code of the state."""
        self._put(schema.CODE + code_hash, code)

    def nodes(self, nodes: dict[Hash32, bytes]) -> None:
        """Trie nodes of the state."""
        for node_hash, node in nodes.items():
            self._put(schema.NODE + node_hash, node)

    def meta(self, batch: WriteBatch) -> None:
        """Values that other rooms keep."""
        for key, value in batch.operations.items():
            self._put(meta_key(key), value or b"")

    def finish(self, genesis: BlockRecord, head: Hash32, *, first_block: int, state: int) -> None:
        """Makes it a chain whose three heads are `head`, synced: blocks from `first_block` on, states from `state` on.

        The genesis block is there without its state, unless it is the state.
        """
        self.block(_without_state(genesis))
        if first_block > genesis.header.number + 1:
            self._batch.put(schema.BLOCKS_FROM_KEY, first_block.to_bytes(8, "big"))
        self._batch.put(schema.STATES_FROM_KEY, state.to_bytes(8, "big"))
        block_batches.put_heads(Heads(unsafe=head, safe=head, finalized=head), head, self._batch)
        self._batch.put(schema.SEQUENCE_KEY, (1).to_bytes(8, "big"))
        self._store.write(self._batch, sync=True)

    def _put(self, key: bytes, value: bytes) -> None:
        self._batch.put(key, value)
        self._grow(len(key) + len(value))

    def _grow(self, size: int) -> None:
        self._bytes += size
        if self._bytes >= FLUSH_BYTES:
            self._store.write(self._batch, sync=False)
            self._batch, self._bytes = WriteBatch(), 0


def _without_state(genesis: BlockRecord) -> BlockRecord:
    return BlockRecord(
        hash=genesis.hash,
        header=genesis.header,
        transactions=genesis.transactions,
        transaction_hashes=genesis.transaction_hashes,
        senders=genesis.senders,
        receipts=genesis.receipts,
        receipt_extras=genesis.receipt_extras,
        delta=StateDelta(),
    )
