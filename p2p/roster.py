"""The peers of now, as those who are greeted and told of."""

from collections.abc import Sequence

from p2p.messages import Message
from p2p.ports import NodeId, Peer


class Roster:
    """A PeersPort that is filled by hand: what a PeerHandler is told, it tells this."""

    def __init__(self) -> None:
        self._peers: dict[NodeId, Peer] = {}

    @property
    def peers(self) -> Sequence[Peer]:
        return tuple(self._peers.values())

    def add(self, peer: Peer) -> None:
        """A peer that is ready."""
        self._peers[peer.node_id] = peer

    def remove(self, peer: Peer) -> bool:
        """Whether it was there; a newer connection of the same node stays."""
        if self._peers.get(peer.node_id) is not peer:
            return False
        del self._peers[peer.node_id]
        return True

    def broadcast(self, message: Message, *, but: NodeId | None = None) -> int:
        """Queue for all but one; how many took it."""
        return sum(peer.send(message) for peer in self.peers if peer.node_id != but)
