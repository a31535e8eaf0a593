"""Engine to pool and to the JSON-RPC server's subscribers: from the engine's thread to the event loop."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import structlog

from node.metrics import Distribution
from rollup.types import L2BlockRef
from rpc.events import EventHub
from state.database import BlockRecord
from state.primitives.types import Address
from state.transactions import DEPOSIT_TYPE

log = structlog.get_logger("rollup.engine")


class HeadObserver(Protocol):
    """A pool that must know which nonces blocks have used up. Called on the event loop."""

    def on_new_head(self, touched: Iterable[Address]) -> None:
        """The unsafe head moved; `touched` are its senders."""

    def on_reorg(self, touched: Iterable[Address], dropped: Iterable[bytes]) -> int:
        """The unsafe head went back; returns how many of the `dropped` raw transactions the pool has again."""


class HeadFeed:
    """EngineListener: tells the pool what was included or came back, and subscribers of heads and reorgs."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        events: EventHub,
        pool: HeadObserver,
        on_sealed: Callable[[BlockRecord], None] = lambda _record: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock`: seconds, the chain's own."""
        self._loop = loop
        self._events = events
        self._pool = pool
        self._on_sealed = on_sealed
        self._clock = clock
        self.delays = Distribution()
        """From a block's own time until it was here; written on the engine's thread alone."""
        self.reorgs = 0
        """Since start."""
        self.blocks_dropped = 0
        """By reorgs, since start."""

    def on_unsafe_block(self, ref: L2BlockRef, record: BlockRecord) -> None:
        log.info("engine.sealed", number=ref.number, hash=ref.hash.hex(), transactions=len(record.transactions))
        self.delays.add(max(0.0, self._clock() - ref.timestamp))
        self._on_sealed(record)
        self._loop.call_soon_threadsafe(self._pool.on_new_head, list(record.delta.accounts))
        self._events.publish_heads(added=[record.hash])

    def on_reorg(self, kept: L2BlockRef, dropped: Sequence[BlockRecord]) -> None:
        log.warning("engine.reorg", kept=kept.number, dropped=len(dropped))
        self.reorgs += 1
        self.blocks_dropped += len(dropped)
        self._loop.call_soon_threadsafe(self._take_back, list(dropped))
        self._events.publish_heads(added=[], removed=[record.hash for record in reversed(dropped)])

    def on_heads(self, unsafe: L2BlockRef, safe: L2BlockRef, finalized: L2BlockRef) -> None:
        return

    def _take_back(self, dropped: Sequence[BlockRecord]) -> None:
        senders: list[Address] = [sender for record in dropped for sender in record.senders]
        raws = [raw for record in dropped for raw in record.transactions if raw[0] != DEPOSIT_TYPE]
        readmitted = self._pool.on_reorg(senders, raws)
        log.info("txpool.readmitted", transactions=readmitted, of=len(raws))
