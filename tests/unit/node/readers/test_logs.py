"""eth_getLogs in a reader: finished JSON, bounded by number and bytes, from the index of a long chain."""

import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from node.readers import ReaderPool
from node.readers.logs import render_logs
from state.database import (
    BlockRecord,
    ChainDatabase,
    KeyValueStore,
    LevelDBStore,
    TooManyLogs,
    WriteBatch,
    schema,
)
from state.database.block_batches import put_block, put_canonical
from state.execution.fast import FastExecutor
from state.primitives.types import BlockNumber, Hash32
from state.queries import StateQueries
from tests.unit.node.readers.conftest import RULES, GrowingChain
from tests.unit.state.database.chain_blocks import address, block_record, log, topic

BLOCKS = 100_000
EVERY = 1_000
RARE, COMMON = 7, 9
MANY = {"limit": 20_000, "max_bytes": 25_000_000}


class CountingStore:
    """A store that counts what a search reads."""

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self.reads = 0
        self.write, self.close = store.write, store.close

    def get(self, key: bytes, /) -> bytes | None:
        self.reads += 1
        return self._store.get(key)

    def iterate(
        self, *, start: bytes | None = None, stop: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        for pair in self._store.iterate(start=start, stop=stop, reverse=reverse):
            self.reads += 1
            yield pair


def sparse_block(template: BlockRecord, number: int) -> BlockRecord:
    """A block somewhere in a long chain: every 1,000th has a log of RARE, every 20th one of COMMON."""
    parent = dataclasses.replace(template, header=dataclasses.replace(template.header, number=BlockNumber(number - 1)))
    logs = [log(COMMON, 3)] if number % 20 == 0 else []
    logs += [log(RARE, 1, number % 3, data=b"data")] if number % EVERY == 0 else []
    return block_record(parent, logs_by_transaction=(tuple(logs),) if logs else ())


def build_chain(directory: Path) -> ChainDatabase:
    """100,000 canonical blocks; the empty ones are an entry in the index of numbers, as searches never read them."""
    store = LevelDBStore(directory)
    db = ChainDatabase(store)
    genesis = block_record(None)
    db.initialise(genesis)
    batch = WriteBatch()
    for number in range(1, BLOCKS + 1):
        if number % 20 == 0:
            record = sparse_block(genesis, number)
            put_block(record, batch)
            put_canonical(record, batch)
        else:
            batch.put(schema.number_key(schema.CANONICAL, number), Hash32(number.to_bytes(32, "big")))
        if number % 10_000 == 0:
            store.write(batch, sync=False)
            batch = WriteBatch()
    return db


@pytest.fixture(scope="module")
def long_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StateQueries, CountingStore]]:
    directory = tmp_path_factory.mktemp("long") / "db"
    build_chain(directory).close()
    store = CountingStore(LevelDBStore(directory))
    yield StateQueries(ChainDatabase(store), FastExecutor(), RULES), store
    store.close()


@pytest.mark.parametrize(
    ("addresses", "topics", "blocks"),
    [
        ([address(RARE)], [], range(EVERY, BLOCKS + 1, EVERY)),
        ([], [[topic(1)]], range(EVERY, BLOCKS + 1, EVERY)),
        ([address(RARE)], [None, [topic(2)]], [n for n in range(EVERY, BLOCKS + 1, EVERY) if n % 3 == 2]),
        ([address(RARE), address(99)], [[topic(3)]], []),
    ],
)
def test_a_search_over_100_000_blocks_reads_what_it_finds_and_little_more(
    long_chain: tuple[StateQueries, CountingStore],
    addresses: list[bytes],
    topics: list[list[bytes] | None],
    blocks: list[int],
) -> None:
    queries, store = long_chain
    store.reads = 0
    found = json.loads(render_logs(queries, 0, BLOCKS, addresses, topics, **MANY))  # type: ignore[arg-type]
    assert [int(entry["blockNumber"], 16) for entry in found] == list(blocks)
    assert store.reads < 1_500  # of 100,000 blocks, 5,000 of them with logs


def test_a_found_log_is_what_eth_getlogs_answers(long_chain: tuple[StateQueries, CountingStore]) -> None:
    queries, _ = long_chain
    (found,) = json.loads(render_logs(queries, 5_000, 5_000, [address(RARE)], [], **MANY))
    block_hash = queries.database.canonical_hash(5_000)
    assert block_hash is not None
    record = queries.database.block_record(block_hash)
    assert record is not None
    assert found == {
        "address": "0x" + address(RARE).hex(),
        "topics": ["0x" + topic(1).hex(), "0x" + topic(5_000 % 3).hex()],
        "data": "0x" + b"data".hex(),
        "blockNumber": hex(5_000),
        "blockHash": "0x" + block_hash.hex(),
        "blockTimestamp": hex(record.header.timestamp),
        "transactionHash": "0x" + record.transaction_hashes[0].hex(),
        "transactionIndex": "0x0",
        "logIndex": "0x1",
        "removed": False,
    }


def test_more_logs_or_bytes_than_allowed_are_refused_before_they_are_made(
    long_chain: tuple[StateQueries, CountingStore],
) -> None:
    queries, store = long_chain
    assert (
        len(json.loads(render_logs(queries, 0, BLOCKS, [address(COMMON)], [], limit=5_000, max_bytes=2**30))) == 5_000
    )
    store.reads = 0
    with pytest.raises(TooManyLogs, match="more than 50 results"):
        render_logs(queries, 0, BLOCKS, [address(COMMON)], [], limit=50, max_bytes=2**30)
    with pytest.raises(TooManyLogs, match="more than 10000 bytes"):
        render_logs(queries, 0, BLOCKS, [address(COMMON)], [], limit=20_000, max_bytes=10_000)
    assert store.reads < 2_000
    assert render_logs(queries, 0, BLOCKS, [address(99)], [], limit=0, max_bytes=2) == b"[]"


async def test_a_reader_process_renders_the_logs_of_the_chain_that_it_is_fed(
    chain: GrowingChain, start_pool: Callable[..., Awaitable[ReaderPool]]
) -> None:
    pool = await start_pool()
    chain.grow(5)
    question = {"from_block": 2, "to_block": 4, "addresses": [address(1)], "topics": [], **MANY}
    assert [int(entry["blockNumber"], 16) for entry in json.loads(await pool.query("render_logs", question))] == [
        2,
        3,
        4,
    ]
    with pytest.raises(TooManyLogs, match="narrow the range"):
        await pool.query("render_logs", question | {"limit": 1})
