"""Full pruning: which trie nodes may go, and their going.

A trie node is stored once under its hash, in however many places it stands: of one state, of several, in the storage of
two accounts that happen to be alike. So places are counted. For each node

    count = places in the newest state + times that it was displaced by a block whose parent's state is still kept

and it is deleted when that is 0. A block adds one for every place that it puts a node in, and writes down in its
journal which nodes it displaced; the count of those goes down when its parent's state is let go, which is when the
journal is worked off. If the block is rewound instead, what it placed is taken back, and what it displaced stands
again, as counted. A node without a count has 1, which nearly all have: then nothing is stored for it.

All of it is part of the block's own batch. Journals are worked off a few blocks at a time, so that no block waits long.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from state.database import schema
from state.database.records import StateDelta
from state.database.schema import MissingData
from state.database.stores import KeyValueStore, WriteBatch
from state.errors import Blame, Severity, StorageError
from state.primitives.types import Hash32

KEPT_STATES: Final = 128
"""States below the head that are always kept: geth's number, which contracts of wallets and indexers rely on."""
NODES_A_BLOCK: Final = 20_000
"""Displaced nodes that one block's batch works off at most, but for the last journal that it begins."""
SWEEP_BATCH: Final = 10_000
_FULL: Final = b"full"
_COUNT: Final = struct.Struct(">I")
_HASH_BYTES: Final = 32


class PruningMismatch(StorageError):
    """A data directory that was made for another pruning mode."""

    blame = Blame.OPERATOR
    severity = Severity.CRITICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which states a pruned database keeps, besides those from the finalized head on."""

    states: int = KEPT_STATES
    """Below the head."""
    provable_from: Callable[[], int | None] = lambda: None
    """The oldest block whose state somebody must still be able to prove; None where nobody knows of one."""

    def floor(self, head: int, finalized: int) -> int:
        """The oldest block whose state has to stay."""
        provable = self.provable_from()
        floor = min(head - self.states, finalized)
        return floor if provable is None else min(floor, provable)


def is_full(store: KeyValueStore) -> bool:
    """Whether states are let go here. Otherwise the database is an archive."""
    return store.get(schema.PRUNING_KEY) == _FULL


def check_mode(store: KeyValueStore, *, full: bool) -> None:
    """Raises PruningMismatch where a chain lies in `store` that is kept in the other mode."""
    if is_full(store) == full:
        return
    if full:
        raise PruningMismatch(
            "this data directory is an archive: `openledger prune --data-dir DIR` makes it a pruned one, or start "
            "with --pruning archive"
        )
    raise PruningMismatch(
        "this data directory is pruned (full): its old states are gone and can't come back; start with --pruning full, "
        "or a new archive in another directory"
    )


class NodeLedger:
    """Counts of trie nodes over one store, as one batch changes them. `settle` puts the outcome into the batch."""

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self._before: dict[Hash32, int] = {}
        self._after: dict[Hash32, int] = {}

    def place(self, hashes: Iterable[Hash32]) -> None:
        """One place more for each."""
        for node_hash, places in Counter(hashes).items():
            self._after[node_hash] = self._count(node_hash, known=False) + places

    def release(self, hashes: Iterable[Hash32]) -> None:
        """One place less for each, all of which are stored."""
        for node_hash, places in Counter(hashes).items():
            self._after[node_hash] = self._count(node_hash, known=True) - places

    def _count(self, node_hash: Hash32, *, known: bool) -> int:
        count = self._after.get(node_hash)
        if count is not None:
            return count
        if not known and self._store.get(schema.NODE + node_hash) is None:
            count = 0
        else:
            stored = self._store.get(schema.NODE_COUNT + node_hash)
            count = 1 if stored is None else _COUNT.unpack(stored)[0]
        self._before[node_hash] = count
        return count

    def settle(self, nodes: Mapping[Hash32, bytes], batch: WriteBatch) -> None:
        """Adds to `batch` the nodes that are new, out of `nodes`, and removes those that stand nowhere any more.

        Raises MissingData where more was released than stood: the counts are wrong, and nothing may be deleted.
        """
        for node_hash, after in self._after.items():
            before = self._before[node_hash]
            if after < 0:
                raise MissingData(f"trie node {node_hash.hex()} is counted {after} times: the database is damaged")
            if not before and after:
                batch.put(schema.NODE + node_hash, nodes[node_hash])
            elif before and not after:
                batch.delete(schema.NODE + node_hash)
            if after > 1 and after != before:
                batch.put(schema.NODE_COUNT + node_hash, _COUNT.pack(after))
            elif before > 1 >= after:
                batch.delete(schema.NODE_COUNT + node_hash)


def encode_journal(placed: Iterable[Hash32], displaced: Iterable[Hash32]) -> bytes:
    """Number of displaced nodes u32, their hashes, then those of the placed ones."""
    first = b"".join(displaced)
    return _COUNT.pack(len(first) // _HASH_BYTES) + first + b"".join(placed)


def _displaced(journal: bytes) -> list[Hash32]:
    (count,) = _COUNT.unpack_from(journal)
    return _hashes(journal[_COUNT.size : _COUNT.size + count * _HASH_BYTES])


def _placed(journal: bytes) -> list[Hash32]:
    (count,) = _COUNT.unpack_from(journal)
    return _hashes(journal[_COUNT.size + count * _HASH_BYTES :])


def _hashes(data: bytes) -> list[Hash32]:
    return [Hash32(data[at : at + _HASH_BYTES]) for at in range(0, len(data), _HASH_BYTES)]


def _journal_key(number: int) -> bytes:
    return schema.number_key(schema.NODE_JOURNAL, number)


def _journal(store: KeyValueStore, number: int) -> bytes:
    journal = store.get(_journal_key(number))
    if journal is None:
        raise MissingData(f"block {number} has no journal of trie nodes: its state can be neither pruned nor rewound")
    return journal


def begin_full(delta: StateDelta, store: KeyValueStore, batch: WriteBatch) -> None:
    """Adds the nodes of the first state to `batch`, counted, and that this is a pruned database from now on."""
    ledger = NodeLedger(store)
    ledger.place(delta.placed)
    ledger.settle(delta.nodes, batch)
    batch.put(schema.PRUNING_KEY, _FULL)


def commit_nodes(
    store: KeyValueStore, number: int, delta: StateDelta, *, oldest: int, floor: int, batch: WriteBatch
) -> None:
    """Adds block `number`'s nodes and journal, and lets go of states from `oldest` up to `floor`, some at a time."""
    ledger = NodeLedger(store)
    ledger.place(delta.placed)
    batch.put(_journal_key(number), encode_journal(delta.placed, delta.displaced))
    released, kept = 0, oldest
    while kept < min(floor, number - 1) and released < NODES_A_BLOCK:
        displaced = _displaced(_journal(store, kept + 1))
        ledger.release(displaced)
        batch.delete(_journal_key(kept + 1))
        released += len(displaced)
        kept += 1
    if kept != oldest:
        batch.put(schema.STATES_FROM_KEY, kept.to_bytes(8, "big"))
    ledger.settle(delta.nodes, batch)


def rewind_nodes(store: KeyValueStore, numbers: Iterable[int], batch: WriteBatch) -> None:
    """Adds the going of what these blocks, which leave the tip, placed."""
    ledger = NodeLedger(store)
    for number in numbers:
        ledger.release(_placed(_journal(store, number)))
        batch.delete(_journal_key(number))
    ledger.settle({}, batch)


# --- an archive made into a pruned database, while nothing runs -----------------------------------------------------


def forget_states_below(store: KeyValueStore, oldest: int) -> None:
    """Says, synced, that states below `oldest` are not kept: the first step, so that nobody reads one half gone."""
    batch = WriteBatch()
    batch.put(schema.STATES_FROM_KEY, oldest.to_bytes(8, "big"))
    for key, _ in store.iterate(start=schema.NODE_JOURNAL, stop=_journal_key(oldest + 1)):
        batch.delete(key)  # of a pruning that was cut off
    store.write(batch, sync=True)


def write_journal(store: KeyValueStore, number: int, placed: Iterable[Hash32], displaced: Iterable[Hash32]) -> None:
    """The journal of a block that was committed to an archive."""
    batch = WriteBatch()
    batch.put(_journal_key(number), encode_journal(placed, displaced))
    store.write(batch, sync=False)


def sweep_nodes(store: KeyValueStore, count: Callable[[Hash32], int], progress: Callable[[int, int], None]) -> int:
    """Deletes every trie node with a count of 0 and notes those above 1; returns how many went.

    `progress` hears how many were looked at, and how many of them went. May be cut off and begun again.
    """
    batch, seen, gone = WriteBatch(), 0, 0
    for seen, (key, _) in enumerate(store.iterate(start=schema.NODE, stop=schema.prefix_end(schema.NODE)), 1):
        node_hash = Hash32(key[1:])
        places = count(node_hash)
        if not places:
            batch.delete(key)
            gone += 1
        batch.delete(schema.NODE_COUNT + node_hash)
        if places > 1:
            batch.put(schema.NODE_COUNT + node_hash, _COUNT.pack(places))
        if len(batch) >= SWEEP_BATCH:
            store.write(batch, sync=False)
            batch = WriteBatch()
            progress(seen, gone)
    store.write(batch, sync=True)
    progress(seen, gone)
    return gone


def become_full(store: KeyValueStore) -> None:
    """Says, synced, that this is a pruned database: the last step. Copies that readers keep are no copies any more."""
    batch = WriteBatch()
    batch.put(schema.PRUNING_KEY, _FULL)
    sequence = int.from_bytes(store.get(schema.SEQUENCE_KEY) or b"", "big")
    batch.put(schema.SEQUENCE_KEY, (sequence + 1).to_bytes(8, "big"))
    store.write(batch, sync=True)
