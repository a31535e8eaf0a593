"""The reading half of the chain database: blocks, heads, indexes, the flat state, trie nodes.

Only data found by its own hash is cached in memory: it can't go stale, whichever thread reads while another commits.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from state.blocks import Block, Header, Receipt
from state.database import schema
from state.database.address_index import AddressRow, address_rows
from state.database.block_batches import decode_heads
from state.database.caches import GenerationalCache
from state.database.log_index import FoundBlock, LogEntry, collect_logs, conditions_of, located_logs, matching_positions
from state.database.pruning import is_full
from state.database.records import (
    BlockRecord,
    Heads,
    StoredBody,
    decode_body,
    decode_receipts,
    decode_some_receipts,
    transaction_hashes_of,
)
from state.database.schema import MissingData
from state.database.stores import KeyValueStore
from state.errors import Blame, NodeError, StorageError
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import Address, Hash32

HEADER_CACHE: Final = 2048
NODE_CACHE: Final = 32_768
CODE_CACHE: Final = 512


class NotInitialised(StorageError):
    """The database holds no chain yet: `initialise` comes first."""


class UnknownBlock(NodeError):
    """No block with this hash or number is known here."""

    blame = Blame.USER


class PrunedHistory(NodeError):
    """A block or logs below the first block that is kept here: this node was made from a snapshot."""

    blame = Blame.USER
    rpc_code = 4444  # geth's


class PrunedState(NodeError):
    """The state of a block that is here while its state no longer is, or never was."""

    blame = Blame.USER


class ChainReads:
    """What can be asked of a chain's store, from any thread. `ChainDatabase` adds the writing."""

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self._cached_header = lru_cache(maxsize=HEADER_CACHE)(self._load_header)
        self._cached_code = lru_cache(maxsize=CODE_CACHE)(self._load_code)
        self._nodes = GenerationalCache(NODE_CACHE)

    @property
    def store(self) -> KeyValueStore:
        """The store underneath: for copying it whole, never for writing."""
        return self._store

    # --- heads and blocks ------------------------------------------------------------------------------------

    @property
    def is_initialised(self) -> bool:
        """Whether there is a genesis block."""
        return self._store.get(schema.HEADS_KEY) is not None

    def _heads(self) -> tuple[Heads, Hash32]:
        data = self._store.get(schema.HEADS_KEY)
        if data is None:
            raise NotInitialised("database holds no chain: it has to be initialised with a genesis block")
        return decode_heads(data)

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

    @property
    def blocks_from(self) -> int:
        """The block from which on all canonical ones are here; besides them, always, genesis."""
        return int.from_bytes(self._store.get(schema.BLOCKS_FROM_KEY) or b"", "big")

    @property
    def is_full(self) -> bool:
        """Whether old states are let go here; otherwise this is an archive."""
        return is_full(self._store)

    @property
    def states_from(self) -> int:
        """The block from which on the states of canonical blocks are here."""
        return int.from_bytes(self._store.get(schema.STATES_FROM_KEY) or b"", "big")

    def require_blocks(self, first: int, last: int) -> None:
        """Raises PrunedHistory where a block from first to last, inclusive, is older than what is kept."""
        kept = self.blocks_from
        if first < kept and last >= 1 and first <= last:
            raise PrunedHistory(
                f"pruned history unavailable: this node has block 0 and the blocks from {kept} on, "
                f"got {first if first == last else f'{first} to {last}'}"
            )

    def require_state(self, number: int) -> None:
        """Raises PrunedState for a block number whose state is no longer kept."""
        kept = self.states_from
        if number < kept:
            raise PrunedState(
                f"missing trie node: the state of block {number} is not available, "
                f"this node keeps the states from block {kept} on"
            )

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

    def senders(self, block_hash: Hash32) -> tuple[Address, ...] | None:
        """Who sent a block's transactions, in order, as they were found when it was committed; None if unknown."""
        body = self._body(block_hash)
        return None if body is None else body.senders

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
        return collect_logs(self.iterate_logs(from_block, to_block, addresses, topics), limit)

    def iterate_logs(
        self,
        from_block: int,
        to_block: int,
        addresses: Sequence[Address],
        topics: Sequence[Sequence[Hash32] | None],
    ) -> Iterator[LogEntry]:
        """The same logs one by one, each block read when it is come to: for whoever stops early. No reorg meanwhile."""
        if from_block > to_block or from_block < 0:
            return iter(())
        self.require_blocks(from_block, to_block)
        conditions = conditions_of(addresses, topics)
        matches = matching_positions(self._store, conditions, from_block, min(to_block, 2**64 - 2))
        return located_logs(matches, self._found_block, len(topics))

    def _found_block(self, number: int, transaction_indexes: frozenset[int]) -> FoundBlock:
        block_hash = self._require_canonical(number)
        body, receipts = self._store.get(schema.BODY + block_hash), self._store.get(schema.RECEIPTS + block_hash)
        if body is None or receipts is None:
            raise MissingData(f"block {number} ({block_hash.hex()}) is indexed but its data is missing")
        return FoundBlock(
            hash=block_hash,
            transaction_hashes=transaction_hashes_of(body),
            receipts=decode_some_receipts(receipts, transaction_indexes),
        )

    @property
    def addresses_indexed_from(self) -> int | None:
        """The block from which on the address index holds all canonical blocks; None where it isn't kept."""
        stored = self._store.get(schema.ADDRESSES_FROM_KEY)
        return None if stored is None else int.from_bytes(stored, "big")

    def address_transactions(
        self, address: Address, first: int, last: int, *, newest_first: bool
    ) -> Iterator[AddressRow]:
        """(block number, transaction indexes) of indexed canonical blocks that have any of the address, one by one."""
        if first > last:
            return iter(())
        return address_rows(self._store, address, max(0, first), min(last, 2**64 - 2), reverse=newest_first)

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

    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        """The trie node (RLP) with this hash, None if it is not kept; this makes the database a trie's NodeSource."""
        node = self._nodes.get(node_hash)
        if node is None:
            node = self._store.get(schema.NODE + node_hash)
            if node is not None:
                self._nodes.put(node_hash, node)
        return node

    # --- what other rooms keep -------------------------------------------------------------------------------

    def get_meta(self, key: bytes) -> bytes | None:
        """A value that another room keeps; the key starts with its keyspace byte (`schema.META_…`)."""
        return self._store.get(meta_key(key))

    def iterate_meta(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every (whole key, value) under a prefix that starts with a keyspace byte, in key order."""
        return self._store.iterate(start=meta_key(prefix), stop=_after_prefix(prefix))


def meta_key(key: bytes) -> bytes:
    """`key` itself. Raises StorageError if it is in none of the keyspaces that other rooms keep values in."""
    if key[:1] not in schema.META_KEYSPACES:
        raise StorageError(f"key {key[:8].hex()} is in no keyspace for other rooms: see state/database/schema.py")
    return key


def _after_prefix(prefix: bytes) -> bytes:
    return schema.prefix_end(prefix.rstrip(b"\xff"))
