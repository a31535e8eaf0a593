"""Which connections stay: one to a node, and no more in all than this node wants.

Of two connections between the same nodes the one dialled by the smaller node id stays; of two that the same node
dialled, the first stays for who dialled, who knows that it is alive, and the second for who was dialled, who does not.
Who dialled decides before it gives its Proof, so both sides come to the same.
"""

import contextlib
from collections.abc import Callable, Iterator, Set

from p2p.connection import PeerConnection
from p2p.errors import GreetingRefused
from p2p.messages import Farewell
from p2p.ports import NodeId
from p2p.scores import Scores
from p2p.settings import PeerSettings


class Seats:
    """The connections of now, by node."""

    def __init__(self, settings: PeerSettings, scores: Scores, own: NodeId) -> None:
        """`own`: this node's id."""
        self._settings = settings
        self._scores = scores
        self._own = own
        self._taken: dict[NodeId, PeerConnection] = {}
        self._proving: set[NodeId] = set()
        """Nodes to which this node is giving its Proof."""

    @property
    def nodes(self) -> Set[NodeId]:
        return self._taken.keys()

    @property
    def connections(self) -> list[PeerConnection]:
        """Those that nobody has begun to end."""
        return [connection for connection in self._taken.values() if not connection.is_ending]

    @property
    def inbound(self) -> int:
        return sum(not connection.outbound for connection in self._taken.values())

    def get(self, node_id: NodeId) -> PeerConnection | None:
        return self._taken.get(node_id)

    def admit(self, node_id: NodeId, *, outbound: bool) -> None:
        """Raises GreetingRefused for a node that is not wanted now."""
        if self._scores.is_banned(node_id):
            raise GreetingRefused("this node is banned here for a while", Farewell.BANNED)
        old = self._taken.get(node_id)
        if (old is not None and not self._wins(node_id, outbound, old)) or (outbound and node_id in self._proving):
            raise GreetingRefused("there is a connection already", Farewell.ALREADY_CONNECTED)
        full = len(self._taken) >= self._settings.max_peers
        if old is None and (full or (not outbound and self.inbound >= self._settings.max_inbound)):
            raise GreetingRefused("this node has as many peers as it wants", Farewell.TOO_MANY_PEERS)

    @contextlib.contextmanager
    def greeting(self) -> Iterator[Callable[[NodeId], None]]:
        """Of one greeting that this node began: what admits whom it meets, and refuses a second greeting meanwhile."""
        met: set[NodeId] = set()

        def admit(node_id: NodeId) -> None:
            self.admit(node_id, outbound=True)
            self._proving.add(node_id)
            met.add(node_id)

        try:
            yield admit
        finally:
            self._proving -= met

    async def take(self, connection: PeerConnection) -> None:
        """Takes a place, an older connection's if need be. Raises GreetingRefused."""
        while True:
            self.admit(connection.node_id, outbound=connection.outbound)
            old = self._taken.get(connection.node_id)
            if old is None:
                self._taken[connection.node_id] = connection
                return
            old.end(Farewell.ALREADY_CONNECTED, "another connection to the same node stays")
            await old.gone.wait()

    def leave(self, connection: PeerConnection) -> None:
        del self._taken[connection.node_id]

    def _wins(self, node_id: NodeId, outbound: bool, old: PeerConnection) -> bool:
        """Whether a new connection replaces one that there is."""
        if old.is_ending:
            return True
        if outbound == old.outbound:
            return not outbound
        return outbound == (self._own < node_id)
