"""Follows the newest block that the sequencer signed: inserts it where it fits, and fetches what is missing.

    a signed block on our unsafe head     inserted at once
    one further up                        headers backwards, hashes only, until they reach our unsafe head's height;
                                          there they meet our chain, and the bodies are fetched forwards; or they
                                          don't: another branch, and the first block wins until L1 decides

All of it is speculation on the word of one key; L1 alone moves the safe head. Blocks are inserted one at a time, by
one task, so nothing here is concurrent but the fetching.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from p2p.asking import Asking
from p2p.block_gossip import Accepted
from p2p.bodies import Bodies
from p2p.errors import NoPeerLeft
from p2p.messages import MAX_HEADERS
from p2p.ports import ChainPort, Head
from p2p.quarantine import MOST_HASHES, Quarantine
from p2p.recent import Recent
from p2p.sync_progress import Pace, SyncProgress
from state.blocks import Block
from state.errors import InvalidBlock
from state.primitives.types import Hash32

MOST_WAITING: Final = 64
MOST_WAITING_BYTES: Final = 32 << 20
RETRY_SECONDS: Final = 10.0
STALL_SECONDS: Final = 0.25
"""The shortest pause after nobody had what is missing."""
STALLS_UNTIL_FORGOTTEN: Final = 6
"""Of one signed block in a row without any progress; the next one that is signed is another aim."""
HASHES_REMEMBERED: Final = 1_024

log = structlog.get_logger("p2p.sync")


@dataclass(slots=True, kw_only=True)
class SyncCounts:
    """For metrics; each only grows."""

    inserted: int = 0
    invalid: int = 0
    """Signed blocks, or ancestors of such, that this node's execution refuses."""
    forks: int = 0
    """Signed blocks that are not on our branch."""
    stalls: int = 0
    """Times that no peer gave what was missing."""


class ChainSync:
    """`run` is the one task that inserts; everything else only tells it something."""

    def __init__(
        self,
        *,
        chain: ChainPort,
        asking: Asking,
        clock: Callable[[], float],
        on_inserted: Callable[[], None] = lambda: None,
        most_hashes: int = MOST_HASHES,
    ) -> None:
        """`clock`: monotonic seconds; `on_inserted` hears of each new unsafe head."""
        self._chain = chain
        self._asking = asking
        self._on_inserted = on_inserted
        self._most_hashes = most_hashes
        self._wake = asyncio.Event()
        self._waiting: dict[Hash32, Block] = {}
        """Signed blocks that are not inserted yet, in order of arrival."""
        self._bad: Recent[Hash32, None] = Recent(HASHES_REMEMBERED)
        self._forked: Recent[Hash32, None] = Recent(HASHES_REMEMBERED)
        """Signed blocks of another branch than ours."""
        self._judged_on = chain.unsafe_head()
        """Our unsafe head when the last of them was found to be of another branch."""
        self._quarantine: Quarantine | None = None
        self._stalled_at: tuple[int, int] | None = None
        """How far down hashes and how far up blocks were known at the last stall."""
        self._stalls_here = 0
        self._pace = Pace(clock)
        self.counts = SyncCounts()
        self.most_held = 0
        """The most bodies that were held at once."""

    @property
    def progress(self) -> SyncProgress | None:
        """How far a catch-up is; None when in step."""
        return self._pace.progress

    def offer(self, accepted: Accepted) -> None:
        """A block that the sequencer signed; `run` looks at it."""
        block, parent = accepted.block, accepted.block.header.parent_hash
        if parent in self._bad or accepted.hash in self._bad:
            self._bad[accepted.hash] = None
            return
        if self._chain.canonical_hash(block.header.number) == accepted.hash:
            return
        self._waiting[accepted.hash] = block
        self._trim()
        if parent in self._forked:
            self._remember_fork(accepted.hash)
        if (quarantine := self._quarantine) is not None and parent == quarantine.top.hash:
            quarantine.extend_up(accepted.hash)
            self._pace.aim(quarantine.top.number)
        self._wake.set()

    def on_head_changed(self) -> None:
        """Our unsafe head moved for another reason: derivation, a reorg, our own sequencer."""
        if self._chain.canonical_hash(self._judged_on.number) != self._judged_on.hash:
            self._forked.clear()
        self._wake.set()

    def on_peer(self) -> None:
        """There is one more to ask."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(None if self._quarantine is None else RETRY_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._advance()
            except NoPeerLeft as error:
                self._on_stall(error)
                await asyncio.sleep(STALL_SECONDS)

    def _on_stall(self, error: NoPeerLeft) -> None:
        """Nobody has what is missing. It is asked for again; then the branch of the latest signed block is followed."""
        self.counts.stalls += 1
        log.warning("sync.stalled", reason=str(error), effect="asking again soon")
        quarantine = self._quarantine
        if quarantine is None:
            return
        reached = (quarantine.lowest.number, self._chain.unsafe_head().number)
        latest = self._latest(self._chain.unsafe_head())
        self._stalls_here = self._stalls_here + 1 if reached == self._stalled_at else 1
        self._stalled_at = reached
        if self._stalls_here >= STALLS_UNTIL_FORGOTTEN:
            self._give_up(quarantine, self._drop)
        elif self._stalls_here > 1 and latest is not None and latest.header.hash != quarantine.top.hash:
            self._quarantine = None
            self._wake.set()

    async def _advance(self) -> None:
        """Insert all that can be inserted."""
        while True:
            head = self._chain.unsafe_head()
            if (following := self._following(head)) is not None:
                if not await self._insert(following) and self._chain.unsafe_head() == head:
                    self._waiting.pop(following.header.hash, None)
                continue
            quarantine = self._open_quarantine(head)
            if quarantine is None:
                break
            await self._catch_up(quarantine)
            if self._quarantine is quarantine and self._chain.unsafe_head() == head:
                self._give_up(quarantine, self._drop)  # our chain takes no blocks just now
        self._forget_old(head)
        self._pace.finish(head.number)

    def _following(self, head: Head) -> Block | None:
        return next((block for block in self._waiting.values() if block.header.parent_hash == head.hash), None)

    def _open_quarantine(self, head: Head) -> Quarantine | None:
        """The branch to follow: the one that is being followed, else that of the latest signed block."""
        if self._quarantine is not None and self._quarantine.top.number > head.number:
            return self._quarantine
        self._quarantine = None
        self._mark_same_height(head)
        block = self._latest(head)
        if block is None:
            return None
        number, block_hash = int(block.header.number), block.header.hash
        self._quarantine = Quarantine(
            Head(number=number, hash=block_hash), block.header.parent_hash, most=self._most_hashes
        )
        self._pace.start(head.number, number)
        return self._quarantine

    def _latest(self, head: Head) -> Block | None:
        """The signed block that came last, of those that may lead further."""
        for block_hash, block in reversed(self._waiting.items()):
            if block.header.number > head.number + 1 and block_hash not in self._forked:
                return block
        return None

    def _mark_same_height(self, head: Head) -> None:
        """A signed block right above our head with another parent needs no headers to be of another branch."""
        for block_hash, block in self._waiting.items():
            if block.header.number == head.number + 1:
                self._remember_fork(block_hash)

    async def _catch_up(self, quarantine: Quarantine) -> None:
        """Until the branch's top is our head, or the branch is given up. Raises NoPeerLeft."""
        await self._descend(quarantine)
        if self._quarantine is not quarantine:
            return
        head = self._chain.unsafe_head()
        linked = quarantine.hash_at(head.number)
        if linked == head.hash:
            await self._ascend(quarantine, head)
        elif head.number < quarantine.top.number and linked is not None:
            self._give_up(quarantine, self._remember_fork)

    async def _descend(self, quarantine: Quarantine) -> None:
        """Hashes down to our unsafe head's height."""
        while (lowest := quarantine.lowest).number > (head := self._chain.unsafe_head()).number:
            parents = await self._asking.parents(lowest, min(MAX_HEADERS, lowest.number - head.number))
            for parent in parents:
                quarantine.extend_down(parent)
            if any(parent in self._bad for parent in parents):
                return self._give_up(quarantine, self._remember_bad)
            self._pace.report_headers(quarantine.lowest.number - head.number)
        return None

    async def _ascend(self, quarantine: Quarantine, head: Head) -> None:
        """Bodies from our unsafe head upwards, each inserted. Raises NoPeerLeft."""
        async with Bodies(
            self._asking, first=head.number + 1, hash_at=quarantine.hash_at, have=self._waiting.get
        ) as bodies:
            while self._quarantine is quarantine and (block := await bodies.next()) is not None:
                if not await self._insert(block) and not self._skip_what_we_have(quarantine, bodies, block):
                    break
        self.most_held = max(self.most_held, bodies.most_held)

    def _skip_what_we_have(self, quarantine: Quarantine, bodies: Bodies, block: Block) -> bool:
        """Whether derivation was faster and our head is further up the same branch: then what was fetched stays."""
        head = self._chain.unsafe_head()
        if head.number < block.header.number or quarantine.hash_at(head.number) != head.hash:
            return False
        bodies.skip_to(head.number + 1)
        self._pace.report_block(head.number)
        return True

    async def _insert(self, block: Block) -> bool:
        """Whether it is our head now."""
        try:
            head = await self._chain.insert(block)
        except InvalidBlock as error:
            self._on_invalid(block, error)
            return False
        if head is None:
            return False
        self._waiting.pop(head.hash, None)
        self.counts.inserted += 1
        self._pace.report_block(head.number)
        self._on_inserted()
        return True

    def _on_invalid(self, block: Block, error: InvalidBlock) -> None:
        block_hash = block.header.hash
        log.error("sync.invalid_block", number=block.header.number, hash=block_hash.hex(), reason=str(error))
        self.counts.invalid += 1
        self._remember_bad(block_hash)
        if self._quarantine is not None and self._quarantine.hash_at(block.header.number) == block_hash:
            self._give_up(self._quarantine, self._remember_bad)

    def _give_up(self, quarantine: Quarantine, remember: Callable[[Hash32], None]) -> None:
        """Leave a branch; the signed blocks on it are remembered for what they are."""
        for block_hash, block in list(self._waiting.items()):
            if quarantine.hash_at(block.header.number) == block_hash:
                remember(block_hash)
        remember(quarantine.top.hash)
        self._quarantine = None

    def _drop(self, block_hash: Hash32) -> None:
        self._waiting.pop(block_hash, None)

    def _remember_bad(self, block_hash: Hash32) -> None:
        """Never asked for again, nor anything that says it is built on it."""
        self._bad[block_hash] = None
        self._drop(block_hash)
        for child, block in list(self._waiting.items()):
            if block.header.parent_hash == block_hash:
                self._remember_bad(child)

    def _remember_fork(self, block_hash: Hash32) -> None:
        if block_hash in self._forked:
            return
        ours = self._chain.unsafe_head()
        if not self._forked:
            log.warning("sync.other_branch", signed=block_hash.hex(), ours=ours.hash.hex(), effect="L1 decides")
        self._judged_on = ours
        self._forked[block_hash] = None
        self.counts.forks += 1

    def _trim(self) -> None:
        size = sum(sum(map(len, block.transactions)) for block in self._waiting.values())
        while len(self._waiting) > MOST_WAITING or (size > MOST_WAITING_BYTES and len(self._waiting) > 1):
            oldest = self._waiting.pop(next(iter(self._waiting)))
            size -= sum(map(len, oldest.transactions))

    def _forget_old(self, head: Head) -> None:
        """What is in our chain, or lies where nothing may change."""
        finalized = self._chain.finalized_head().number
        for block_hash, block in list(self._waiting.items()):
            number = block.header.number
            if number <= finalized or (number <= head.number and self._chain.canonical_hash(number) == block_hash):
                del self._waiting[block_hash]
