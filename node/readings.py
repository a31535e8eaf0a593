"""Which values of a node's parts are metrics; docs/operating.md says which ones to watch."""

import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from contracts.addresses import L2_TO_L1_MESSAGE_PASSER
from node.accounts_watch import AccountsWatch
from node.adapters.pool_feed import HeadFeed
from node.auditing import Auditor
from node.conductor import Conductor
from node.heartbeat import Heartbeat
from node.metrics import Readings
from node.readers import Reader, ReaderPool
from rollup.batcher import Batcher, BatcherMetrics, Outbox
from rollup.driver import Driver
from rollup.engine import Engine
from rollup.l1 import L1TransactionSender
from rollup.txpool import TxPool
from rollup.types import L1BlockRef
from rpc.ports import NodeInfo
from state.database import KeyValueStore, LevelDBStore, LevelStatistics
from state.primitives.types import Address
from state.world.readers import FlatState

T = TypeVar("T")

KEPT_SECONDS: Final = 2.0
LEVELS: Final = 7
"""LevelDB's, of which a young database uses none."""
EMPTY_LEVEL: Final = LevelStatistics(
    files=0, megabytes=0.0, compaction_seconds=0.0, megabytes_read=0.0, megabytes_written=0.0
)
_POSTED: Final[tuple[tuple[str, str, Callable[[BatcherMetrics], float]], ...]] = (
    ("openledger_batcher_l1_bytes", "Calldata posted to L1", lambda done: done.bytes_on_l1),
    ("openledger_batcher_raw_bytes", "Signed bytes of the posted transactions", lambda done: done.bytes_raw),
    ("openledger_batcher_blocks", "L2 blocks posted", lambda done: done.blocks),
    ("openledger_batcher_transactions", "L2 transactions posted", lambda done: done.transactions),
    ("openledger_batcher_l1_transactions", "L1 transactions sent", lambda done: done.l1_transactions),
    ("openledger_batcher_channels", "Channels closed", lambda done: done.channels_closed),
    ("openledger_batcher_abandoned", "Channels given up and built anew", lambda done: done.channels_abandoned),
)


def watch_chain(
    readings: Readings,
    engine: Engine,
    driver: Driver,
    feed: HeadFeed,
    auditor: Auditor,
    clock: Callable[[], float],
) -> None:
    """Heads of both chains, how far behind they are, reorgs, resets, audits."""
    readings.gauges("openledger_head_number", "L2 heads", "head", lambda: _heads(engine))
    readings.gauges(
        "openledger_head_age_seconds", "How far a head's time is behind the clock", "head", lambda: _ages(engine, clock)
    )
    readings.distribution(
        "openledger_block_delay_seconds",
        "From a block's own time until it was sealed or derived here",
        (),
        lambda: {(): feed.delays},
    )
    readings.gauge(
        "openledger_unsafe_blocks",
        "L2 blocks that are not derivable from L1 yet: the batcher's backlog",
        lambda: engine.unsafe_head.number - engine.safe_head.number,
    )
    readings.gauges("openledger_l1_number", "L1 blocks as this node knows them", "which", lambda: _l1(driver))
    readings.gauge("openledger_l1_silence_seconds", "Since L1 last answered", lambda: driver.l1_silence or 0.0)
    readings.gauge("openledger_l1_lag_blocks", "L1 blocks that derivation has still to read", lambda: _l1_lag(driver))
    readings.counter("openledger_l2_reorgs", "Times that the unsafe chain was replaced", lambda: feed.reorgs)
    readings.counter("openledger_l2_reorged_blocks", "L2 blocks that reorgs dropped", lambda: feed.blocks_dropped)
    readings.counter("openledger_derivation_resets", "Times that derivation started again", lambda: driver.resets)
    readings.counter("openledger_audited_blocks", "Blocks that both executors agreed on", lambda: auditor.audited)
    readings.counter("openledger_audits_skipped", "Blocks drawn for an audit that had none", lambda: auditor.skipped)
    readings.gauge("openledger_audits_waiting", "Blocks drawn for an audit that wait for it", lambda: auditor.waiting)
    state = FlatState(engine.db)
    readings.gauge(
        "openledger_withdrawn_open",
        "OPEN that the message passer holds: withdrawals begun on L2, a term of the portal's balance",
        lambda: _balance(state, Address(L2_TO_L1_MESSAGE_PASSER)) / 10**18,
    )


def watch_pool(readings: Readings, pool: TxPool) -> None:
    """How full the transaction pool is."""

    def sizes() -> dict[str, float]:
        status = pool.status()
        return {"executable": status.executable, "queued": status.queued}

    readings.gauges("openledger_txpool_transactions", "Transactions in the pool", "state", sizes)
    readings.gauge("openledger_txpool_bytes", "Signed bytes of the transactions in the pool", pool.size_bytes)


def watch_process(readings: Readings, heartbeat: Heartbeat, info: NodeInfo) -> None:
    """Whether the process works, and how fast its event loop and its engine's thread turn."""
    readings.gauge("openledger_healthy", "1 while /healthz says yes", lambda: not info.unhealthy())
    readings.gauge("openledger_ready", "1 while /readyz says yes", lambda: not info.not_ready())
    readings.gauge(
        "openledger_event_loop_lag_seconds",
        "The longest hold-up of the event loop in the last minute",
        lambda: heartbeat.loop_lag,
    )
    readings.gauge(
        "openledger_engine_delay_seconds",
        "How long the engine's thread took to come round to a question: the block that it was at",
        lambda: max(heartbeat.engine_delay, heartbeat.engine_silence),
    )


def watch_readers(readings: Readings, pool: ReaderPool) -> None:
    """Queues, lags and lives of the reader processes; the auditor is the reader `audit`."""

    def by_reader(read: Callable[[Reader], float]) -> Callable[[], Mapping[str, float]]:
        return lambda: {reader.name: read(reader) for reader in pool.readers}

    readings.gauges(
        "openledger_reader_up",
        "1 while the reader's process serves",
        "reader",
        by_reader(lambda reader: reader.process_id is not None),
    )
    readings.gauges(
        "openledger_reader_waiting", "Questions without an answer yet", "reader", by_reader(lambda r: r.waiting)
    )
    readings.gauges(
        "openledger_reader_waiting_bytes", "Parameters of those", "reader", by_reader(lambda r: r.waiting_bytes)
    )
    readings.gauges(
        "openledger_reader_behind_batches", "Writes that it was not sent yet", "reader", by_reader(lambda r: r.behind)
    )
    readings.gauge("openledger_reader_backlog_bytes", "Writes kept for readers that lag", lambda: pool.backlog_bytes)
    readings.counters(
        "openledger_reader_restarts",
        "Times that a reader's process was replaced",
        ("reader",),
        lambda: {(reader.name,): reader.restarts for reader in pool.readers},
    )


def watch_store(readings: Readings, store: KeyValueStore) -> None:
    """LevelDB's size and work."""
    if not isinstance(store, LevelDBStore):
        return
    latest = _kept(store.statistics, KEPT_SECONDS)

    def levels() -> dict[str, LevelStatistics]:
        """All of them: a series that begins with the first compaction is missed by alerts."""
        found = latest().levels
        return {str(level): found.get(level, EMPTY_LEVEL) for level in range(LEVELS)}

    def by_level(read: Callable[[LevelStatistics], float]) -> dict[tuple[str, ...], float]:
        return {(level,): read(found) for level, found in levels().items()}

    readings.gauge("openledger_leveldb_bytes", "The database's files", lambda: latest().disk_bytes)
    readings.gauge("openledger_leveldb_memory_bytes", "Write buffers and block cache", lambda: latest().memory_bytes)
    readings.gauges(
        "openledger_leveldb_files",
        "Table files by level",
        "level",
        lambda: {level: found.files for level, found in levels().items()},
    )
    readings.counters(
        "openledger_leveldb_compaction_seconds",
        "Time spent on compactions into a level",
        ("level",),
        lambda: by_level(lambda found: found.compaction_seconds),
    )
    readings.counters(
        "openledger_leveldb_compaction_written_bytes",
        "Written by compactions into a level",
        ("level",),
        lambda: by_level(lambda found: found.megabytes_written * 1_048_576),
    )


def watch_leadership(readings: Readings, conductor: Conductor | None) -> None:
    """Who leads, as this candidate sees it; without a conductor the one sequencer always does."""

    def read(value: Callable[[Conductor], float], alone: float = 0) -> Callable[[], float]:
        return lambda: alone if conductor is None else value(conductor)

    readings.gauge("openledger_leader", "1 while this sequencer leads", read(lambda one: one.leading, alone=1))
    readings.gauge(
        "openledger_leader_term", "Fencing token of the term, 0 without one", read(lambda one: one.status.term or 0)
    )
    readings.gauge("openledger_committed_number", "Head of the shared log of blocks, as last seen", read(_committed))
    readings.counter(
        "openledger_elections", "Terms that this candidate was elected for", read(lambda one: one.elections)
    )


def _committed(conductor: Conductor) -> float:
    head = conductor.status.committed
    return 0 if head is None else head.number


def watch_accounts(readings: Readings, accounts: AccountsWatch, senders: Mapping[str, L1TransactionSender]) -> None:
    """Coin and transactions of the node's own L1 accounts; `senders` by name, batcher and proposer."""
    for name, sender in senders.items():
        accounts.add(name, sender.address)
    readings.gauges(
        "openledger_l1_account_balance",
        "Whole coins of L1 that the account has left",
        "account",
        lambda: {name: balance / 10**18 for name, balance in accounts.balances.items()},
    )
    readings.counters(
        "openledger_l1_fees",
        "Whole coins of L1 that the account's transactions cost, as their receipts say",
        ("account",),
        lambda: {(name,): sender.fees_paid / 10**18 for name, sender in senders.items()},
    )
    readings.gauges(
        "openledger_l1_transactions_in_flight",
        "Transactions of the account that are not final",
        "account",
        lambda: {name: sum(not status.is_final for status in one.statuses()) for name, one in senders.items()},
    )


def watch_batcher(readings: Readings, engine: Engine, running: Callable[[], tuple[Batcher, Outbox] | None]) -> None:
    """What waits for L1 and what went there; zeros while no batcher runs, as on a candidate that doesn't lead."""

    def read(value: Callable[[Batcher, Outbox], float]) -> Callable[[], float]:
        return lambda: 0.0 if (found := running()) is None else value(*found)

    readings.gauge(
        "openledger_batcher_unposted_blocks",
        "L2 blocks that are in no channel which is on its way",
        read(lambda _, outbox: engine.unsafe_head.number - max([engine.safe_head.number, *_posted(outbox)])),
    )
    readings.gauge(
        "openledger_batcher_unposted_bytes",
        "Signed bytes of the transactions in the channel that is being filled",
        read(lambda batcher, _: batcher.open_bytes),
    )
    readings.gauge(
        "openledger_batcher_outbox_channels", "Channels not safe yet", read(lambda _, outbox: len(outbox.records()))
    )
    readings.gauge(
        "openledger_batcher_outbox_bytes",
        "Calldata of channels that are not safe yet",
        read(lambda _, outbox: sum(record.size for record in outbox.records())),
    )
    readings.gauge(
        "openledger_batcher_throttling",
        "1 while blocks take no user transactions",
        read(lambda batcher, _: batcher.throttle()),
    )

    def count(name: str, text: str, of: Callable[[BatcherMetrics], float]) -> None:
        readings.counter(name, text, read(lambda batcher, _: of(batcher.metrics)))

    for name, text, of in _POSTED:
        count(name, text, of)


def _kept(read: Callable[[], T], seconds: float) -> Callable[[], T]:
    """`read`, asked again only after some seconds: one look for all metrics of a scrape."""
    kept: list[tuple[float, T]] = []

    def latest() -> T:
        now = time.monotonic()
        if not kept or now - kept[0][0] > seconds:
            kept[:] = [(now, read())]
        return kept[0][1]

    return latest


def _posted(outbox: Outbox) -> list[int]:
    return [record.last for record in outbox.records() if not record.abandoned]


def _ages(engine: Engine, clock: Callable[[], float]) -> dict[str, float]:
    heads = {"unsafe": engine.unsafe_head, "safe": engine.safe_head, "finalized": engine.finalized_head}
    return {name: clock() - head.timestamp for name, head in heads.items()}


def _heads(engine: Engine) -> dict[str, float]:
    return {
        "unsafe": engine.unsafe_head.number,
        "safe": engine.safe_head.number,
        "finalized": engine.finalized_head.number,
    }


def _l1(driver: Driver) -> dict[str, float]:
    status = driver.status
    known: dict[str, L1BlockRef | None] = {
        "latest": status.head_l1,
        "safe": status.safe_l1,
        "finalized": status.finalized_l1,
        "derived": status.current_l1,
    }
    return {name: ref.number for name, ref in known.items() if ref is not None}


def _l1_lag(driver: Driver) -> float:
    status = driver.status
    if status.head_l1 is None or status.current_l1 is None:
        return 0.0
    return max(0, status.head_l1.number - status.current_l1.number)


def _balance(state: FlatState, address: Address) -> int:
    account = state.account(address)
    return 0 if account is None else account.balance
