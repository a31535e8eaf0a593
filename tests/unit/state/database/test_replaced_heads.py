"""What `replace_head` promises: another state under the same block, and two ways back."""

from dataclasses import replace

import pytest

from state.database import BlockRecord, ChainDatabase, Heads, MemoryStore, NotOnFlatHead, StateDelta
from state.primitives.crypto import keccak256
from tests.unit.state.database.chain_blocks import account_leaf, address, block_record, log, slot

OWNER, OTHER = address(1), address(2)
GENESIS = block_record(None)


def sibling(of: BlockRecord, delta: StateDelta, salt: bytes) -> BlockRecord:
    """The same block under another state root."""
    header = replace(of.header, state_root=keccak256(salt))
    return replace(of, hash=header.hash, header=header, delta=delta)


@pytest.fixture
def chain() -> tuple[ChainDatabase, BlockRecord]:
    """Genesis and a block with a transaction, a log, an account and a slot."""
    db = ChainDatabase(MemoryStore())
    db.initialise(GENESIS)
    delta = StateDelta(accounts={OWNER: account_leaf(1)}, storage={(OWNER, slot(1)): b"\x07"})
    first = block_record(GENESIS, delta=delta, logs_by_transaction=((log(1, 1),),))
    db.commit_block(first, Heads(unsafe=first.hash, safe=GENESIS.hash, finalized=GENESIS.hash))
    return db, first


FORGED = StateDelta(accounts={OWNER: account_leaf(8), OTHER: account_leaf(2)}, storage={(OWNER, slot(2)): b"\x09"})


def test_the_sibling_is_the_head_with_its_transactions_and_logs(chain: tuple[ChainDatabase, BlockRecord]) -> None:
    db, first = chain
    forged = sibling(first, FORGED, b"forged")
    db.replace_head(forged)
    assert db.flat_head() == db.heads().unsafe == db.canonical_hash(1) == forged.hash
    assert db.transaction_location(first.transaction_hashes[0]) == (forged.hash, 0)
    assert [entry.block_hash for entry in db.search_logs(0, 5, [], [], 10)] == [forged.hash]
    assert db.flat_account(OWNER) == account_leaf(8)
    assert dict(db.iterate_flat_storage(OWNER)) == {slot(1): b"\x07", slot(2): b"\x09"}
    assert db.block_record(first.hash) is not None  # by hash the former head is still there


def test_rewinding_below_a_replaced_head_restores_what_was_before_the_block(
    chain: tuple[ChainDatabase, BlockRecord],
) -> None:
    db, first = chain
    db.replace_head(sibling(first, FORGED, b"forged"))
    db.rewind_to(GENESIS.hash, Heads(unsafe=GENESIS.hash, safe=GENESIS.hash, finalized=GENESIS.hash))
    assert dict(db.iterate_flat_accounts()) == {}
    assert dict(db.iterate_flat_storage(OWNER)) == {}
    assert db.transaction_location(first.transaction_hashes[0]) is None


def test_undoing_the_replacements_leads_back_to_the_former_head(chain: tuple[ChainDatabase, BlockRecord]) -> None:
    db, first = chain
    once = sibling(first, FORGED, b"once")
    undo_once = db.replace_head(once)
    undo_twice = db.replace_head(sibling(once, StateDelta(accounts={OTHER: None}), b"twice"))
    assert db.flat_account(OTHER) is None
    db.undo_replacement(undo_twice)
    assert (db.flat_head(), db.flat_account(OTHER)) == (once.hash, account_leaf(2))
    db.undo_replacement(undo_once)
    assert db.flat_head() == db.heads().unsafe == first.hash
    assert dict(db.iterate_flat_accounts()) == {OWNER: account_leaf(1)}
    assert dict(db.iterate_flat_storage(OWNER)) == {slot(1): b"\x07"}
    assert db.transaction_location(first.transaction_hashes[0]) == (first.hash, 0)
    db.rewind_to(GENESIS.hash, Heads(unsafe=GENESIS.hash, safe=GENESIS.hash, finalized=GENESIS.hash))
    assert dict(db.iterate_flat_accounts()) == {}


def test_a_replaced_genesis_is_all_three_heads() -> None:
    db = ChainDatabase(MemoryStore())
    db.initialise(GENESIS)
    forged = sibling(GENESIS, FORGED, b"forged")
    undo = db.replace_head(forged)
    assert db.heads() == Heads(unsafe=forged.hash, safe=forged.hash, finalized=forged.hash)
    db.undo_replacement(undo)
    assert db.heads() == Heads(unsafe=GENESIS.hash, safe=GENESIS.hash, finalized=GENESIS.hash)


def test_a_copy_that_is_fed_the_batches_follows(chain: tuple[ChainDatabase, BlockRecord]) -> None:
    _, first = chain
    copy = ChainDatabase(MemoryStore())
    source = ChainDatabase(MemoryStore(), on_batch=copy.apply_batch)
    source.initialise(GENESIS)
    source.commit_block(first, Heads(unsafe=first.hash, safe=GENESIS.hash, finalized=GENESIS.hash))
    undo = source.replace_head(sibling(first, FORGED, b"forged"))
    assert list(copy.store.iterate()) == list(source.store.iterate())
    source.undo_replacement(undo)
    assert list(copy.store.iterate()) == list(source.store.iterate())


def test_only_a_sibling_of_the_head_takes_its_place(chain: tuple[ChainDatabase, BlockRecord]) -> None:
    db, first = chain
    stranger = replace(first, header=replace(first.header, parent_hash=keccak256(b"another parent")))
    for other in (block_record(first), GENESIS, stranger):
        with pytest.raises(NotOnFlatHead, match="can't take the place"):
            db.replace_head(other)
    assert db.flat_head() == first.hash
