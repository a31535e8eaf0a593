"""What committing a block writes, and what rewinding it undoes, as operations of one write batch."""

from functools import lru_cache
from typing import Final

from state.blocks import Receipt
from state.database import schema
from state.database.address_index import Participants, index_addresses, unindex_addresses
from state.database.log_index import index_logs, unindex_logs
from state.database.records import (
    BlockRecord,
    Heads,
    StateDelta,
    decode_body,
    decode_receipts,
    encode_body,
    encode_receipts,
    transaction_hashes_of,
)
from state.database.schema import MissingData
from state.database.stores import KeyValueStore, WriteBatch
from state.primitives.types import Hash32

KEPT_REVERSE_DIFFS: Final = 1024
"""Blocks below the finalized head that can still be rewound by hand; no protocol rule ever does it."""


def put_block(record: BlockRecord, batch: WriteBatch) -> None:
    """Adds what an archive keeps of a block for ever, by hash: header, body, receipts, code, trie nodes."""
    put_block_without_nodes(record, batch)
    for node_hash, node in record.delta.nodes.items():
        batch.put(schema.NODE + node_hash, node)


def put_block_without_nodes(record: BlockRecord, batch: WriteBatch) -> None:
    """Adds what every database keeps of a block for ever."""
    batch.put(schema.HEADER + record.hash, record.header.encode())
    batch.put(schema.BODY + record.hash, encode_body(record))
    batch.put(schema.RECEIPTS + record.hash, encode_receipts(record.receipts, record.receipt_extras))
    for code_hash, code in record.delta.codes.items():
        batch.put(schema.CODE + code_hash, code)


def put_canonical(record: BlockRecord, batch: WriteBatch) -> None:
    """Adds the indexes that make a block part of the canonical chain."""
    number = record.header.number
    batch.put(schema.number_key(schema.CANONICAL, number), record.hash)
    for index, transaction_hash in enumerate(record.transaction_hashes):
        batch.put(schema.TRANSACTION + transaction_hash, record.hash + index.to_bytes(4, "big"))
    index_logs(number, record.receipts, batch)


def flat_changes(delta: StateDelta) -> WriteBatch:
    """The flat state's part of a delta, as operations on its keys."""
    batch = WriteBatch()
    for address, account in delta.accounts.items():
        batch.operations[schema.account_key(address)] = account
    for (address, slot), value in delta.storage.items():
        batch.operations[schema.storage_key(address, slot)] = value
    return batch


def put_reverse_diff(store: KeyValueStore, number: int, delta: StateDelta, batch: WriteBatch) -> None:
    """Adds the batch that would restore the flat state as it is in `store` now."""
    undo = WriteBatch()
    for key, value in flat_changes(delta).operations.items():
        before = store.get(key)
        if before != value:
            undo.operations[key] = before
    batch.put(schema.number_key(schema.REVERSE_DIFF, number), undo.encode())


def rewind_block(store: KeyValueStore, number: int, block_hash: Hash32, batch: WriteBatch) -> None:
    """Adds what takes one canonical block off the tip: flat state back, indexes away; its data by hash stays.

    Called from the tip downwards with one batch, so that the oldest block's values win. Raises MissingData where the
    reverse diff is no longer kept.
    """
    diff_key = schema.number_key(schema.REVERSE_DIFF, number)
    undo = store.get(diff_key)
    body = store.get(schema.BODY + block_hash)
    receipts = store.get(schema.RECEIPTS + block_hash)
    if undo is None or body is None or receipts is None:
        raise MissingData(f"block {number} can't be rewound: its reverse diff or its data is no longer kept")
    batch.merge(WriteBatch.decode(undo))
    batch.delete(diff_key)
    batch.delete(schema.number_key(schema.CANONICAL, number))
    for transaction_hash in transaction_hashes_of(body):
        batch.delete(schema.TRANSACTION + transaction_hash)
    decoded = decode_receipts(receipts)[0]
    unindex_logs(number, decoded, batch)
    _rewind_addresses(store, number, body, decoded, batch)


def put_addresses(record: BlockRecord, first: int, batch: WriteBatch) -> None:
    """Adds a block to the address index, which holds all blocks from number `first` on."""
    participants = Participants(transactions=record.transactions, senders=record.senders, receipts=record.receipts)
    index_addresses(record.header.number, participants, batch)
    batch.put(schema.ADDRESSES_FROM_KEY, first.to_bytes(8, "big"))


def _rewind_addresses(
    store: KeyValueStore, number: int, body: bytes, receipts: tuple[Receipt, ...], batch: WriteBatch
) -> None:
    """Whatever wrote the block: it may be in the index, although that is not kept any more."""
    stored = decode_body(body)
    participants = Participants(transactions=stored.transactions, senders=stored.senders, receipts=receipts)
    unindex_addresses(number, participants, batch)
    first = store.get(schema.ADDRESSES_FROM_KEY)
    if first is not None and number < int.from_bytes(first, "big"):
        batch.put(schema.ADDRESSES_FROM_KEY, number.to_bytes(8, "big"))


def replace_tip(store: KeyValueStore, record: BlockRecord, batch: WriteBatch) -> None:
    """Adds what puts `record` in the place of the canonical block of its number, whose delta is only what changes
    between the two. The number's reverse diff still leads to the parent's state."""
    put_block(record, batch)
    put_canonical(record, batch)
    flat = flat_changes(record.delta)
    diff_key = schema.number_key(schema.REVERSE_DIFF, record.header.number)
    stored = store.get(diff_key)
    if stored is not None:  # genesis has none
        undo = WriteBatch.decode(stored)
        for key in flat.operations:
            if key not in undo.operations:
                undo.operations[key] = store.get(key)
        batch.put(diff_key, undo.encode())
    batch.merge(flat)


_KEPT_FOR_EVER: Final = frozenset((schema.NODE, schema.CODE, schema.HEADER, schema.BODY, schema.RECEIPTS))


def inverse(store: KeyValueStore, batch: WriteBatch) -> WriteBatch:
    """What undoes `batch`, which is yet to be written; data that lies by its own hash stays."""
    undo = WriteBatch()
    for key in batch.operations:
        if key[:1] not in _KEPT_FOR_EVER:
            undo.operations[key] = store.get(key)
    return undo


def drop_old_reverse_diffs(finalized_before: int, finalized: int, batch: WriteBatch) -> None:
    """Adds the removal of reverse diffs that a finalized head moving up leaves behind."""
    for number in range(max(0, finalized_before - KEPT_REVERSE_DIFFS), max(0, finalized - KEPT_REVERSE_DIFFS)):
        batch.delete(schema.number_key(schema.REVERSE_DIFF, number))


def put_heads(heads: Heads, flat_head: Hash32, batch: WriteBatch) -> None:
    """Adds the three heads and the block that the flat state belongs to."""
    batch.put(schema.HEADS_KEY, heads.unsafe + heads.safe + heads.finalized + flat_head)


@lru_cache(maxsize=8)  # asked for at every call of JSON-RPC, and changed by blocks
def decode_heads(data: bytes) -> tuple[Heads, Hash32]:
    """(heads, flat head) as written."""
    unsafe, safe, finalized, flat = (Hash32(data[offset : offset + 32]) for offset in range(0, 128, 32))
    return Heads(unsafe=unsafe, safe=safe, finalized=finalized), flat
