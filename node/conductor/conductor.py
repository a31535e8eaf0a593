"""One candidate's life: stand by, campaign, catch up, lead, and stop at once where leading ends.

    stand by ──campaign──▶ catch up ──▶ lead ──▶ (the term is over: stand by)
                              ▲           │ etcd is overdue
                              └───────────┘ and then confirms the lease

A block is committed to the shared log before it is stored or published, so that the log's head is the chain's head
whoever leads. While a candidate stands by it takes what the log has and gossip did not bring.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from node.conductor.catch_up import follow_log, seed_log
from node.conductor.chain import Chain
from node.conductor.errors import EtcdRefused, EtcdUnavailable, LogDamaged
from node.conductor.leadership import Candidate, Leadership, boot_seconds
from node.conductor.log import CommittedHead, SharedLog
from state.blocks import Block
from state.primitives.types import Hash32
from state.transition import SealedBlock

log = structlog.get_logger("node.conductor")

LOOK_SECONDS: Final = 0.25
"""Between two looks of a candidate that stands by: what the next block waits for after a lease has run out."""
RETRY_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 5.0
"""For a new leader to come to the committed head, and for a leader's derivation to come back from a reset."""
COOLDOWN_SECONDS: Final = 5.0
"""After it handed leadership back, for another to take it."""
NOT_READY: Final = "derivation has not read all of L1, or L1 is silent"

_Trouble = (EtcdUnavailable, EtcdRefused, LogDamaged)


class Standing(StrEnum):
    """What a candidate does just now."""

    LEADER = "leader"
    CANDIDATE = "candidate"
    """Ready to lead; another does, or the election is under way."""
    WAITING = "waiting"
    """Not able to lead; the status says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductorStatus:
    """For logs, metrics, readiness and people."""

    standing: Standing
    term: int | None
    """The fencing token, if elected."""
    leader: Candidate | None
    """As last seen."""
    why: str
    """What keeps this candidate from leading; empty for a leader."""
    committed: CommittedHead | None
    """The head of the shared log, as last seen."""


class Conductor:
    """Owns leadership and log."""

    def __init__(
        self,
        *,
        leadership: Leadership,
        shared_log: SharedLog,
        chain: Chain,
        ready: Callable[[], bool],
        clock: Callable[[], float] = boot_seconds,
    ) -> None:
        """`ready`: L1 answers and derivation has read all of it, so that the heads agree with it."""
        self._leadership = leadership
        self._log = shared_log
        self._chain = chain
        self._lead: Callable[[], Awaitable[None]] = _nobody_leads
        self._ready = ready
        self._clock = clock
        self._committed: CommittedHead | None = None
        self._standing = Standing.WAITING
        self._why = "it starts"
        self._not_before = 0.0
        self._missed: Hash32 | None = None
        self._interrupted = asyncio.Event()
        self._lease_trouble = ""
        self._terms: set[int] = set()
        """The tokens of this process."""
        self.elections = 0
        """Terms that this process was elected for."""
        self.takes_over = True
        """Whether somebody else has led since this process did last, or may have: what it was about to post is then out
        of date."""

    @property
    def leading(self) -> bool:
        """Whether this process may publish at this instant: ask just before a block, a batch or a signature leaves."""
        return self._leadership.leading

    @property
    def status(self) -> ConductorStatus:
        """A snapshot."""
        standing, why = self._standing, self._why
        if standing is Standing.LEADER and not self.leading:
            standing, why = Standing.WAITING, self._overdue
        return ConductorStatus(
            standing=standing,
            term=self._leadership.token,
            leader=self._leadership.leader,
            why=why,
            committed=self._committed,
        )

    @property
    def _overdue(self) -> str:
        return f"etcd has not confirmed the lease in time{self._lease_trouble}"

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Until cancelled; leadership is then handed over. `lead` sequences until it is cancelled, and is called for
        each time that this process leads. An etcd that is away is waited for, and nothing is built.
        """
        self._lead = lead
        try:
            while True:
                try:
                    await self._stand_by()
                    await self._serve_term()
                except _Trouble as error:
                    self._stand(Standing.WAITING, str(error))
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._hand_back("this node stops")

    # -- committing ------------------------------------------------------------------------------------------

    async def commit(self, sealed: SealedBlock) -> bool:
        """Whether the block is the committed head, and this process still leads: it may be stored and published then.

        False: it may be committed or not, and must not be stored: the next leader finds out from the log.
        """
        record = sealed.record
        return await self._commit(Block(header=record.header, transactions=record.transactions), record.hash)

    async def _commit(self, block: Block, block_hash: Hash32) -> bool:
        token, why = self._leadership.token, "this node does not lead"
        while token is not None and self._leadership.leading and self._leadership.token == token:
            try:
                committed = await self._log.commit(block, block_hash, token)
            except EtcdUnavailable as error:
                why = str(error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except EtcdRefused as error:
                why = str(error)
                break
            if not committed:
                why = "the committed head is another leader's"
                self._leadership.renounce()
                break
            self._committed = self._log.committed
            if self.leading:  # by the clock of now: the answer may have been long on its way
                return True
            why = "the lease ran out while the block was committed"
        self._interrupt(f"block {block.header.number} was not committed: {why}")
        return False

    def _interrupt(self, why: str) -> None:
        log.warning("conductor.interrupted", reason=why)
        self._why = why
        self._interrupted.set()

    # -- standing by -----------------------------------------------------------------------------------------

    async def _stand_by(self) -> None:
        """Until elected. Raises etcd's errors and LogDamaged."""
        while True:
            obstacle = await self._keep_up()
            leader = await self._leadership.look()
            if obstacle is None and not self._ready():
                obstacle = NOT_READY
            if leader is None and obstacle is None and self._clock() >= self._not_before:
                if await self._leadership.campaign():
                    return
                leader = self._leadership.leader
            if obstacle is not None:
                self._stand(Standing.WAITING, obstacle)
            else:
                self._stand(Standing.CANDIDATE, f"{leader.name} leads" if leader else "nobody leads yet")
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_up(self) -> str | None:
        """Take from the log what was missing at the look before, too: gossip brings most blocks sooner."""
        head = self._committed = await self._log.head()
        if head is None or self._chain.canonical_hash(head.number) == head.hash:
            self._missed = None
            return None
        if self._missed is None:
            self._missed = head.hash
            await asyncio.sleep(LOOK_SECONDS / 2)
        obstacle = await follow_log(self._chain, self._log, head)
        if obstacle is None:
            self._missed = None
        return obstacle

    def _stand(self, standing: Standing, why: str = "") -> None:
        if (standing, why) != (self._standing, self._why):
            log.info("conductor.standing", standing=standing.value, reason=why)
        self._standing, self._why = standing, why

    # -- a term ----------------------------------------------------------------------------------------------

    async def _serve_term(self) -> None:
        """Lead until the term is over or handed back. Raises etcd's errors and LogDamaged, and what `lead` raises."""
        self.elections += 1
        keeper = asyncio.create_task(self._keep_lease(), name="lease")
        why = "the term is over"
        try:
            while not keeper.done() and self._leadership.token is not None:
                if not self._leadership.leading:
                    self._stand(Standing.WAITING, self._overdue)
                    await asyncio.wait([keeper], timeout=RETRY_SECONDS)
                    continue
                obstacle = await self._take_over()
                if obstacle is not None and self._leadership.leading:
                    why = obstacle
                    self._not_before = self._clock() + COOLDOWN_SECONDS
                    return
                if obstacle is None:
                    await self._lead_on(keeper)
            if keeper.done():
                await keeper
        except asyncio.CancelledError:
            why = "this node stops"
            raise
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await self._hand_back(why)

    async def _keep_lease(self) -> None:
        """Returns when the term is over. Raises EtcdRefused."""
        pause = self._leadership.interval
        while True:
            await asyncio.sleep(pause)
            try:
                if not await self._leadership.keep_alive():
                    return
                await self._log.tidy()
                self._lease_trouble, pause = "", self._leadership.interval
            except EtcdUnavailable as error:
                if not self._lease_trouble:
                    log.warning("conductor.lease_unconfirmed", reason=str(error), seconds=self._leadership.remaining)
                self._lease_trouble, pause = f": {error}", RETRY_SECONDS

    async def _take_over(self) -> str | None:
        """None once this node's unsafe head is the committed head; else what is in the way."""
        self._interrupted.clear()
        until = self._clock() + PATIENCE_SECONDS
        while self._leadership.leading:
            try:
                head = self._committed = await self._log.head()
                obstacle = await follow_log(self._chain, self._log, head)
            except EtcdUnavailable as error:
                obstacle = str(error)
            if obstacle is None and self._ready():
                self.takes_over = head is None or head.term not in self._terms
                self._terms.add(self._leadership.token or 0)
                return None if await seed_log(self._chain, head, self._commit_own) else self._why
            obstacle = obstacle or NOT_READY
            self._stand(Standing.WAITING, obstacle)
            if self._clock() >= until:
                return obstacle
            await asyncio.sleep(RETRY_SECONDS)
        return self._overdue

    async def _commit_own(self, block: Block) -> bool:
        return await self._commit(block, block.header.hash)

    async def _lead_on(self, keeper: "asyncio.Task[None]") -> None:
        """Sequence while this process leads. Raises what `lead` raises."""
        self._stand(Standing.LEADER)
        head = self._chain.unsafe_head()
        log.info("conductor.leads", token=self._leadership.token, number=head.number, hash=head.hash.hex())
        task = asyncio.ensure_future(self._lead())
        ready_at = self._clock()
        try:
            while self.leading and not (task.done() or keeper.done() or self._interrupted.is_set()):
                ready_at = self._clock() if self._ready() else ready_at
                if self._clock() - ready_at > PATIENCE_SECONDS:
                    break  # what takes over next waits for as long again, and hands back: another may be better off
                timeout = max(0.001, min(self._leadership.remaining, LOOK_SECONDS))
                await asyncio.wait([task, keeper], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if not self.leading:
                log.warning("conductor.stops_sequencing", reason=f"leads no more{self._lease_trouble}")
        finally:
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    async def _hand_back(self, why: str) -> None:
        if self._leadership.token is not None:
            log.info("conductor.resigns", reason=why)
        try:
            await self._leadership.resign()
        except EtcdRefused as error:
            log.warning("conductor.not_resigned", reason=str(error))


async def _nobody_leads() -> None:
    raise RuntimeError("a conductor leads once it runs")
