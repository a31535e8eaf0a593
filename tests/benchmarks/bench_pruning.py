"""What pruning adds to a block's write: the same blocks into an archive and into a pruned database, side by side.

Each block changes 1,000 of 20,000 accounts and two slots in each of 100 contracts; after 16 blocks each one also lets a
state go. Writes are synced. Medians over 24 blocks.

python -m tests.benchmarks.bench_pruning
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, process_time

from state.blocks import EMPTY_TRIE_ROOT, Header
from state.database import BlockRecord, ChainDatabase, Heads, LevelDBStore, Retention
from state.primitives.crypto import KECCAK_EMPTY, keccak256
from state.primitives.types import ZERO_HASH, Address, BlockNumber, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.world.commit import commit_changes
from state.world.readers import state_at
from state.world.types import Account, StateChanges

ACCOUNTS = 20_000
CONTRACTS = 100
CHANGED = 1_000
KEPT = 16
BLOCKS = 24
ADDRESSES = [Address(keccak256(number.to_bytes(4, "big"))[12:]) for number in range(ACCOUNTS)]


@dataclass(frozen=True, slots=True)
class WriteCost:
    """Medians a block."""

    commit_ms: float
    """Roots and nodes, by CPU."""
    write_cpu_ms: float
    write_ms: float
    """By the clock on the wall, fsync included."""
    disk_bytes: int


def run(*, full: bool) -> WriteCost:
    """One database, filled and measured."""
    with tempfile.TemporaryDirectory() as directory:
        store = LevelDBStore(Path(directory))
        db = ChainDatabase(store, full=full, retention=Retention(states=KEPT))
        draw = Random(7)
        everyone = StateChanges()
        everyone.accounts.update({address: _account(1) for address in ADDRESSES})
        everyone.storage.update({address: dict.fromkeys(range(50), 1) for address in ADDRESSES[:CONTRACTS]})
        parent = _record(None, db, everyone)
        db.initialise(parent)
        rows = []
        for number in range(1, KEPT + BLOCKS + 1):
            changes = _changes(db, parent, draw, number)
            began = process_time()
            record = _record(parent, db, changes)
            committed, at = process_time(), perf_counter()
            db.commit_block(record, Heads(unsafe=record.hash, safe=record.hash, finalized=record.hash))
            rows.append((committed - began, process_time() - committed, perf_counter() - at))
            parent = record
        commit, cpu, wall = (median(column) * 1e3 for column in zip(*rows[KEPT:], strict=True))
        size = store.statistics().disk_bytes
        db.close()
        return WriteCost(commit, cpu, wall, size)


def _account(nonce: int) -> Account:
    return Account(nonce=Nonce(nonce), balance=Wei(10**18), code_hash=KECCAK_EMPTY)


def _changes(db: ChainDatabase, parent: BlockRecord, draw: Random, number: int) -> StateChanges:
    state, changes = state_at(db, parent.hash), StateChanges()
    for address in draw.sample(ADDRESSES, CHANGED):
        account = state.account(address)
        assert account is not None
        changes.accounts[address] = Account(
            nonce=Nonce(number + 1),
            balance=Wei(account.balance - 1),
            storage_root=account.storage_root,
            code_hash=account.code_hash,
        )
    for address in ADDRESSES[:CONTRACTS]:
        changes.storage[address] = {draw.randrange(50): number, draw.randrange(50): number + 1}
    return changes


def _record(parent: BlockRecord | None, db: ChainDatabase, changes: StateChanges) -> BlockRecord:
    root: Hash32 = EMPTY_TRIE_ROOT if parent is None else parent.header.state_root
    commit = commit_changes(db, root, changes)
    header = Header(
        parent_hash=ZERO_HASH if parent is None else parent.hash,
        number=BlockNumber(0 if parent is None else parent.header.number + 1),
        fee_recipient=Address(bytes(20)),
        state_root=commit.state_root,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        gas_limit=Gas(1),
        gas_used=Gas(0),
        timestamp=UnixSeconds(1),
        extra_data=b"",
        prev_randao=ZERO_HASH,
        base_fee_per_gas=Wei(1),
        withdrawals_root=EMPTY_TRIE_ROOT,
    )
    return BlockRecord(
        hash=header.hash,
        header=header,
        transactions=(),
        transaction_hashes=(),
        senders=(),
        receipts=(),
        receipt_extras=(),
        delta=commit.delta,
    )


def main() -> None:
    """Print both, and what the one costs over the other."""
    for name, full in (("archive", False), ("full", True)):
        cost = run(full=full)
        print(
            f"{name:8} roots {cost.commit_ms:6.1f} ms CPU   write {cost.write_cpu_ms:6.1f} ms CPU, "
            f"{cost.write_ms:6.1f} ms in all   {cost.disk_bytes / 2**20:,.0f} MiB on disk"
        )


if __name__ == "__main__":
    main()
