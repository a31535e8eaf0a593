"""ChainDatabase beside dictionaries: any order of commits, rewinds, head moves and restarts."""

from dataclasses import dataclass
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from state.blocks import Log
from state.database import BlockRecord, ChainDatabase, Heads, MemoryStore
from state.primitives.types import Address, Hash32
from tests.unit.state.database.chain_blocks import (
    World,
    address,
    block_record,
    change_world,
    record_for,
    topic,
)
from tests.unit.state.database.test_crash import assert_every_invariant


@dataclass
class ModelBlock:
    record: BlockRecord
    world: World


class ChainMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.db = ChainDatabase(self.store)
        self.chain: list[ModelBlock] = []
        self.orphans: list[BlockRecord] = []
        self.safe = self.finalized = 0

    @initialize()
    def begin(self) -> None:
        genesis = block_record(None)
        self.db.initialise(genesis)
        self.chain = [ModelBlock(genesis, World())]

    def heads(self, tip: BlockRecord) -> Heads:
        return Heads(
            unsafe=tip.hash, safe=self.chain[self.safe].record.hash, finalized=self.chain[self.finalized].record.hash
        )

    @rule(seed=st.integers(0, 2**32))
    def commit(self, seed: int) -> None:
        random, parent = Random(seed), self.chain[-1]
        world = change_world(parent.world, random)
        record = record_for(parent.record, parent.world, world, self.db.get_node, random)
        self.db.commit_block(record, self.heads(record))
        self.chain.append(ModelBlock(record, world))

    @precondition(lambda self: len(self.chain) > 1)
    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        target = data.draw(st.integers(self.finalized, len(self.chain) - 1))
        self.orphans += [block.record for block in self.chain[target + 1 :]]
        del self.chain[target + 1 :]
        self.safe = min(self.safe, target)
        self.db.rewind_to(self.chain[-1].record.hash, self.heads(self.chain[-1].record))

    @rule(data=st.data())
    def move_heads(self, data: st.DataObject) -> None:
        self.safe = data.draw(st.integers(self.finalized, len(self.chain) - 1))
        self.finalized = data.draw(st.integers(self.finalized, self.safe))
        self.db.set_heads(self.heads(self.chain[-1].record))

    @precondition(lambda self: bool(self.orphans))
    @rule(data=st.data())
    def read_an_orphan(self, data: st.DataObject) -> None:
        orphan = data.draw(st.sampled_from(self.orphans))
        stored = self.db.block_record(orphan.hash)
        assert stored is not None
        assert stored.receipts == orphan.receipts

    @rule(index_addresses=st.booleans())
    def restart(self, index_addresses: bool) -> None:
        self.db = ChainDatabase(self.store, index_addresses=index_addresses)

    @rule(data=st.data())
    def search(self, data: st.DataObject) -> None:
        bounds = st.integers(0, len(self.chain) + 1)
        first, last = data.draw(bounds), data.draw(bounds)
        addresses = data.draw(st.lists(st.integers(1, 5).map(address), max_size=2))
        alternatives = st.lists(st.integers(0, 3).map(topic), max_size=2)
        topics = data.draw(st.lists(alternatives, max_size=3))
        found = [
            (entry.block_hash, entry.log_index) for entry in self.db.search_logs(first, last, addresses, topics, 10_000)
        ]
        assert found == self.filtered(first, last, addresses, topics)

    def filtered(
        self, first: int, last: int, addresses: list[Address], topics: list[list[Hash32]]
    ) -> list[tuple[Hash32, int]]:
        rows = []
        for block in self.chain[first : last + 1]:
            logs = [log for receipt in block.record.receipts for log in receipt.logs]
            rows += [(block.record.hash, i) for i, log in enumerate(logs) if matches(log, addresses, topics)]
        return rows

    @invariant()
    def flat_state_equals_the_model(self) -> None:
        if not self.chain:
            return
        world = self.chain[-1].world
        assert dict(self.db.iterate_flat_accounts()) == world.accounts()
        for number in range(1, 41):
            stored = {(address(number), slot): value for slot, value in self.db.iterate_flat_storage(address(number))}
            assert stored == {key: value for key, value in world.slots().items() if key[0] == address(number)}

    def teardown(self) -> None:
        if self.chain:
            assert [record.hash for record in self.canonical()] == [block.record.hash for block in self.chain]
            assert_every_invariant(self.db)

    def canonical(self) -> list[BlockRecord]:
        hashes = [self.db.canonical_hash(number) for number in range(len(self.chain))]
        records = [self.db.block_record(block_hash) for block_hash in hashes if block_hash is not None]
        return [record for record in records if record is not None]


def matches(log: Log, addresses: list[Address], topics: list[list[Hash32]]) -> bool:
    if addresses and log.address not in addresses:
        return False
    if len(topics) > len(log.topics):
        return False
    return all(not wanted or topic in wanted for wanted, topic in zip(topics, log.topics, strict=False))


TestChainMachine = ChainMachine.TestCase
TestChainMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
