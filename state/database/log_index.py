"""Where logs are, by address and by topic, and the search that never walks blocks without a match.

For each block and each address or (position, topic) in its logs, one key ends in the block's number and holds the
positions of those logs. A search with several conditions finds out by advancing them in lockstep which has the fewest
blocks, walks that one in order, and looks the others up block by block.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from typing import Final, TypeAlias

from state.blocks import Log, Receipt
from state.database import schema
from state.database.stores import KeyValueStore, WriteBatch
from state.errors import Blame, NodeError
from state.primitives.types import Address, BlockNumber, Hash32

_POSITION: Final = struct.Struct(">III")
LOCKSTEP_BLOCKS: Final = 4096
"""With more matching blocks than this in every condition, the first condition is walked."""

LogPosition: TypeAlias = tuple[int, int, int]
"""(transaction index, log index in the block, log index in the receipt)."""
BlockPositions: TypeAlias = tuple[int, frozenset[LogPosition]]
"""(block number, positions in that block)."""


class TooManyLogs(NodeError):
    """A log search matches more logs than may be returned at once."""

    blame = Blame.USER
    rpc_code = -32005


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A log of the canonical chain and where it stands."""

    block_number: BlockNumber
    block_hash: Hash32
    transaction_index: int
    log_index: int
    """In the block, not in the transaction."""
    log: Log
    transaction_hash: Hash32


def index_logs(number: int, receipts: Sequence[Receipt], batch: WriteBatch) -> None:
    """Adds a block's log index to `batch`."""
    for key, positions in _positions_by_key(number, receipts).items():
        batch.put(key, b"".join([_POSITION.pack(*position) for position in positions]))


def unindex_logs(number: int, receipts: Sequence[Receipt], batch: WriteBatch) -> None:
    """Adds the removal of a block's log index to `batch`."""
    for key in _positions_by_key(number, receipts):
        batch.delete(key)


def _positions_by_key(number: int, receipts: Sequence[Receipt]) -> dict[bytes, list[LogPosition]]:
    rows: dict[bytes, list[LogPosition]] = {}
    log_index = 0
    for transaction_index, receipt in enumerate(receipts):
        for in_receipt, log in enumerate(receipt.logs):
            position = (transaction_index, log_index, in_receipt)
            for prefix in _prefixes(log):
                rows.setdefault(schema.number_key(prefix, number), []).append(position)
            log_index += 1
    return rows


def _prefixes(log: Log) -> list[bytes]:
    topics = [schema.log_topic_prefix(position, topic) for position, topic in enumerate(log.topics)]
    return [schema.LOG_BLOCK, schema.LOG_ADDRESS + log.address, *topics]


Condition: TypeAlias = tuple[bytes, ...]
"""Index prefixes of which a log must be under at least one."""


def conditions_of(addresses: Sequence[Address], topics: Sequence[Sequence[Hash32] | None]) -> list[Condition]:
    """What a filter asks of the index; never empty. A topic position with no alternatives matches anything."""
    conditions: list[Condition] = []
    if addresses:
        conditions.append(tuple(schema.LOG_ADDRESS + address for address in dict.fromkeys(addresses)))
    for position, alternatives in enumerate(topics):
        if alternatives:
            conditions.append(tuple(schema.log_topic_prefix(position, topic) for topic in dict.fromkeys(alternatives)))
    return conditions or [(schema.LOG_BLOCK,)]


def matching_positions(
    store: KeyValueStore, conditions: Sequence[Condition], from_block: int, to_block: int
) -> Iterator[tuple[int, list[LogPosition]]]:
    """(block number, sorted positions that meet all conditions), both bounds inclusive, ascending."""
    driver = _narrowest(store, conditions, from_block, to_block)
    others = [condition for index, condition in enumerate(conditions) if index != driver]
    for number, positions in _walk(store, conditions[driver], from_block, to_block):
        remaining = positions
        for condition in others:
            remaining &= _positions_at(store, condition, number)
            if not remaining:
                break
        if remaining:
            yield number, sorted(remaining)


def _narrowest(store: KeyValueStore, conditions: Sequence[Condition], from_block: int, to_block: int) -> int:
    """The index of the condition that runs out of blocks first."""
    if len(conditions) == 1:
        return 0
    walks = [_walk(store, condition, from_block, to_block) for condition in conditions]
    for _ in range(LOCKSTEP_BLOCKS):
        for index, walk in enumerate(walks):
            if next(walk, None) is None:
                return index
    return 0


def _walk(store: KeyValueStore, condition: Condition, from_block: int, to_block: int) -> Iterator[BlockPositions]:
    rows = [_rows(store, prefix, from_block, to_block) for prefix in condition]
    merged: Iterable[tuple[int, bytes]] = rows[0] if len(rows) == 1 else merge(*rows)
    for number, group in groupby(merged, key=lambda row: row[0]):
        yield number, _unpack(value for _, value in group)


def _rows(store: KeyValueStore, prefix: bytes, from_block: int, to_block: int) -> Iterator[tuple[int, bytes]]:
    start, stop = schema.number_key(prefix, from_block), schema.number_key(prefix, to_block + 1)
    for key, value in store.iterate(start=start, stop=stop):
        yield int.from_bytes(key[-8:], "big"), value


def _positions_at(store: KeyValueStore, condition: Condition, number: int) -> frozenset[LogPosition]:
    values = [store.get(schema.number_key(prefix, number)) for prefix in condition]
    return _unpack(value for value in values if value is not None)


def _unpack(values: Iterable[bytes]) -> frozenset[LogPosition]:
    return frozenset(
        (transaction, log_index, in_receipt)
        for value in values
        for transaction, log_index, in_receipt in _POSITION.iter_unpack(value)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBlock:
    """What the search needs of a block with a match."""

    hash: Hash32
    transaction_hashes: tuple[Hash32, ...]
    receipts: Mapping[int, Receipt]
    """Those that were asked for, by transaction index."""


def located_logs(
    matches: Iterable[tuple[int, list[LogPosition]]],
    load: Callable[[int, frozenset[int]], FoundBlock],
    topic_count: int,
) -> Iterator[LogEntry]:
    """The logs at `matches` that have at least `topic_count` topics, each block read when its first log is asked for.

    `load` brings a block by number, with the receipts of the transactions asked for.
    """
    for number, positions in matches:
        found = load(number, frozenset(position[0] for position in positions))
        for transaction_index, log_index, in_receipt in positions:
            log = found.receipts[transaction_index].logs[in_receipt]
            if len(log.topics) < topic_count:
                continue
            yield LogEntry(
                block_number=BlockNumber(number),
                block_hash=found.hash,
                transaction_index=transaction_index,
                log_index=log_index,
                log=log,
                transaction_hash=found.transaction_hashes[transaction_index],
            )


def collect_logs(entries: Iterator[LogEntry], limit: int) -> list[LogEntry]:
    """All of `entries`. Raises TooManyLogs above `limit`."""
    collected = list(islice(entries, limit))
    if next(entries, None) is not None:
        raise TooManyLogs(f"query returned more than {limit} results")
    return collected
