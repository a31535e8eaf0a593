"""A block every `block_time` seconds, and catching up when behind."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor as ThreadExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final, Protocol

import structlog

from rollup.engine import Engine
from rollup.errors import DerivationReset, EngineError, L1Unavailable, SequencerControlRefused
from rollup.l1.client import Tag
from rollup.sequencer.builder import BlockBuilt, BlockProduced, PoolPort, SequencerBuilder
from rollup.sequencer.origin import OriginChoice, select_origin
from rollup.types import L1Block, L1BlockRef
from state.errors import NodeError
from state.primitives.types import Hash32
from state.transition import SealedBlock

log = structlog.get_logger("rollup.sequencer")

RETRY_SECONDS: Final = 0.25
LEAD_SHARE: Final = 0.25
"""Of the block time: how long before a block is due L1 is asked what it is built on, so that no answer of L1's makes it
late."""
LONGEST_LEAD_SECONDS: Final = 0.5
MAX_CANDIDATES: Final = 20_000
"""Pool transactions handed to one block at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the next block is built on, found out before it is due."""

    parent: Hash32
    """The unsafe head at that time."""
    l1_block: L1Block
    allow_transactions: bool


class L1Source(Protocol):
    """What sequencer and driver need of L1. Raises L1Unavailable for what is not there (yet)."""

    async def block_ref(self, which: int | Hash32 | Tag) -> L1BlockRef:
        """By number, by tag (`latest`, `safe`, `finalized`) or by hash."""

    async def l1_block(self, number: int) -> L1Block:
        """The canonical block in full, verified."""


class Sequencer:
    """Drives `SequencerBuilder` by a clock that is handed in."""

    def __init__(
        self,
        *,
        engine: Engine,
        pool: PoolPort,
        l1: L1Source,
        builder: SequencerBuilder,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        engine_thread: ThreadExecutor,
        l1_confirmations: int = 0,
        throttled: Callable[[], bool] = lambda: False,
        ready: Callable[[], bool] = lambda: True,
        running: bool = True,
        commit: Callable[[SealedBlock], Awaitable[bool]] | None = None,
        on_produced: Callable[[SealedBlock], None] = lambda _sealed: None,
    ) -> None:
        """`throttled`: build without pool transactions for now; `ready`: the driver knows where the heads stand;
        `running`: build from the beginning, not only once `start` is called; `commit`: asked about each block before it
        is stored, which it isn't unless that says True; `on_produced`: told of each once it is the unsafe head."""
        self._engine = engine
        self._pool = pool
        self._l1 = l1
        self._builder = builder
        self._clock = clock
        self._sleep = sleep
        self._thread = engine_thread
        self._confirmations = l1_confirmations
        self._throttled = throttled
        self._ready = ready
        self._commit = commit
        self._on_produced = on_produced
        self._building = asyncio.Lock()
        self.running = running

    async def start(self, head: Hash32) -> None:
        """Build on from the unsafe head, which must be `head`: whoever starts a sequencer says what on.

        Raises SequencerControlRefused when it runs already, or has another head.
        """
        async with self._building:
            if self.running:
                raise SequencerControlRefused("sequencer already running")
            unsafe = self._engine.unsafe_head.hash
            if unsafe != head:
                raise SequencerControlRefused(f"block hash does not match: head 0x{unsafe.hex()}, got 0x{head.hex()}")
            self.running = True
        log.info("sequencer.started", head=head.hex())

    async def stop(self) -> Hash32:
        """The unsafe head once the block being built is done: the last one of this sequencer until it is started.

        Raises SequencerControlRefused when it does not run.
        """
        if not self.running:
            raise SequencerControlRefused("sequencer not running")
        self.running = False
        async with self._building:
            head = self._engine.unsafe_head.hash
        log.info("sequencer.stopped", head=head.hex())
        return head

    async def run(self) -> None:
        """Build until cancelled; trouble with L1 is waited out, never built around."""
        while True:
            due = self._engine.unsafe_head.timestamp + self._engine.config.block_time
            wait = due - self._lead - self._clock()
            if wait > 0 or not self.running or not self._ready():
                await self._sleep(max(min(wait, 1.0), 0.01) if wait > 0 else RETRY_SECONDS)
                continue
            try:
                async with self._building:
                    produced = await self._step_at(due) if self.running else None
                if produced is None:
                    await self._sleep(RETRY_SECONDS)
            except (L1Unavailable, DerivationReset) as error:
                log.warning("sequencer.waits_for_l1", reason=str(error))
                await self._sleep(RETRY_SECONDS)

    @property
    def _lead(self) -> float:
        return min(LONGEST_LEAD_SECONDS, LEAD_SHARE * self._engine.config.block_time)

    async def _step_at(self, due: float) -> BlockProduced | None:
        """`step` whose block is built at `due`, on what was found out before; None where that no longer holds."""
        prepared = await self._prepare()
        while prepared is not None and (wait := due - self._clock()) > 0:
            await self._sleep(wait)
        if prepared is None or not self.running or not self._ready():
            return None
        if prepared.parent != self._engine.unsafe_head.hash:
            return None  # a reset came in between, and the next block is due at another time
        return await self._build(prepared)

    async def step(self) -> BlockProduced | None:
        """The next block, or None where it has to wait for L1. Raises L1Unavailable."""
        prepared = await self._prepare()
        return None if prepared is None else await self._build(prepared)

    async def _prepare(self) -> Prepared | None:
        """What the next block is built on, or None where it has to wait for L1. Raises L1Unavailable."""
        parent = self._engine.unsafe_head
        choice = await self.choose_origin()
        if choice is None:
            log.warning("sequencer.waits_for_origin", unsafe=self._engine.unsafe_head.number)
            return None
        l1_block = await self._l1.l1_block(choice.origin.number)
        if l1_block.hash != choice.origin.hash:
            raise L1Unavailable(f"L1 block {choice.origin.number} changed while it was being read")
        return Prepared(parent=parent.hash, l1_block=l1_block, allow_transactions=choice.allow_transactions)

    async def _build(self, prepared: Prepared) -> BlockProduced | None:
        l1_block = prepared.l1_block
        log.info("sequencer.origin", number=self._engine.unsafe_head.number + 1, l1_origin=l1_block.ref.number)
        allow = prepared.allow_transactions and not self._throttled()
        candidates = list(islice(self._pool.best_transactions(self._builder.next_base_fee()), MAX_CANDIDATES))
        deadline = self._clock() + self._engine.config.block_time
        loop = asyncio.get_running_loop()
        produced: BlockProduced | None
        if self._commit is None:  # one hop to the engine's thread
            build = partial(self._builder.build, l1_block, candidates, allow_transactions=allow, deadline=deadline)
            produced = await loop.run_in_executor(self._thread, build)
        else:
            seal = partial(self._builder.seal, l1_block, candidates, allow_transactions=allow, deadline=deadline)
            built = await loop.run_in_executor(self._thread, seal)
            produced = await self._insert_committed(built, self._commit)
        if produced is None:
            return None
        for transaction_hash, reason in produced.discarded:
            self._pool.discard(transaction_hash, reason)
        self._on_produced(produced.sealed)
        return produced

    async def _insert_committed(
        self, built: BlockBuilt, commit: Callable[[SealedBlock], Awaitable[bool]]
    ) -> BlockProduced | None:
        """The block, committed and stored. None where it was not committed, after which nothing more is built until
        `start`, or where the head has moved meanwhile. Its transactions are in the pool then as they were before."""
        number, reason = built.sealed.record.header.number, "another may have been committed"
        try:
            committed = await commit(built.sealed)
        except NodeError as error:
            committed, reason = False, str(error)
        if not committed:
            self.running = False
            log.warning("sequencer.not_committed", number=number, hash=built.sealed.record.hash.hex(), reason=reason)
            return None
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._builder.insert, built)
        except EngineError as error:
            log.warning("sequencer.block_dropped", number=number, reason=str(error))
            return None

    async def choose_origin(self) -> OriginChoice | None:
        """The next block's origin as L1 stands now. Raises DerivationReset if the parent's origin was reorged out."""
        parent = self._engine.unsafe_head
        current = await self._l1.block_ref(parent.l1_origin.number)
        if current.hash != parent.l1_origin.hash:
            raise DerivationReset(f"L1 origin {current.number} of the unsafe head is no longer canonical")
        return select_origin(parent, current, await self._following(current), self._engine.config)

    async def _following(self, current: L1BlockRef) -> L1BlockRef | None:
        latest = await self._l1.block_ref("latest")
        if current.number + 1 > latest.number - self._confirmations:
            return None
        following = await self._l1.block_ref(current.number + 1)
        if following.parent_hash != current.hash:
            raise DerivationReset(f"L1 block {following.number} does not follow the unsafe head's origin")
        return following
