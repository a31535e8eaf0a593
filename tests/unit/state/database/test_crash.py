"""kill -9 at any instant leaves the last committed block and nothing half-written."""

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from state.blocks import EMPTY_TRIE_ROOT
from state.database import BlockRecord, ChainDatabase, LevelDBStore, StateDelta, WriteBatch, schema
from state.database.block_batches import put_addresses, put_block, put_canonical
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32
from state.trie import iterate_leaves, ordered_root

ROOT = Path(__file__).parents[4]


def kill_while_committing(path: Path, seed: int, steps: int, delay: float) -> set[str]:
    """The heads that a process, killed `delay` seconds after so many steps of its work, may leave: of its last write
    that had returned and of the one that had begun after it; empty if none had returned."""
    command = [sys.executable, "-m", "tests.unit.state.database.commit_forever", str(path), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        told = "".join(process.stdout.readline() for _ in range(steps))
        time.sleep(delay)  # the instant of the kill is what is tested; it is seeded by the caller
        process.kill()
        told += process.stdout.read()
        lines = [line.split() for line in told.splitlines(keepends=True) if line.endswith("\n")]
    done = max((index for index, (state, _) in enumerate(lines) if state == "done"), default=len(lines))
    return {head for _, head in lines[done:]}


def flat_slots(db: ChainDatabase) -> dict[Address, dict[bytes, bytes]]:
    rows: dict[Address, dict[bytes, bytes]] = {}
    for key, value in db.store.iterate(start=schema.STORAGE, stop=schema.prefix_end(schema.STORAGE)):
        rows.setdefault(Address(key[1:21]), {})[bytes(keccak256(key[21:]))] = value
    return rows


def assert_flat_state_is_the_trie_state(db: ChainDatabase, root: Hash32) -> None:
    flat = dict(db.iterate_flat_accounts())
    assert dict(iterate_leaves(db, root)) == {bytes(keccak256(owner)): leaf for owner, leaf in flat.items()}
    slots = flat_slots(db)
    assert set(slots) <= set(flat)
    for owner, leaf in flat.items():
        storage_root = Hash32(rlp.to_bytes(rlp.decode_list(leaf)[2]))
        assert dict(iterate_leaves(db, storage_root)) == slots.get(owner, {})


def canonical_chain(db: ChainDatabase) -> list[BlockRecord]:
    tip = db.require_header(db.flat_head()).number
    records = [db.block_record(db.canonical_hash(number) or Hash32(b"")) for number in range(tip + 1)]
    assert db.canonical_hash(tip + 1) is None
    return [record for record in records if record is not None]


def assert_indexes_are_exactly_those_of(db: ChainDatabase, chain: list[BlockRecord]) -> None:
    expected = WriteBatch()
    for record in chain:
        put_canonical(record, expected)
    for prefix in (schema.CANONICAL, schema.TRANSACTION, schema.LOG_ADDRESS, schema.LOG_TOPIC, schema.LOG_BLOCK):
        stored = dict(db.store.iterate(start=prefix, stop=schema.prefix_end(prefix)))
        assert stored == {key: value for key, value in expected.operations.items() if key[:1] == prefix}
    diffs = db.store.iterate(start=schema.REVERSE_DIFF, stop=schema.prefix_end(schema.REVERSE_DIFF))
    assert [int.from_bytes(key[1:], "big") for key, _ in diffs] == list(range(1, len(chain)))


def assert_address_index_is_that_of(db: ChainDatabase, chain: list[BlockRecord]) -> None:
    """Whole from the block on where it begins; below it, what is left of an earlier one is true."""
    expected = WriteBatch()
    for record in chain:
        put_addresses(record, 0, expected)
    rows = {key: value for key, value in expected.operations.items() if key[:1] == schema.ADDRESS_TRANSACTIONS}
    prefix = schema.ADDRESS_TRANSACTIONS
    stored = dict(db.store.iterate(start=prefix, stop=schema.prefix_end(prefix)))
    assert stored.items() <= rows.items()
    first = db.addresses_indexed_from
    if first is not None:
        assert {key for key in rows if int.from_bytes(key[-8:], "big") >= first} <= set(stored)


def assert_every_invariant(db: ChainDatabase) -> None:
    chain = canonical_chain(db)
    for parent, child in pairwise(chain):
        assert child.header.parent_hash == parent.hash
    for record in chain:
        assert record.header.hash == record.hash
        assert record.header.transactions_root == ordered_root(record.transactions)
        assert record.header.receipts_root == ordered_root([receipt.encode() for receipt in record.receipts])
        batch = WriteBatch()
        put_block(record, batch)
        assert all(db.store.get(key) == value for key, value in batch.operations.items())
        assert record.delta == StateDelta()
    assert db.heads().unsafe == db.flat_head() == chain[-1].hash
    assert {db.heads().safe, db.heads().finalized} <= {record.hash for record in chain}
    assert_indexes_are_exactly_those_of(db, chain)
    assert_address_index_is_that_of(db, chain)
    assert_flat_state_is_the_trie_state(db, chain[-1].header.state_root)


@pytest.mark.slow
def test_ten_kills_at_seeded_instants_leave_the_last_committed_block_whole(tmp_path: Path) -> None:
    random = Random(20_261_122)
    longest = 0
    for seed in range(10):
        heads = kill_while_committing(tmp_path / "db", seed, random.randint(0, 150), random.uniform(0.0, 0.02))
        store = LevelDBStore(tmp_path / "db")
        db = ChainDatabase(store)
        assert_every_invariant(db)
        assert not heads or db.flat_head().hex() in heads
        assert db.addresses_indexed_from == 0
        longest = max(longest, db.require_header(db.flat_head()).number)
        db.close()
    assert longest > 5


def test_the_invariants_notice_a_flat_account_that_is_not_in_the_trie(tmp_path: Path) -> None:
    kill_while_committing(tmp_path / "db", 1, 40, 0.0)
    store = LevelDBStore(tmp_path / "db")
    db = ChainDatabase(store)
    batch = WriteBatch()
    batch.put(schema.account_key(Address(bytes(19) + b"\xee")), rlp.encode([b"", b"", EMPTY_TRIE_ROOT, bytes(32)]))
    store.write(batch, sync=False)
    with pytest.raises(AssertionError):
        assert_every_invariant(db)
    db.close()
