"""Passes on what the sequencer signed, and says how far this node is.

A block is passed on when its signature is checked and before it is executed: what it costs others to hear of it late
is more than what it costs them to hear of one that turns out wrong, for which the sequencer answers with its name.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from p2p.block_gossip import MAX_AGE_SECONDS, Accepted, BlockGossip
from p2p.equivocations import Equivocations
from p2p.errors import RefusedBlock, UntimelyBlock
from p2p.messages import BlockAnnouncement, HeadStatus
from p2p.ports import ChainPort, Peer, PeersPort
from p2p.signer import BlockSigner
from state.blocks import Block
from state.primitives.types import Hash32

STATUS_SECONDS: Final = 1.0
REFRESH_SECONDS: Final = 10.0
"""A head that moves is said so often even where announcements tell it: a peer hears no echo of what it sent us."""
TRAVEL_SECONDS: Final = 15
"""A block this close to being too old is not passed on to new peers: other clocks differ, and links are slow."""
UNTIMELY_A_LINE: Final = 60
"""Untimely blocks for which there is one line in the log."""

log = structlog.get_logger("p2p.gossip")


class Announcements:
    """Gossip's two directions. `run` tells peers of a head that moved without an announcement."""

    def __init__(
        self,
        *,
        gossip: BlockGossip,
        equivocations: Equivocations,
        peers: PeersPort,
        chain: ChainPort,
        accepted: Callable[[Accepted], None],
        unix_clock: Callable[[], float],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`accepted` hears of each new block that is signed by the sequencer; `clock`: monotonic seconds."""
        self._gossip = gossip
        self._equivocations = equivocations
        self._peers = peers
        self._chain = chain
        self._accepted = accepted
        self._unix_clock = unix_clock
        self._clock = clock
        self._sleep = sleep
        self._newest: Accepted | None = None
        self._moved = asyncio.Event()
        self._status_at = clock()
        self._status_hash: Hash32 | None = None
        self.accepted_blocks = 0
        """Signed blocks that were new, this node's own included."""
        self.untimely_blocks = 0
        """Of the sequencer's, too old or too new: somebody's clock is wrong, maybe ours."""

    def receive(self, announcement: BlockAnnouncement, *, source: Peer) -> int | None:
        """The number of a block that was new and went on; None for one seen before. Raises PeerFault."""
        try:
            new = self._gossip.check(announcement.message)
        except UntimelyBlock as untimely:
            self._note_untimely(untimely)
            return None
        self._note_equivocations()
        if new is None:
            return None
        self._spread(new, source=source)
        self._accepted(new)
        return int(new.block.header.number)

    def publish(self, block: Block, block_hash: Hash32, signer: BlockSigner) -> None:
        """Signs this node's own block and sends it to all, unless it is too old for them. Raises SigningRefused."""
        message = signer.sign(block, block_hash).compressed()
        own = Accepted(block=block, hash=block_hash, message=message)
        try:
            self._gossip.note_own(own)
        except RefusedBlock as error:
            log.warning("gossip.crowded_height", number=block.header.number, reason=str(error))
        self._note_equivocations()
        if self._is_young(own):  # a sequencer that makes up for a pause would be banned for what it sends
            self._spread(own, source=None)

    def greet(self, peer: Peer) -> None:
        """Tell a new peer where this node is, and of the newest signed block while it is young."""
        peer.send(self.status())
        if (newest := self._newest) is not None and self._is_young(newest):
            peer.send(BlockAnnouncement(message=newest.message))

    def on_head_moved(self) -> None:
        """Our unsafe head moved, for whatever reason."""
        self._moved.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            self._tell()
            await self._sleep(STATUS_SECONDS)

    def _is_young(self, block: Accepted) -> bool:
        """Whether it still is when it has reached a peer."""
        return block.block.header.timestamp >= self._unix_clock() - MAX_AGE_SECONDS + TRAVEL_SECONDS

    def _spread(self, block: Accepted, *, source: Peer | None) -> None:
        self.accepted_blocks += 1
        reached = self._peers.broadcast(
            BlockAnnouncement(message=block.message), but=None if source is None else source.node_id
        )
        log.debug("gossip.block", number=block.block.header.number, hash=block.hash.hex(), peers=reached)
        if self._newest is None or self._newest.block.header.timestamp <= block.block.header.timestamp:
            self._newest = block

    def _tell(self) -> None:
        head = self._chain.unsafe_head().hash
        announced = self._newest is not None and self._newest.hash == head
        if head == self._status_hash or (announced and self._clock() - self._status_at < REFRESH_SECONDS):
            return
        self._status_at, self._status_hash = self._clock(), head
        self._peers.broadcast(self.status())

    def status(self) -> HeadStatus:
        """How far this node is."""
        head = self._chain.unsafe_head()
        return HeadStatus(number=head.number, hash=head.hash, first=self._chain.first_block())

    def _note_untimely(self, untimely: UntimelyBlock) -> None:
        """Nobody's fault, but somebody must be told: this node hears of such a block from L1 only."""
        if self.untimely_blocks % UNTIMELY_A_LINE == 0:
            log.warning("gossip.clocks_differ", reason=str(untimely), effect="the block is not used; check the clock")
        self.untimely_blocks += 1

    def _note_equivocations(self) -> None:
        while self._gossip.equivocations:
            self._equivocations.add(self._gossip.equivocations.popleft())
