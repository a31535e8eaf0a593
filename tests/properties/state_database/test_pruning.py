"""A pruned database has, after every batch, the nodes of the states that it keeps, and no other node."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from node.pruning import prune_archive
from state.blocks import EMPTY_TRIE_ROOT, Header
from state.database import BlockRecord, ChainDatabase, Heads, MemoryStore, Retention, WriteBatch, schema
from state.database.pruning import _displaced
from state.primitives.types import Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.trie import NodeSource, walk_trie
from state.world.accounts import decode_account
from state.world.commit import commit_changes
from state.world.readers import state_at
from state.world.types import EMPTY_ACCOUNT, StateChanges

KEPT = 3
# Few accounts with few slots and values: alike storage tries, and states that come back.
ADDRESSES = st.integers(0, 4).map(lambda number: Address(bytes([number]) * 20))
SLOTS = st.dictionaries(st.integers(0, 4), st.integers(0, 2), max_size=5)
WRITES = st.dictionaries(
    ADDRESSES, st.tuples(st.integers(0, 2), SLOTS, st.sampled_from(["", "wipe", "gone"])), max_size=4
)
STEPS = st.lists(
    st.tuples(st.just("block"), WRITES)
    | st.tuples(st.just("rewind"), st.integers(1, 4))
    | st.tuples(st.just("finalize"), st.integers(0, 3)),
    min_size=1,
    max_size=24,
)


class Stored:
    """Nodes on disk, past every cache."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        return self._store.get(schema.NODE + node_hash)


def nodes_of_state(source: NodeSource, root: Hash32) -> Iterator[Hash32]:
    """Every occurrence, storage tries included. Raises MissingNode."""
    for node_hash, leaf in walk_trie(source, root):
        if node_hash is not None:
            yield node_hash
        if leaf is not None:
            for inner, _ in walk_trie(source, decode_account(leaf).storage_root):
                if inner is not None:
                    yield inner


def header(parent: BlockRecord | None, state_root: Hash32, salt: int) -> Header:
    fields: dict[str, Any] = {"number": 0, "parent_hash": Hash32(bytes(32))}
    if parent is not None:
        fields = {"number": parent.header.number + 1, "parent_hash": parent.hash}
    return Header(
        fee_recipient=Address(bytes(20)), state_root=state_root, transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT, logs_bloom=bytes(256), gas_limit=Gas(1), gas_used=Gas(0),
        timestamp=UnixSeconds(salt), extra_data=b"", prev_randao=Hash32(bytes(32)), base_fee_per_gas=Wei(1),
        withdrawals_root=EMPTY_TRIE_ROOT, **fields,
    )  # fmt: skip


class Chain:
    """A pruned chain whose process is killed after every batch."""

    def __init__(self, retention: Retention, *, full: bool = True) -> None:
        self.store: MemoryStore | DyingStore = MemoryStore()
        self.retention = retention
        self.full = full
        self.blocks: list[BlockRecord] = []
        self.finalized = 0
        self.salt = 0
        self.open().initialise(self.seal({}))

    def open(self) -> ChainDatabase:
        return ChainDatabase(self.store, full=self.full, retention=self.retention)

    def seal(self, writes: dict[Address, tuple[int, dict[int, int], str]]) -> BlockRecord:
        db = self.open()
        parent = self.blocks[-1] if self.blocks else None
        root = EMPTY_TRIE_ROOT if parent is None else parent.header.state_root
        commit = commit_changes(db, root, self.changes(db, parent, writes))
        self.salt += 1
        sealed = header(parent, commit.state_root, self.salt)
        record = BlockRecord(
            hash=sealed.hash, header=sealed, transactions=(), transaction_hashes=(), senders=(), receipts=(),
            receipt_extras=(), delta=commit.delta,
        )  # fmt: skip
        self.blocks.append(record)
        return record

    def changes(self, db: ChainDatabase, parent: BlockRecord | None, writes: Any) -> StateChanges:
        changes = StateChanges()
        if parent is None:
            return changes
        state = state_at(db, parent.hash)
        for address, (nonce, slots, fate) in writes.items():
            before = state.account(address)
            if fate == "gone":
                if before is not None:
                    changes.accounts[address] = None
                    changes.wiped_storage.add(address)
                continue
            account = before or EMPTY_ACCOUNT
            changes.accounts[address] = account.__class__(
                nonce=Nonce(nonce), balance=Wei(1), storage_root=account.storage_root, code_hash=account.code_hash
            )
            if fate == "wipe" and before is not None:
                changes.wiped_storage.add(address)
            changes.storage[address] = slots
        return changes

    def heads(self) -> Heads:
        finalized = self.blocks[self.finalized].hash
        return Heads(unsafe=self.blocks[-1].hash, safe=finalized, finalized=finalized)

    def step(self, kind: str, argument: Any) -> None:
        if kind == "block":
            record = self.seal(argument)
            self.open().commit_block(record, self.heads())
        elif kind == "rewind":
            target = max(self.finalized, len(self.blocks) - 1 - argument)
            if target < len(self.blocks) - 1:
                del self.blocks[target + 1 :]
                self.open().rewind_to(self.blocks[-1].hash, self.heads())
        else:
            self.finalized = min(len(self.blocks) - 1, self.finalized + argument)
            self.open().set_heads(self.heads())

    def assert_exact(self) -> int:
        """Returns the oldest state that is kept."""
        source, oldest = Stored(self.store), self.open().states_from
        kept = [set(nodes_of_state(source, block.header.state_root)) for block in self.blocks[oldest:]]
        stored = {key[1:] for key, _ in self.store.iterate(start=schema.NODE, stop=schema.CODE)}
        assert stored == set().union(*kept)
        expected = Counter(nodes_of_state(source, self.blocks[-1].header.state_root))
        for _, journal in self.store.iterate(start=schema.NODE_JOURNAL, stop=schema.prefix_end(schema.NODE_JOURNAL)):
            expected.update(_displaced(journal))
        counts = {
            Hash32(key[1:]): int.from_bytes(value, "big")
            for key, value in self.store.iterate(start=schema.NODE_COUNT, stop=schema.NODE_JOURNAL)
        }
        assert counts == {node_hash: count for node_hash, count in expected.items() if count > 1}
        return oldest


@settings(max_examples=120, deadline=None)
@given(STEPS)
def test_what_is_stored_is_exactly_what_the_kept_states_need(steps: list[tuple[str, Any]]) -> None:
    chain = Chain(Retention(states=KEPT))
    oldest = 0
    for kind, argument in steps:
        chain.step(kind, argument)
        before, oldest = oldest, chain.assert_exact()
        wanted = min(len(chain.blocks) - 1 - KEPT, chain.finalized)
        assert oldest == (max(before, wanted) if kind == "block" else before)


@settings(max_examples=30, deadline=None)
@given(STEPS, st.integers(0, 6))
def test_no_state_that_must_stay_provable_is_let_go(steps: list[tuple[str, Any]], provable: int) -> None:
    chain = Chain(Retention(states=0, provable_from=lambda: provable))
    for kind, argument in steps:
        chain.step(kind, argument)
        assert chain.assert_exact() <= provable


@settings(max_examples=40, deadline=None)
@given(STEPS, STEPS, st.integers(0, 60))
def test_an_archive_that_is_pruned_is_as_if_it_had_always_been(
    before: list[tuple[str, Any]], after: list[tuple[str, Any]], killed_at: int
) -> None:
    chain = Chain(Retention(states=KEPT), full=False)
    for kind, argument in before:
        chain.step(kind, argument)
    store = chain.store = DyingStore(chain.store, killed_at)
    try:
        pruned(chain)
    except Killed:
        for block in chain.blocks[chain.open().states_from :]:
            assert list(nodes_of_state(Stored(chain.store), block.header.state_root)) is not None
        store.left = None
        chain.step("block", {})
        pruned(chain)
    store.left = None
    chain.full = True
    chain.assert_exact()
    for kind, argument in after:
        chain.step(kind, argument)
        chain.assert_exact()


def pruned(chain: Chain) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        prune_archive(chain.open(), Path(scratch), chain.retention)


class Killed(Exception):
    """The process is gone."""


class DyingStore(MemoryStore):
    """A copy of a store whose process is killed before one of its writes."""

    def __init__(self, copied: MemoryStore, left: int | None) -> None:
        super().__init__()
        batch = WriteBatch()
        batch.operations.update(copied.iterate())
        super().write(batch, sync=False)
        self.left = left

    def write(self, batch: WriteBatch, /, *, sync: bool) -> None:
        if self.left is not None:
            if not self.left:
                raise Killed
            self.left -= 1
        super().write(batch, sync=sync)


def test_two_accounts_alike_keep_what_they_share_until_both_are_changed() -> None:
    chain = Chain(Retention(states=0))
    alike = dict.fromkeys(range(5), 1)
    first, second = Address(b"\x01" * 20), Address(b"\x02" * 20)
    chain.step("block", {first: (1, alike, ""), second: (1, alike, "")})
    steps: list[dict[Address, tuple[int, dict[int, int], str]]]
    steps = [{first: (1, {0: 2}, "")}, {second: (2, {}, "")}, {second: (1, {1: 0}, "")}, {}]
    for writes in steps:
        chain.finalized = len(chain.blocks) - 1
        chain.step("block", writes)
        chain.assert_exact()
    chain.finalized = len(chain.blocks) - 1
    chain.step("block", {})
    assert chain.assert_exact() == len(chain.blocks) - 2
