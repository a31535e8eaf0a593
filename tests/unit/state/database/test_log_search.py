"""search_logs: geth's filter rules, on the index only."""

from collections.abc import Iterator

import pytest

from state.database import BlockRecord, ChainDatabase, Heads, MemoryStore, TooManyLogs
from tests.unit.state.database.chain_blocks import address, block_record, log, topic

ALL = 10_000


class CountingStore(MemoryStore):
    """Counts what a search touches."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def get(self, key: bytes, /) -> bytes | None:
        self.reads += 1
        return super().get(key)

    def iterate(
        self, *, start: bytes | None = None, stop: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        for pair in super().iterate(start=start, stop=stop, reverse=reverse):
            self.reads += 1
            yield pair


def chain_with(*rows: tuple[tuple[object, ...], ...], store: MemoryStore | None = None) -> ChainDatabase:
    db = ChainDatabase(store or MemoryStore())
    parent: BlockRecord = block_record(None)
    genesis = parent
    db.initialise(parent)
    for row in rows:
        parent = block_record(parent, logs_by_transaction=row)  # type: ignore[arg-type]
        db.commit_block(parent, Heads(unsafe=parent.hash, safe=genesis.hash, finalized=genesis.hash))
    return db


@pytest.fixture
def db() -> ChainDatabase:
    return chain_with(
        ((log(1, 1, 2), log(2, 1)), (log(1, 3),)),
        (),
        ((), (log(2, 2, 1), log(3))),
        ((log(1, 1, 2, 3, 4),),),
    )


def places(db: ChainDatabase, *arguments: object) -> list[tuple[int, int, int]]:
    entries = db.search_logs(*arguments, ALL)  # type: ignore[arg-type]
    return [(entry.block_number, entry.transaction_index, entry.log_index) for entry in entries]


def test_without_conditions_every_log_in_the_range_in_chain_order(db: ChainDatabase) -> None:
    assert places(db, 0, 9, [], []) == [(1, 0, 0), (1, 0, 1), (1, 1, 2), (3, 1, 0), (3, 1, 1), (4, 0, 0)]
    assert places(db, 2, 3, [], []) == [(3, 1, 0), (3, 1, 1)]
    assert places(db, 3, 2, [], []) == []
    assert places(db, 0, 2**64, [], [])[-1] == (4, 0, 0)


def test_addresses_are_alternatives(db: ChainDatabase) -> None:
    assert places(db, 0, 9, [address(1)], []) == [(1, 0, 0), (1, 1, 2), (4, 0, 0)]
    assert places(db, 0, 9, [address(3), address(2), address(2)], []) == [(1, 0, 1), (3, 1, 0), (3, 1, 1)]
    assert places(db, 0, 9, [address(9)], []) == []


def test_topics_are_positions_of_alternatives_and_an_empty_one_is_any(db: ChainDatabase) -> None:
    assert places(db, 0, 9, [], [[topic(1)]]) == [(1, 0, 0), (1, 0, 1), (4, 0, 0)]
    assert places(db, 0, 9, [], [[topic(1), topic(2)], [topic(2), topic(1)]]) == [(1, 0, 0), (3, 1, 0), (4, 0, 0)]
    assert places(db, 0, 9, [], [None, [topic(2)]]) == [(1, 0, 0), (4, 0, 0)]
    assert places(db, 0, 9, [address(1)], [[topic(1)], None, [topic(3)]]) == [(4, 0, 0)]


def test_a_wildcard_position_still_asks_for_a_topic_there(db: ChainDatabase) -> None:
    assert places(db, 0, 9, [], [None, None]) == [(1, 0, 0), (3, 1, 0), (4, 0, 0)]
    assert places(db, 0, 9, [address(1)], [[], [], [], []]) == [(4, 0, 0)]
    assert places(db, 0, 9, [], [[]] * 5) == []


def test_an_entry_says_where_it_stands(db: ChainDatabase) -> None:
    (entry,) = db.search_logs(0, 9, [address(3)], [], 1)
    assert entry.log == log(3)
    assert entry.block_hash == db.canonical_hash(3)
    record = db.block_record(entry.block_hash)
    assert record is not None
    assert entry.transaction_hash == record.transaction_hashes[1]
    assert record.receipts[entry.transaction_index].logs[1] == entry.log


def test_more_matches_than_the_limit_are_an_error_and_exactly_the_limit_is_not(db: ChainDatabase) -> None:
    assert len(db.search_logs(0, 9, [], [], 6)) == 6
    with pytest.raises(TooManyLogs, match="query returned more than 5 results"):
        db.search_logs(0, 9, [], [], 5)


def test_a_rare_event_among_many_blocks_costs_reads_of_the_rare_ones_only() -> None:
    store = CountingStore()
    common = ((log(1, 1),),)
    rows = [common] * 400
    rows[200] = ((log(1, 1, 7),),)
    db = chain_with(*rows, store=store)
    store.reads = 0
    assert places(db, 0, 500, [address(1)], [[topic(1)], [topic(7)]]) == [(201, 0, 0)]
    assert store.reads < 20
