"""Brings transactions towards the sequencer, hop by hop, and its verdict back.

    this node leads      into its own pool; the pool's answer is the verdict
    it does not          one peer after the other is asked, until one has a verdict of the sequencer

One transaction is with one peer at a time, and never goes back to whom it came from. In a circle of peers it comes back
all the same: then it is under way here already, and the answer is that there is no way here. Nothing is kept: who took
the transaction from a wallet asks again until it is in a block or refused.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from p2p.errors import BrokenPromise, NoAnswer, PeerFault, RequestDeclined
from p2p.messages import MAX_HOPS, MAX_TEXT, MAX_TRANSACTION, SubmitTransaction, Verdict, VerdictCode
from p2p.ports import NodeId, Peer, PeersPort
from p2p.recent import Recent
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32

MOST_UNDER_WAY: Final = 1_024
SECONDS_OF_ONE_HOP: Final = 1.0
SILENT_SECONDS: Final = 15.0
"""A peer that didn't answer is asked last for so long."""
MOST_AT_A_PEER: Final = 48
"""Transactions that one peer is asked to bring at once; fewer than a connection lets wait for answers."""
PEERS_REMEMBERED: Final = 256
FALSE_ANSWER_POINTS: Final = 50

Outcome = tuple[int, str]
LocalPool = Callable[[bytes], Awaitable[Outcome]]


class Submissions:
    """A SubmissionPort, and the asking side of one."""

    def __init__(
        self,
        peers: PeersPort,
        *,
        clock: Callable[[], float],
        local: LocalPool | None = None,
        leads: Callable[[], bool] = lambda: True,
        most_under_way: int = MOST_UNDER_WAY,
        hop_seconds: float = SECONDS_OF_ONE_HOP,
    ) -> None:
        """`local` takes raw bytes and answers (VerdictCode, text); it is asked while `leads` says so."""
        self._peers = peers
        self._clock = clock
        self._local = local
        self._leads = leads
        self._most = most_under_way
        self._hop_seconds = hop_seconds
        self._under_way: dict[Hash32, asyncio.Future[Outcome]] = {}
        self._route: NodeId | None = None
        """Who gave the last verdict of the sequencer."""
        self._silent: Recent[NodeId, float] = Recent(PEERS_REMEMBERED)
        self._slots: Recent[NodeId, asyncio.Semaphore] = Recent(PEERS_REMEMBERED)

    def __len__(self) -> int:
        """Transactions that are under way now."""
        return len(self._under_way)

    async def submit(self, raw: bytes, *, hops: int = MAX_HOPS, source: NodeId | None = None) -> Outcome:
        """(VerdictCode, text). `hops`: over how many peers at most; `source`: who asked, None for this node itself.

        Takes about a second for each hop at most, and one more.
        """
        if len(raw) > MAX_TRANSACTION:
            return VerdictCode.REFUSED, f"oversized data: transaction size {len(raw)}, limit {MAX_TRANSACTION}"
        key = keccak256(raw)
        if (known := self._under_way.get(key)) is not None:
            if source is not None:
                return VerdictCode.NO_ROUTE, "already under way here"
            return await asyncio.shield(known)
        if len(self._under_way) >= self._most:
            return VerdictCode.NO_ROUTE, "too many transactions are under way"
        return await self._first(key, raw, hops, source)

    async def _first(self, key: Hash32, raw: bytes, hops: int, source: NodeId | None) -> Outcome:
        """Bring it, and let those who join meanwhile hear the same."""
        future = asyncio.get_running_loop().create_future()
        self._under_way[key] = future
        outcome: Outcome = (VerdictCode.NO_ROUTE, "the submission was cut off")
        try:
            outcome = await self._bring(raw, hops, source)
            return outcome
        finally:
            del self._under_way[key]
            if not future.done():
                future.set_result(outcome)

    async def _bring(self, raw: bytes, hops: int, source: NodeId | None) -> Outcome:
        if self._local is not None and self._leads():
            code, text = await self._local(raw)
            return code, text[:MAX_TEXT]
        if hops < 1:
            return VerdictCode.NO_ROUTE, "too many hops from the sequencer"
        ends_at = self._clock() + self._seconds(hops)
        said = "no peer is connected"
        for peer in self._in_order(source):
            left = ends_at - self._clock()
            if left <= 0:
                said = "no answer in time"
                break
            seconds = min(left, self._seconds(hops - 1) + self._hop_seconds / 2)
            code, said = await self._ask(peer, raw, hops - 1, seconds)
            if code != VerdictCode.NO_ROUTE:
                return code, said
        return VerdictCode.NO_ROUTE, said

    def _seconds(self, hops: int) -> float:
        """How long a node with so many hops left may take: less than who asked it waits."""
        return (hops + 1) * self._hop_seconds

    def _in_order(self, source: NodeId | None) -> list[Peer]:
        now = self._clock()
        peers = [peer for peer in self._peers.peers if peer.node_id != source]
        return sorted(peers, key=lambda peer: (self._silent.get(peer.node_id, 0.0) > now, peer.node_id != self._route))

    async def _ask(self, peer: Peer, raw: bytes, hops: int, seconds: float) -> Outcome:
        def make(request: int) -> SubmitTransaction:
            return SubmitTransaction(request=request, hops=hops, raw=raw)

        asked_at = self._clock()
        try:
            async with asyncio.timeout(seconds), self._slot(peer):
                answer = await peer.request(make, seconds=seconds)
            if not isinstance(answer, Verdict):
                raise BrokenPromise(f"asked for a verdict, got {type(answer).__name__}")
        except (NoAnswer, RequestDeclined, TimeoutError) as error:
            if self._clock() - asked_at >= seconds / 2:
                self._silent[peer.node_id] = self._clock() + SILENT_SECONDS
            return VerdictCode.NO_ROUTE, str(error) or "no answer in time"
        except PeerFault as error:
            peer.fault(FALSE_ANSWER_POINTS, str(error))
            return VerdictCode.NO_ROUTE, str(error)
        self._silent.pop(peer.node_id, None)
        if answer.code != VerdictCode.NO_ROUTE:
            self._route = peer.node_id
        elif self._route == peer.node_id:
            self._route = None
        return answer.code, answer.text

    def _slot(self, peer: Peer) -> asyncio.Semaphore:
        if peer.node_id not in self._slots:
            self._slots[peer.node_id] = asyncio.Semaphore(MOST_AT_A_PEER)
        return self._slots[peer.node_id]
