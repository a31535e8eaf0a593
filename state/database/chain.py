"""ChainDatabase: the chain's blocks, indexes, flat state, trie nodes and heads over one key-value store.

The flat state belongs to one block, the *flat head*, which is always the unsafe head. Appending a block moves it
up by one, `rewind_to` moves it down; both are one batch. Only data found by its own hash is cached in memory: it
can't go stale, whichever thread reads while another one commits.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Final

from state.blocks import Block, Header, Receipt
from state.database import block_batches, schema
from state.database.log_index import FoundBlock, LogEntry, collect_logs, conditions_of, matching_positions
from state.database.records import (
    BlockRecord,
    Heads,
    StoredBody,
    decode_body,
    decode_receipts,
    transaction_hashes_of,
)
from state.database.schema import MissingData
from state.database.stores import KeyValueStore, WriteBatch
from state.errors import Blame, NodeError, StorageError
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import Address, Hash32

HEADER_CACHE: Final = 2048
NODE_CACHE: Final = 16_384
CODE_CACHE: Final = 512


class NotInitialised(StorageError):
    """The database holds no chain yet: `initialise` comes first."""


class AnotherChain(StorageError):
    """The database holds a chain with another genesis block."""


class UnknownBlock(NodeError):
    """No block with this hash or number is known here."""

    blame = Blame.USER


class NotOnFlatHead(StorageError):
    """A block was to be appended to something else than the flat head."""

    blame = Blame.OURSELVES


class InconsistentHeads(StorageError):
    """Heads that are not canonical, not in order, or whose unsafe head is not the flat head."""

    blame = Blame.OURSELVES


class ChainDatabase:
    """One chain on disk. One thread at a time commits; any thread reads.

    `on_batch` is called with every batch after it was written, in order, on the writing thread.
    """

    def __init__(self, store: KeyValueStore, *, on_batch: Callable[[WriteBatch], None] | None = None) -> None:
        schema.open_schema(store)
        self._store = store
        self.on_batch = on_batch
        self._write_lock = Lock()
        self._sequence = int.from_bytes(store.get(schema.SEQUENCE_KEY) or b"", "big")
        self._cached_header = lru_cache(maxsize=HEADER_CACHE)(self._load_header)
        self._cached_node = lru_cache(maxsize=NODE_CACHE)(self._load_node)
        self._cached_code = lru_cache(maxsize=CODE_CACHE)(self._load_code)

    @property
    def store(self) -> KeyValueStore:
        """The store underneath: for copying it whole, never for writing."""
        return self._store

    @property
    def sequence(self) -> int:
        """How many batches were ever written; a copy with the same number has the same content."""
        return self._sequence

    def close(self) -> None:
        """Releases the store."""
        self._store.close()

    # --- writing ---------------------------------------------------------------------------------------------

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

    @property
    def is_initialised(self) -> bool:
        """Whether there is a genesis block."""
        return self._store.get(schema.HEADS_KEY) is not None

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
        block_batches.put_block(genesis, batch)
        block_batches.put_canonical(genesis, batch)
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
        block_batches.put_block(record, batch)
        block_batches.put_canonical(record, batch)
        block_batches.put_reverse_diff(self._store, record.header.number, record.delta, batch)
        batch.merge(block_batches.flat_changes(record.delta))
        self._put_heads(before, heads, record.hash, record.header.number, batch)
        self._write_with(batch, extra, sync=True)

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
        for number in range(self.require_header(flat_head).number, target, -1):
            block_batches.rewind_block(self._store, number, self._require_canonical(number), batch)
        self._put_heads(before, heads, block_hash, target, batch)
        self._write_with(batch, extra, sync=True)

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

    # --- heads and blocks ------------------------------------------------------------------------------------

    def _heads(self) -> tuple[Heads, Hash32]:
        data = self._store.get(schema.HEADS_KEY)
        if data is None:
            raise NotInitialised("database holds no chain: it has to be initialised with a genesis block")
        return block_batches.decode_heads(data)

    def heads(self) -> Heads:
        """The three heads. Raises NotInitialised."""
        return self._heads()[0]

    def flat_head(self) -> Hash32:
        """The block that the flat state belongs to: the last one committed. Raises NotInitialised."""
        return self._heads()[1]

    def _load_header(self, block_hash: Hash32) -> Header:
        data = self._store.get(schema.HEADER + block_hash)
        if data is None:
            raise UnknownBlock(f"header not found: {block_hash.hex()}")
        return Header.decode(data)

    def require_header(self, block_hash: Hash32) -> Header:
        """The header of any block ever committed, canonical or not. Raises UnknownBlock."""
        return self._cached_header(block_hash)

    def header(self, block_hash: Hash32) -> Header | None:
        """The header of any block ever committed, None if unknown."""
        try:
            return self._cached_header(block_hash)
        except UnknownBlock:
            return None

    def canonical_hash(self, number: int) -> Hash32 | None:
        """The hash of the canonical block with this number, None above the flat head."""
        value = self._store.get(schema.number_key(schema.CANONICAL, number)) if 0 <= number < 2**64 else None
        return None if value is None else Hash32(value)

    def _require_canonical(self, number: int) -> Hash32:
        block_hash = self.canonical_hash(number)
        if block_hash is None:
            raise MissingData(f"canonical block {number} is missing below the flat head")
        return block_hash

    def header_by_number(self, number: int) -> Header | None:
        """The canonical header with this number."""
        block_hash = self.canonical_hash(number)
        return None if block_hash is None else self.header(block_hash)

    def _body(self, block_hash: Hash32) -> StoredBody | None:
        data = self._store.get(schema.BODY + block_hash)
        return None if data is None else decode_body(data)

    def block(self, block_hash: Hash32) -> Block | None:
        """The block with its raw transactions, None if unknown."""
        header, body = self.header(block_hash), self._body(block_hash)
        if header is None or body is None:
            return None
        return Block(header=header, transactions=body.transactions)

    def receipts(self, block_hash: Hash32) -> tuple[Receipt, ...] | None:
        """A block's receipts in order, None if the block is unknown."""
        data = self._store.get(schema.RECEIPTS + block_hash)
        return None if data is None else decode_receipts(data)[0]

    def block_record(self, block_hash: Hash32) -> BlockRecord | None:
        """Everything stored of a block but its state delta, None if unknown."""
        header, body = self.header(block_hash), self._body(block_hash)
        receipts = self._store.get(schema.RECEIPTS + block_hash)
        if header is None or body is None or receipts is None:
            return None
        decoded, extras = decode_receipts(receipts)
        return BlockRecord(
            hash=block_hash,
            header=header,
            transactions=body.transactions,
            transaction_hashes=body.hashes,
            senders=body.senders,
            receipts=decoded,
            receipt_extras=extras,
        )

    def transaction_location(self, transaction_hash: Hash32) -> tuple[Hash32, int] | None:
        """(block hash, index) of a canonical transaction."""
        value = self._store.get(schema.TRANSACTION + transaction_hash)
        return None if value is None else (Hash32(value[:32]), int.from_bytes(value[32:], "big"))

    def search_logs(
        self,
        from_block: int,
        to_block: int,
        addresses: Sequence[Address],
        topics: Sequence[Sequence[Hash32] | None],
        limit: int,
    ) -> list[LogEntry]:
        """Canonical logs in the blocks from..to inclusive, in chain order, by the log index.

        No addresses: any; position i's topics: alternatives, none or empty: any topic, but one must be there.
        Raises TooManyLogs above `limit`.
        """
        if from_block > to_block or from_block < 0:
            return []
        conditions = conditions_of(addresses, topics)
        matches = matching_positions(self._store, conditions, from_block, min(to_block, 2**64 - 2))
        return collect_logs(matches, self._found_block, len(topics), limit)

    def _found_block(self, number: int) -> FoundBlock:
        block_hash = self._require_canonical(number)
        body, receipts = self._store.get(schema.BODY + block_hash), self._store.get(schema.RECEIPTS + block_hash)
        if body is None or receipts is None:
            raise MissingData(f"block {number} ({block_hash.hex()}) is indexed but its data is missing")
        return FoundBlock(
            hash=block_hash, transaction_hashes=transaction_hashes_of(body), receipts=decode_receipts(receipts)[0]
        )

    # --- state -----------------------------------------------------------------------------------------------

    def flat_account(self, address: Address) -> bytes | None:
        """The account leaf (RLP) at the flat head."""
        return self._store.get(schema.account_key(address))

    def flat_storage(self, address: Address, slot: bytes) -> bytes | None:
        """rlp(value) of a 32-byte slot at the flat head."""
        return self._store.get(schema.storage_key(address, slot))

    def iterate_flat_storage(self, address: Address) -> Iterator[tuple[Hash32, bytes]]:
        """Every (slot, rlp(value)) of an account at the flat head, by slot: what destroying it has to delete."""
        prefix = schema.STORAGE + address
        for key, value in self._store.iterate(start=prefix, stop=schema.storage_key(address, b"\xff" * 33)):
            yield Hash32(key[len(prefix) :]), value

    def iterate_flat_accounts(self) -> Iterator[tuple[Address, bytes]]:
        """Every (address, account leaf) at the flat head, by address."""
        for key, value in self._store.iterate(start=schema.ACCOUNT, stop=schema.prefix_end(schema.ACCOUNT)):
            yield Address(key[1:]), value

    def _load_code(self, code_hash: Hash32) -> bytes:
        code = self._store.get(schema.CODE + code_hash)
        if code is None:
            raise MissingData(f"contract code {code_hash.hex()} is missing")
        return code

    def code(self, code_hash: Hash32) -> bytes:
        """The code with this hash, empty for the hash of nothing. Raises MissingData."""
        return b"" if code_hash == KECCAK_EMPTY else self._cached_code(code_hash)

    def _load_node(self, node_hash: Hash32) -> bytes:
        node = self._store.get(schema.NODE + node_hash)
        if node is None:
            raise MissingData(f"trie node {node_hash.hex()} is missing")
        return node

    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        """The trie node (RLP) with this hash, None if it is not kept; this makes the database a trie's NodeSource."""
        try:
            return self._cached_node(node_hash)
        except MissingData:
            return None

    # --- what other rooms keep -------------------------------------------------------------------------------

    def get_meta(self, key: bytes) -> bytes | None:
        """A value that another room keeps; the key starts with its keyspace byte (`schema.META_…`)."""
        return self._store.get(_meta_key(key))

    def put_meta(self, key: bytes, value: bytes | None, batch: WriteBatch | None = None) -> None:
        """Sets (or with None removes) such a value: in `batch` if given, else at once and synced."""
        target = WriteBatch() if batch is None else batch
        target.operations[_meta_key(key)] = value
        if batch is None:
            self._write(target, sync=True)

    def write_meta(self, batch: WriteBatch) -> None:
        """Writes several such values at once, synced. Raises StorageError if the batch touches anything else."""
        for key in batch.operations:
            _meta_key(key)
        self._write(batch, sync=True)

    def iterate_meta(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every (whole key, value) under a prefix that starts with a keyspace byte, in key order."""
        return self._store.iterate(start=_meta_key(prefix), stop=_after_prefix(prefix))


def _meta_key(key: bytes) -> bytes:
    if key[:1] not in schema.META_KEYSPACES:
        raise StorageError(f"key {key[:8].hex()} is in no keyspace for other rooms: see state/database/schema.py")
    return key


def _after_prefix(prefix: bytes) -> bytes:
    return schema.prefix_end(prefix.rstrip(b"\xff"))
