"""Which values of a node's parts are metrics; docs/operating.md says which ones to watch."""

from collections.abc import Callable

from contracts.addresses import L2_TO_L1_MESSAGE_PASSER
from node.adapters.pool_feed import HeadFeed
from node.auditing import Auditor
from node.metrics import Readings
from rollup.batcher import Batcher, Outbox
from rollup.driver import Driver
from rollup.engine import Engine
from rollup.txpool import TxPool
from rollup.types import L1BlockRef
from state.primitives.types import Address
from state.world.readers import FlatState


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
    readings.gauge(
        "openledger_unsafe_head_age_seconds",
        "How far the unsafe head's time is behind the clock",
        lambda: clock() - engine.unsafe_head.timestamp,
    )
    readings.gauge(
        "openledger_unsafe_blocks",
        "L2 blocks that are not derivable from L1 yet: the batcher's backlog",
        lambda: engine.unsafe_head.number - engine.safe_head.number,
    )
    readings.gauges("openledger_l1_number", "L1 blocks as this node knows them", "which", lambda: _l1(driver))
    readings.gauge("openledger_l1_lag_blocks", "L1 blocks that derivation has still to read", lambda: _l1_lag(driver))
    readings.counter("openledger_l2_reorgs", "Times that the unsafe chain was replaced", lambda: feed.reorgs)
    readings.counter("openledger_l2_reorged_blocks", "L2 blocks that reorgs dropped", lambda: feed.blocks_dropped)
    readings.counter("openledger_derivation_resets", "Times that derivation started again", lambda: driver.resets)
    readings.counter("openledger_audited_blocks", "Blocks that both executors agreed on", lambda: auditor.audited)
    readings.counter("openledger_audits_skipped", "Blocks drawn for an audit that had none", lambda: auditor.skipped)
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


def watch_batcher(readings: Readings, batcher: Batcher, outbox: Outbox) -> None:
    """What waits for L1 and what went there."""
    done = batcher.metrics
    readings.gauge("openledger_batcher_outbox_channels", "Channels not safe yet", lambda: len(outbox.records()))
    readings.gauge(
        "openledger_batcher_outbox_bytes",
        "Calldata of channels that are not safe yet",
        lambda: sum(record.size for record in outbox.records()),
    )
    readings.gauge("openledger_batcher_throttling", "1 while blocks take no user transactions", batcher.throttle)
    readings.counter("openledger_batcher_l1_bytes", "Calldata posted to L1", lambda: done.bytes_on_l1)
    readings.counter("openledger_batcher_raw_bytes", "Signed bytes of the posted transactions", lambda: done.bytes_raw)
    readings.counter("openledger_batcher_blocks", "L2 blocks posted", lambda: done.blocks)
    readings.counter("openledger_batcher_transactions", "L2 transactions posted", lambda: done.transactions)
    readings.counter("openledger_batcher_l1_transactions", "L1 transactions sent", lambda: done.l1_transactions)
    readings.counter("openledger_batcher_channels", "Channels closed", lambda: done.channels_closed)
    readings.counter(
        "openledger_batcher_abandoned", "Channels given up and built anew", lambda: done.channels_abandoned
    )


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
