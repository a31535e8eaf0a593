"""An archive made into a pruned database: mark what the kept states need, sweep the rest.

    states from S on are kept ──▶ journals of the blocks above S, from the difference of each two states
                              ──▶ places counted: the head's, and what those blocks displaced
                              ──▶ nodes without a place deleted ──▶ "full"

Killed anywhere, it leaves an archive that says which states it has, all of them whole; begun again it does all once
more. Marks lie in a database of their own that goes away, since a state may be larger than memory.
"""

import struct
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from state.blocks import EMPTY_TRIE_ROOT
from state.database import ChainDatabase, LevelDBStore, Retention, WriteBatch
from state.database.pruning import become_full, forget_states_below, sweep_nodes, write_journal
from state.primitives.types import Hash32
from state.trie import Difference, NodeSource, difference, walk_trie
from state.world.accounts import decode_account

Progress = Callable[[str, int, int | None], None]
"""(what is being done, how far, of how many if that is known)."""

_COUNT: Final = struct.Struct(">I")
_BATCH: Final = 10_000


def prune_archive(
    db: ChainDatabase, scratch: Path, retention: Retention | None = None, progress: Progress = lambda *_: None
) -> int:
    """Makes `db` a pruned database, and returns how many trie nodes went. `scratch`: a directory with room for marks.

    Nothing else may have the database open. Raises MissingNode where a state that has to be kept is not whole.
    """
    head = db.require_header(db.flat_head())
    finalized = db.require_header(db.heads().finalized).number
    floor = (retention or Retention()).floor(head.number, finalized)
    oldest = max(db.states_from, floor, 0)
    with tempfile.TemporaryDirectory(prefix=".prune.", dir=scratch) as directory, _Marks(Path(directory)) as marks:
        for number in range(oldest + 1, head.number + 1):
            changed = _state_difference(db, _root(db, number - 1), _root(db, number))
            write_journal(db.store, number, changed.added, changed.removed)
            marks.add(changed.removed)
            progress("Comparing states", number - oldest, head.number - oldest)
        for done, node_hash in enumerate(_nodes_of_state(db, head.state_root), 1):
            marks.add([node_hash])
            if not done % _BATCH:
                progress("Marking nodes", done, None)
        marks.flush()
        forget_states_below(db.store, oldest)
        gone = sweep_nodes(
            db.store, marks.count, lambda seen, gone: progress(f"Sweeping nodes, {gone:,} gone", seen, None)
        )
        become_full(db.store)
    return gone


def _root(db: ChainDatabase, number: int) -> Hash32:
    header = db.header_by_number(number)
    assert header is not None  # noqa: S101 - canonical, at or below the head, at or above the oldest state
    return header.state_root


def _nodes_of_state(source: NodeSource, root: Hash32) -> Iterator[Hash32]:
    for node_hash, leaf in walk_trie(source, root):
        if node_hash is not None:
            yield node_hash
        if leaf is not None:
            for inner, _ in walk_trie(source, decode_account(leaf).storage_root):
                if inner is not None:
                    yield inner


def _state_difference(source: NodeSource, before: Hash32, after: Hash32) -> Difference:
    """Of the account tries and of the storage tries of the accounts that differ."""
    found = difference(source, before, after)
    for key in found.leaves_before.keys() | found.leaves_after.keys():
        roots = [_storage_root(leaves.get(key)) for leaves in (found.leaves_before, found.leaves_after)]
        inner = difference(source, roots[0], roots[1])
        found.removed += inner.removed
        found.added += inner.added
    return found


def _storage_root(leaf: bytes | None) -> Hash32:
    return EMPTY_TRIE_ROOT if leaf is None else decode_account(leaf).storage_root


class _Marks:
    """How often each node is counted. Use as a context manager."""

    def __init__(self, directory: Path) -> None:
        self._store = LevelDBStore(directory)
        self._waiting: Counter[Hash32] = Counter()

    def __enter__(self) -> "_Marks":
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def add(self, hashes: list[Hash32]) -> None:
        """One more for each."""
        self._waiting.update(hashes)
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """After this `count` knows all that was added."""
        batch = WriteBatch()
        for node_hash, more in self._waiting.items():
            batch.put(node_hash, _COUNT.pack(self.count(node_hash) + more))
        self._store.write(batch, sync=False)
        self._waiting.clear()

    def count(self, node_hash: Hash32) -> int:
        """0 for a node that nothing was added for."""
        stored = self._store.get(node_hash)
        return 0 if stored is None else int(_COUNT.unpack(stored)[0])
