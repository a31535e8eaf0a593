"""What ChainDatabase promises about blocks, heads, indexes and the flat state."""

from collections.abc import Callable
from random import Random

import pytest

from state.database import (
    AnotherChain,
    BlockRecord,
    ChainDatabase,
    Heads,
    InconsistentHeads,
    MemoryStore,
    NotInitialised,
    NotOnFlatHead,
    StateDelta,
    UnknownBlock,
    WriteBatch,
    schema,
)
from state.database.block_batches import KEPT_REVERSE_DIFFS
from state.errors import StorageError
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_HASH
from tests.unit.state.database.chain_blocks import (
    World,
    account_leaf,
    address,
    block_record,
    change_world,
    log,
    record_for,
    slot,
)

GENESIS = block_record(None)


def heads_at(record: BlockRecord, lower: BlockRecord = GENESIS) -> Heads:
    return Heads(unsafe=record.hash, safe=lower.hash, finalized=lower.hash)


@pytest.fixture
def db() -> ChainDatabase:
    database = ChainDatabase(MemoryStore())
    database.initialise(GENESIS)
    return database


@pytest.fixture
def extend(db: ChainDatabase) -> Callable[..., BlockRecord]:
    def commit(parent: BlockRecord, **parts: object) -> BlockRecord:
        record = block_record(parent, **parts)  # type: ignore[arg-type]
        db.commit_block(record, heads_at(record))
        return record

    return commit


def test_a_fresh_database_says_that_it_has_no_chain() -> None:
    empty = ChainDatabase(MemoryStore())
    assert not empty.is_initialised
    with pytest.raises(NotInitialised):
        empty.heads()


def test_genesis_is_all_three_heads_and_initialising_again_changes_nothing(db: ChainDatabase) -> None:
    before = db.sequence
    db.initialise(GENESIS)
    assert db.heads() == Heads(unsafe=GENESIS.hash, safe=GENESIS.hash, finalized=GENESIS.hash)
    assert db.flat_head() == GENESIS.hash
    assert db.sequence == before


def test_refuses_another_genesis(db: ChainDatabase) -> None:
    with pytest.raises(AnotherChain, match="another chain"):
        db.initialise(block_record(None, salt=b"other"))


def test_a_committed_block_is_read_back_whole(db: ChainDatabase, extend: Callable[..., BlockRecord]) -> None:
    record = extend(GENESIS, logs_by_transaction=((log(1, 2), log(1)), (), (log(3, 4, 5),)))
    assert db.block_record(record.hash) == record
    assert db.header_by_number(1) == record.header
    assert db.receipts(record.hash) == record.receipts
    block = db.block(record.hash)
    assert block is not None
    assert block.transactions == record.transactions
    assert [db.transaction_location(tx) for tx in record.transaction_hashes] == [(record.hash, i) for i in range(3)]
    assert db.flat_head() == db.heads().unsafe == record.hash


def test_unknown_blocks_are_none_and_required_ones_an_error(db: ChainDatabase) -> None:
    assert db.header(ZERO_HASH) is None
    assert db.block(ZERO_HASH) is None
    assert db.block_record(ZERO_HASH) is None
    assert db.receipts(ZERO_HASH) is None
    assert db.canonical_hash(9) is None
    assert db.canonical_hash(-1) is None
    assert db.canonical_hash(2**64) is None
    assert db.transaction_location(ZERO_HASH) is None
    with pytest.raises(UnknownBlock, match="header not found"):
        db.require_header(ZERO_HASH)


def test_refuses_a_block_whose_parent_is_not_the_flat_head(
    db: ChainDatabase, extend: Callable[..., BlockRecord]
) -> None:
    extend(GENESIS)
    sibling = block_record(GENESIS, salt=b"sibling")
    with pytest.raises(NotOnFlatHead, match="does not follow"):
        db.commit_block(sibling, heads_at(sibling))
    assert db.header(sibling.hash) is None


def test_refuses_heads_that_are_unknown_out_of_order_or_not_the_flat_head(
    db: ChainDatabase, extend: Callable[..., BlockRecord]
) -> None:
    first = extend(GENESIS)
    second = extend(first)
    bad = [
        Heads(unsafe=first.hash, safe=GENESIS.hash, finalized=GENESIS.hash),
        Heads(unsafe=second.hash, safe=GENESIS.hash, finalized=first.hash),
    ]
    for heads in bad:
        with pytest.raises(InconsistentHeads):
            db.set_heads(heads)
    with pytest.raises(UnknownBlock):
        db.set_heads(Heads(unsafe=second.hash, safe=ZERO_HASH, finalized=GENESIS.hash))
    db.set_heads(Heads(unsafe=second.hash, safe=second.hash, finalized=first.hash))
    assert db.heads().finalized == first.hash


def test_an_orphaned_block_can_not_become_a_head_again_without_being_committed(
    db: ChainDatabase, extend: Callable[..., BlockRecord]
) -> None:
    orphan = extend(GENESIS, salt=b"a")
    db.rewind_to(GENESIS.hash, heads_at(GENESIS))
    new = extend(GENESIS, salt=b"b")
    with pytest.raises(InconsistentHeads):
        db.set_heads(Heads(unsafe=new.hash, safe=orphan.hash, finalized=GENESIS.hash))
    with pytest.raises(InconsistentHeads, match="not canonical"):
        db.rewind_to(orphan.hash, heads_at(orphan))


def test_rewinding_restores_the_flat_state_and_keeps_blocks_by_hash(
    db: ChainDatabase, extend: Callable[..., BlockRecord]
) -> None:
    owner, other = address(1), address(2)
    first = extend(
        GENESIS,
        delta=StateDelta(accounts={owner: account_leaf(1)}, storage={(owner, slot(1)): b"\x07"}),
        logs_by_transaction=((log(1, 1),),),
    )
    second = extend(
        first,
        delta=StateDelta(accounts={owner: None, other: account_leaf(5)}, storage={(owner, slot(1)): None}),
        logs_by_transaction=((log(1, 1), log(2)),),
    )
    third = extend(second, delta=StateDelta(accounts={owner: account_leaf(9)}, storage={(owner, slot(1)): b"\x09"}))
    assert dict(db.iterate_flat_storage(owner)) == {slot(1): b"\x09"}
    db.rewind_to(first.hash, heads_at(first))
    assert dict(db.iterate_flat_accounts()) == {owner: account_leaf(1)}
    assert db.flat_account(owner) == account_leaf(1)
    assert db.flat_storage(owner, slot(1)) == b"\x07"
    assert db.flat_head() == first.hash
    assert db.canonical_hash(2) is None
    assert db.transaction_location(second.transaction_hashes[0]) is None
    assert [entry.block_number for entry in db.search_logs(0, 10, [], [], 100)] == [1]
    assert db.block_record(second.hash) is not None
    assert db.header(third.hash) == third.header


def test_a_transaction_that_returns_in_the_new_chain_is_found_there(
    db: ChainDatabase, extend: Callable[..., BlockRecord]
) -> None:
    first = extend(GENESIS, logs_by_transaction=((),))
    db.rewind_to(GENESIS.hash, heads_at(GENESIS))
    empty = extend(GENESIS, salt=b"empty")
    again = block_record(empty, logs_by_transaction=((),))
    again = BlockRecord(
        hash=again.hash,
        header=again.header,
        transactions=first.transactions,
        transaction_hashes=first.transaction_hashes,
        senders=first.senders,
        receipts=again.receipts,
        receipt_extras=again.receipt_extras,
    )
    db.commit_block(again, heads_at(again))
    assert db.transaction_location(first.transaction_hashes[0]) == (again.hash, 0)


def test_extra_writes_go_with_the_block_in_one_batch() -> None:
    batches: list[WriteBatch] = []
    db = ChainDatabase(MemoryStore(), on_batch=batches.append)
    db.initialise(GENESIS)
    record, extra = block_record(GENESIS), WriteBatch()
    db.put_meta(schema.META_SEQUENCER + b"last", b"signed", extra)
    db.commit_block(record, heads_at(record), extra=extra)
    assert len(batches) == 2
    assert batches[1].operations[schema.META_SEQUENCER + b"last"] == b"signed"
    assert db.get_meta(schema.META_SEQUENCER + b"last") == b"signed"


def test_every_batch_carries_the_next_sequence_number_and_brings_a_copy_level() -> None:
    batches: list[WriteBatch] = []
    db = ChainDatabase(MemoryStore(), on_batch=batches.append)
    copy = ChainDatabase(MemoryStore())
    db.initialise(GENESIS)
    random, world, parent = Random(7), World(), GENESIS
    for _ in range(12):
        after = change_world(world, random)
        record = record_for(parent, world, after, db.get_node, random)
        db.commit_block(record, heads_at(record))
        world, parent = after, record
    db.rewind_to(GENESIS.hash, heads_at(GENESIS))
    for batch in batches:
        copy.apply_batch(WriteBatch.decode(batch.encode()))
    assert copy.sequence == db.sequence == len(batches)
    assert list(copy.store.iterate()) == list(db.store.iterate())
    with pytest.raises(StorageError, match="out of order"):
        copy.apply_batch(batches[3])


def test_meta_keeps_to_its_keyspaces(db: ChainDatabase) -> None:
    db.put_meta(schema.META_BATCHER + b"2", b"two")
    db.put_meta(schema.META_BATCHER + b"\xff1", b"one")
    db.put_meta(schema.META_PROPOSER + b"1", b"other")
    assert list(db.iterate_meta(schema.META_BATCHER)) == [
        (schema.META_BATCHER + b"2", b"two"),
        (schema.META_BATCHER + b"\xff1", b"one"),
    ]
    assert list(db.iterate_meta(schema.META_BATCHER + b"\xff")) == [(schema.META_BATCHER + b"\xff1", b"one")]
    db.put_meta(schema.META_BATCHER + b"2", None)
    assert db.get_meta(schema.META_BATCHER + b"2") is None
    with pytest.raises(StorageError, match="keyspace"):
        db.put_meta(schema.ACCOUNT + b"1", b"no")
    wrong = WriteBatch()
    wrong.put(schema.HEADS_KEY, b"no")
    with pytest.raises(StorageError, match="keyspace"):
        db.write_meta(wrong)


def test_code_is_found_by_hash_and_a_missing_one_is_an_error(
    db: ChainDatabase, extend: Callable[..., BlockRecord]
) -> None:
    extend(GENESIS, delta=StateDelta(codes={keccak256(b"code"): b"code"}))
    assert db.code(keccak256(b"code")) == b"code"
    assert db.code(keccak256(b"")) == b""
    with pytest.raises(StorageError, match="missing"):
        db.code(keccak256(b"lost"))


def test_a_node_that_was_asked_for_too_early_is_found_once_it_is_there(
    db: ChainDatabase, extend: Callable[..., BlockRecord]
) -> None:
    assert db.get_node(keccak256(b"node")) is None
    extend(GENESIS, delta=StateDelta(nodes={keccak256(b"node"): b"node"}))
    assert db.get_node(keccak256(b"node")) == b"node"


def test_reverse_diffs_far_below_the_finalized_head_are_dropped_and_say_so(
    db: ChainDatabase, extend: Callable[..., BlockRecord]
) -> None:
    parent = GENESIS
    for _ in range(KEPT_REVERSE_DIFFS + 5):
        parent = extend(parent)
    db.set_heads(Heads(unsafe=parent.hash, safe=parent.hash, finalized=parent.hash))
    kept = list(db.store.iterate(start=schema.REVERSE_DIFF, stop=schema.prefix_end(schema.REVERSE_DIFF)))
    assert len(kept) == KEPT_REVERSE_DIFFS + 1
    with pytest.raises(StorageError, match="no longer kept"):
        db.rewind_to(GENESIS.hash, heads_at(GENESIS))
    assert db.flat_head() == parent.hash
