"""What peers say, and who hears it. Read this first of p2p's upper half.

    BlockAnnouncement ─▶ Announcements ─▶ all other peers
                              └─────────▶ ChainSync ─▶ ChainPort.insert
    GetHeaders, GetBlocks ─▶ Serving         (a task each)
    SubmitTransaction ─▶ Submissions         (a task each)

Answers that take a while are made in tasks of their own, a bounded number for each peer.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from p2p.announcements import Announcements
from p2p.asking import Asking
from p2p.block_gossip import BlockGossip
from p2p.budget import Budget
from p2p.equivocations import Equivocations
from p2p.errors import BrokenPromise
from p2p.messages import (
    MAX_HOPS,
    MAX_TEXT,
    BlockAnnouncement,
    Declined,
    DeclineReason,
    GetAddresses,
    GetBlocks,
    GetHeaders,
    HeadStatus,
    Message,
    Response,
    SubmitTransaction,
    Verdict,
)
from p2p.ports import ChainPort, Head, KeyValues, NodeId, Peer
from p2p.recent import Recent
from p2p.roster import Roster
from p2p.serving import Serving, ServingLimits
from p2p.signer import BlockSigner
from p2p.submission import LocalPool, Submissions
from p2p.sync import ChainSync
from p2p.sync_progress import SyncProgress
from state.blocks import Block
from state.primitives.types import Address, Hash32

RANGES_A_PEER: Final = 8
"""Requests for ranges of one peer that are being answered at once."""
SUBMISSIONS_A_PEER: Final = 64
SUBMISSIONS_A_SECOND: Final = 200.0
PEERS_REMEMBERED: Final = 1_024

Job = Callable[[], Awaitable[Response]]


class PeerService:
    """A PeerHandler: everything about peers but their connections."""

    def __init__(
        self,
        *,
        chain: ChainPort,
        store: KeyValues,
        chain_id: int,
        sequencer: Callable[[], Address],
        unix_clock: Callable[[], float],
        clock: Callable[[], float],
        signer: BlockSigner | None = None,
        local: LocalPool | None = None,
        leads: Callable[[], bool] = lambda: True,
        limits: ServingLimits | None = None,
        request_seconds: float = 10.0,
    ) -> None:
        """`sequencer`: whose signature counts now; `clock`: monotonic seconds; `local`, `leads`: see Submissions.

        `signer` only where this node may publish. Loads evidence from the store: raises StorageError.
        """
        self.roster = Roster()
        self.equivocations = Equivocations(store=store, chain_id=chain_id, sequencer=sequencer, clock=unix_clock)
        self.asking = Asking(self.roster, clock=clock, request_seconds=request_seconds)
        self.sync = ChainSync(chain=chain, asking=self.asking, clock=clock, on_inserted=self._on_inserted)
        self.announcements = Announcements(
            gossip=BlockGossip(chain_id=chain_id, sequencer=sequencer, clock=unix_clock),
            equivocations=self.equivocations,
            peers=self.roster,
            chain=chain,
            accepted=self.sync.offer,
            unix_clock=unix_clock,
            clock=clock,
        )
        self.serving = Serving(chain, clock=clock, limits=limits)
        self.submissions = Submissions(self.roster, clock=clock, local=local, leads=leads)
        self._chain = chain
        self._signer = signer
        self._clock = clock
        self._tasks: asyncio.TaskGroup | None = None
        self._jobs: Counter[tuple[NodeId, int]] = Counter()
        self._submission_budgets: Recent[NodeId, Budget] = Recent(PEERS_REMEMBERED)

    async def run(self) -> None:
        """The background tasks, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self.sync.run(), name="p2p sync")
                tasks.create_task(self.announcements.run(), name="p2p status")
        finally:
            self._tasks = None

    @property
    def progress(self) -> SyncProgress | None:
        """How far a catch-up from peers is; None when in step."""
        return self.sync.progress

    def head(self) -> Head:
        """What to greet peers with."""
        return self._chain.unsafe_head()

    def publish(self, block: Block, block_hash: Hash32) -> None:
        """Sign this node's own block and tell all peers. Raises SigningRefused; needs a signer."""
        if self._signer is None:
            raise ValueError("a node without the sequencer's key can't publish blocks")
        self.announcements.publish(block, block_hash, self._signer)

    def on_head_changed(self) -> None:
        """Our unsafe head moved for a reason of the node's own: derivation, a reorg, its sequencer."""
        self.sync.on_head_changed()
        self.announcements.on_head_moved()

    async def submit(self, raw: bytes) -> tuple[int, str]:
        """The sequencer's verdict on a transaction of this node's own wallets: (VerdictCode, text)."""
        return await self.submissions.submit(raw, hops=MAX_HOPS)

    async def on_peer(self, peer: Peer) -> None:
        """Greeted and ready."""
        self.roster.add(peer)
        self.announcements.greet(peer)
        self.sync.on_peer()

    def on_gone(self, peer: Peer) -> None:
        """Its connection ended."""
        if self.roster.remove(peer):
            self.asking.forget(peer.node_id)

    async def on_message(self, peer: Peer, message: Message) -> Response | None:
        """Gossip, or a request; requests that take a while are answered by a task. Raises PeerFault."""
        match message:
            case BlockAnnouncement():
                if (number := self.announcements.receive(message, source=peer)) is not None:
                    self.asking.note_claim(peer.node_id, number)
                return None
            case HeadStatus():
                self.asking.note_claim(peer.node_id, message.number, first=message.first)
                return None
            case GetHeaders():
                return self._answer(peer, message, lambda: self.serving.headers(peer.node_id, message), RANGES_A_PEER)
            case GetBlocks():
                return self._answer(peer, message, lambda: self.serving.blocks(peer.node_id, message), RANGES_A_PEER)
            case SubmitTransaction():
                return self._submit(peer, message)
            case GetAddresses():
                return Declined(request=message.request, reason=DeclineReason.UNAVAILABLE, text="no addresses here")
            case _:
                raise BrokenPromise(f"{type(message).__name__} that nobody asked for")

    def _submit(self, peer: Peer, message: SubmitTransaction) -> Declined | None:
        """Rate-limited: a verdict costs the sequencer work."""
        budget = self._submission_budgets.get(peer.node_id)
        if budget is None:
            budget = Budget(rate=SUBMISSIONS_A_SECOND, burst=4 * SUBMISSIONS_A_SECOND, clock=self._clock)
            self._submission_budgets[peer.node_id] = budget
        if not budget.is_open:
            return _busy(message.request)
        budget.spend(1)

        async def verdict() -> Verdict:
            code, text = await self.submissions.submit(message.raw, hops=message.hops, source=peer.node_id)
            return Verdict(request=message.request, code=code, text=text[:MAX_TEXT])

        return self._answer(peer, message, verdict, SUBMISSIONS_A_PEER)

    def _answer(
        self, peer: Peer, message: GetHeaders | GetBlocks | SubmitTransaction, job: Job, most: int
    ) -> Declined | None:
        """Start a task that answers, or decline at once."""
        key = (peer.node_id, most)
        if self._tasks is None or self._jobs[key] >= most:
            return _busy(message.request)
        self._jobs[key] += 1
        self._tasks.create_task(self._run_job(peer, job, key), name=f"p2p {type(message).__name__}")
        return None

    async def _run_job(self, peer: Peer, job: Job, key: tuple[NodeId, int]) -> None:
        try:
            peer.send(await job())
        finally:
            self._jobs[key] -= 1
            if not self._jobs[key]:
                del self._jobs[key]

    def _on_inserted(self) -> None:
        self.announcements.on_head_moved()


def _busy(request: int) -> Declined:
    return Declined(request=request, reason=DeclineReason.BUSY, text="too many requests")
