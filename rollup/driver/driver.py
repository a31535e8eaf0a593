"""The driver: L1 in, safe and finalized heads out.

After a restart or a reset derivation goes back to where the L1 block that the safe head came from begins, and walks
up to the safe head again: what it derives on the way must be what is there. So the pipeline's memory (the rest of a
span that was dropped, a channel that is half read) is rebuilt and never guessed, while the safe head stays.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor as ThreadExecutor
from dataclasses import dataclass
from typing import Final

import structlog

from rollup.derivation.pipeline import DerivationPipeline, DerivedAttributes, Idle, NeedL1Block
from rollup.driver.safe_index import SafeIndex
from rollup.driver.start import find_cursor, find_start
from rollup.engine import Engine
from rollup.engine.consolidation import difference
from rollup.errors import DerivationReset, InvalidPayload, L1Unavailable, SafeChainContradicted
from rollup.l1 import Pace
from rollup.sequencer.loop import L1Source
from rollup.types import L1BlockRef, L2BlockRef
from state.database import WriteBatch

log = structlog.get_logger("rollup.driver")

STEPS_PER_POLL: Final = 256
"""Steps of derivation before finality and reorgs of L1 are looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStatus:
    """What `optimism_syncStatus` tells."""

    current_l1: L1BlockRef | None
    """How far derivation has read."""
    head_l1: L1BlockRef | None
    safe_l1: L1BlockRef | None
    finalized_l1: L1BlockRef | None
    unsafe_l2: L2BlockRef
    safe_l2: L2BlockRef
    finalized_l2: L2BlockRef


class Driver:
    """Owns the pipeline. Everything that touches the engine runs on the engine's thread."""

    def __init__(
        self,
        *,
        engine: Engine,
        l1: L1Source,
        pipeline: DerivationPipeline,
        sleep: Callable[[float], Awaitable[None]],
        engine_thread: ThreadExecutor,
        poll_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` in seconds, for `l1_silence` alone."""
        self._engine = engine
        self._l1 = l1
        self._pipeline = pipeline
        self._sleep = sleep
        self._thread = engine_thread
        self._poll_seconds = poll_seconds
        self._index = SafeIndex(engine.db)
        self._unfinalized: deque[tuple[int, int]] = deque()
        self._cursor = engine.safe_head
        self._needs_reset = True
        self._caught_up = False
        self.head_l1: L1BlockRef | None = None
        self.safe_l1: L1BlockRef | None = None
        self.finalized_l1: L1BlockRef | None = None
        self.resets = 0
        self._clock = clock
        self._l1_answered_at: float | None = None
        self._pace = Pace()

    @property
    def l1_silence(self) -> float | None:
        """Seconds since L1 last told its heads; None before it did."""
        return None if self._l1_answered_at is None else self._clock() - self._l1_answered_at

    @property
    def started(self) -> bool:
        """Whether the heads agree with L1 as far as is known: before that, and during a reset, nobody builds.

        At the start that takes all of L1: a sequencer on an old or empty disk must not build beside its own batches.
        """
        return self._caught_up and not self._needs_reset

    @property
    def status(self) -> SyncStatus:
        """A snapshot for people and `optimism_syncStatus`."""
        engine = self._engine
        return SyncStatus(
            current_l1=None if self._needs_reset else self._pipeline.origin,
            head_l1=self.head_l1,
            safe_l1=self.safe_l1,
            finalized_l1=self.finalized_l1,
            unsafe_l2=engine.unsafe_head,
            safe_l2=engine.safe_head,
            finalized_l2=engine.finalized_head,
        )

    async def run(self) -> None:
        """Poll L1 and derive until cancelled."""
        while True:
            try:
                await self.poll()
                if await self._advance_often():
                    continue
            except L1Unavailable as error:
                log.warning("driver.waits_for_l1", reason=str(error))
            except DerivationReset as error:
                self.request_reset(str(error))
                continue
            await self._sleep(self._poll_seconds)

    async def _advance_often(self) -> bool:
        """True where there may be more: L1's heads are then due for a look, however long the way to them is."""
        for _ in range(STEPS_PER_POLL):
            if not await self.advance():
                return False
        return True

    def request_reset(self, reason: str) -> None:
        """Start again from the heads before the next step."""
        log.warning("driver.reset", reason=reason)
        self._needs_reset = True
        self.resets += 1

    async def poll(self) -> None:
        """L1's heads as they are now; a reorg below us asks for a reset; finality moves."""
        head = await self._l1.block_ref("latest")
        origins = () if self._needs_reset else (self._pipeline.origin.hash, self._engine.unsafe_head.l1_origin.hash)
        if self._pace.is_due(head.hash, *origins):
            self.safe_l1 = await self._l1.block_ref("safe")
            self.finalized_l1 = await self._l1.block_ref("finalized")
            self.head_l1 = head
            if not self._needs_reset:
                await self._check_canonical()
            if not self._needs_reset:
                self._pace.done()
        self._l1_answered_at = self._clock()
        if not self._needs_reset and self.finalized_l1 is not None:
            await self._finalize(self.finalized_l1)

    async def _check_canonical(self) -> None:
        origin = self._pipeline.origin
        unsafe_origin = self._engine.unsafe_head.l1_origin
        for number, expected in ((origin.number, origin.hash), (unsafe_origin.number, unsafe_origin.hash)):
            found = await self._canonical(number)
            if found is not None and found.hash != expected:
                self.request_reset(f"L1 block {number} was reorganised")
                return

    async def _canonical(self, number: int) -> L1BlockRef | None:
        """None above L1's head. Raises L1Unavailable: an outage says nothing about what is canonical."""
        head = self.head_l1
        if head is None or number > head.number:
            return None
        return await self._l1.block_ref(number)

    async def advance(self) -> bool:
        """One step of derivation. True where it made progress. Raises L1Unavailable or DerivationReset."""
        if self._needs_reset:
            await self.reset()
            return True
        loop = asyncio.get_running_loop()
        step = await loop.run_in_executor(self._thread, self._pipeline.step, self._cursor)
        if isinstance(step, NeedL1Block):
            return await self._provide(step.number)
        if isinstance(step, Idle):
            return False
        await self._apply(step)
        return True

    async def _provide(self, number: int) -> bool:
        if self.head_l1 is None or number > self.head_l1.number:
            self._caught_up = True
            return False
        self._pipeline.provide(await self._l1.l1_block(number))
        return True

    async def _apply(self, derived: DerivedAttributes) -> None:
        if self._cursor.number < self._engine.safe_head.number:
            self._recognise(derived)
            return
        engine, attributes = self._engine, derived.attributes

        def extra(ref: L2BlockRef) -> WriteBatch:
            return self._index.record(ref.number, derived.derived_from)

        loop = asyncio.get_running_loop()
        try:
            step = await loop.run_in_executor(self._thread, engine.apply_derived, attributes, extra)
        except InvalidPayload as error:
            log.warning("driver.payload_replaced", number=engine.safe_head.number + 1, reason=str(error))
            self._pipeline.reject_payload()
            deposits_only = attributes.deposits_only()
            step = await loop.run_in_executor(self._thread, engine.apply_derived, deposits_only, extra)
        self._cursor = step.safe
        self._unfinalized.append((step.safe.number, derived.derived_from.number))
        log.info(
            "derivation.safe",
            number=step.safe.number,
            hash=step.safe.hash.hex(),
            derived_from=derived.derived_from.number,
            consolidated=step.consolidated,
            differs=step.reason,
        )

    def _recognise(self, derived: DerivedAttributes) -> None:
        """One block up towards the safe head: what is derived now is what is there. Raises SafeChainContradicted."""
        existing = self._engine.ref_by_number(self._cursor.number + 1)
        block = None if existing is None else self._engine.db.block(existing.hash)
        if existing is None or block is None:
            raise SafeChainContradicted(f"safe L2 block {self._cursor.number + 1} is missing on disk")
        config, attributes = self._engine.config, derived.attributes
        reason = difference(attributes, block, config)
        if reason is not None and difference(attributes.deposits_only(), block, config) is None:
            self._pipeline.reject_payload()
            reason = None
        if reason is not None:
            raise SafeChainContradicted(
                f"L1 block {derived.derived_from.number} now gives another L2 block {existing.number}: {reason} differs"
            )
        self._cursor = existing

    async def reset(self) -> None:
        """Heads back to where they agree with L1, the pipeline back a channel time-out before them."""
        engine = self._engine
        start = await find_start(engine, self._index, self._canonical)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, lambda: engine.reset_heads(unsafe=start.unsafe, safe=start.safe))
        cursor, processed = find_cursor(engine, self._index, start.safe)
        base = self._pipeline_base(cursor)
        l1_base = await self._l1.l1_block(base.l1_origin.number)
        if l1_base.hash != base.l1_origin.hash:
            raise L1Unavailable(f"L1 block {base.l1_origin.number} changed while it was being read")
        self._pipeline.reset(l1_base, cursor, engine.system_config_at(base), processed_through=processed)
        self._cursor = cursor
        self._unfinalized = deque(
            (number, block.number) for number, block in self._index.entries() if number <= start.safe.number
        )
        self._needs_reset = False
        log.info("driver.started", unsafe=start.unsafe.number, safe=start.safe.number, l1_base=l1_base.ref.number)

    def _pipeline_base(self, safe: L2BlockRef) -> L2BlockRef:
        """The L2 block whose origin lies a channel time-out before the safe head's (or genesis)."""
        engine, config = self._engine, self._engine.config
        wanted = max(safe.l1_origin.number - config.channel_timeout, config.genesis.l1.number)
        block = safe
        while block.l1_origin.number > wanted and block.number > config.genesis.l2.number:
            parent = engine.ref_by_number(block.number - 1)
            if parent is None:
                break
            block = parent
        return block

    async def _finalize(self, finalized: L1BlockRef) -> None:
        newest: int | None = None
        while self._unfinalized and self._unfinalized[0][1] <= finalized.number:
            newest, _ = self._unfinalized.popleft()
        if newest is None or newest <= self._engine.finalized_head.number:
            return
        ref = self._engine.ref_by_number(newest)
        if ref is None:
            return
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._engine.finalize, ref)
        await loop.run_in_executor(self._thread, self._index.prune_finalized, ref.number)
        log.info("driver.finalized", number=ref.number, hash=ref.hash.hex(), l1=finalized.number)
