"""What this room needs of the others, and what its own parts need of each other. `node/wiring.py` brings them together.

Everything here is called on the event loop.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

from p2p.messages import Message, Request, Response
from state.blocks import Block, Header
from state.primitives.types import Hash32

NodeId = NewType("NodeId", bytes)
"""keccak of a node's uncompressed public key (64 bytes): 32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A block by number and hash."""

    number: int
    hash: Hash32


class KeyValues(Protocol):
    """A few small values on disk: scores, addresses, evidence, the last signed block. Keys are the owner's own."""

    def get(self, key: bytes) -> bytes | None: ...

    def put(self, key: bytes, value: bytes | None) -> None:
        """On disk, synced, when it returns; None removes."""

    def iterate(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """In the keys' order."""


class ChainPort(Protocol):
    """The chain of this node, for reading and for speculative blocks."""

    def unsafe_head(self) -> Head: ...

    def finalized_head(self) -> Head:
        """At or below it nothing may change."""

    def first_block(self) -> int:
        """The lowest number whose canonical block is on disk."""

    def canonical_hash(self, number: int) -> Hash32 | None:
        """None above the unsafe head and for what is not kept."""

    def header(self, number: int) -> Header | None:
        """The canonical header."""

    def block(self, number: int) -> tuple[Block, Hash32] | None:
        """The canonical block and its hash."""

    async def insert(self, block: Block) -> Head | None:
        """The new unsafe head: `block`, executed on the present one; None where that is no longer its parent.

        Raises InvalidBlock; nothing is changed then.
        """


class SubmissionPort(Protocol):
    """Brings a transaction of a peer to the sequencer."""

    async def submit(self, raw: bytes, *, hops: int, source: NodeId | None) -> tuple[int, str]:
        """(VerdictCode, text). `source`: who asked, to whom it must not go back."""


class Peer(Protocol):
    """A connection to a peer that has proven who it is."""

    @property
    def node_id(self) -> NodeId: ...

    @property
    def head(self) -> Head:
        """What it last claimed."""

    @property
    def first(self) -> int:
        """The lowest block that it claims to hand over."""

    def send(self, message: Message) -> bool:
        """Queue a message; False where the queue is full or closed: a peer that reads too slowly is let go."""

    async def request(self, make: Callable[[int], Request], *, seconds: float) -> Response:
        """The answer to `make(id)`. Raises NoAnswer after `seconds` or when the connection ends, and NoAnswer at once
        where too many requests are under way to this peer; RequestDeclined where it says so."""

    def fault(self, points: int, reason: str) -> None:
        """Take `points` off its score; below the limit it is let go and banned."""


class PeersPort(Protocol):
    """All peers of now."""

    @property
    def peers(self) -> Sequence[Peer]: ...

    def broadcast(self, message: Message, *, but: NodeId | None = None) -> int:
        """Queue for all but one; how many took it."""


class PeerHandler(Protocol):
    """Who hears what peers say. Calls for one peer come one after the other, in the order of its messages; what raises
    PeerFault costs the peer points, anything else is a bug and stops the node."""

    async def on_peer(self, peer: Peer) -> None:
        """Greeted and ready."""

    def on_gone(self, peer: Peer) -> None:
        """Its connection ended."""

    async def on_message(self, peer: Peer, message: Message) -> Response | None:
        """Gossip, or a request: what is returned answers it. Must not wait for long: use a task for that."""
