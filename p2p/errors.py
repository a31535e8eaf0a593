"""What can be expected of peers.

PeerFault
├── MalformedPayload     bytes that are no block in its one canonical form
└── RefusedBlock         a block that the rules of gossip refuse
"""

from state.errors import Blame, DecodeError, NodeError


class PeerFault(NodeError):
    """A peer said what an honest one does not say; it costs that peer its standing and nobody else anything."""

    blame = Blame.PEER


class MalformedPayload(DecodeError, PeerFault):
    """Bytes of a peer that are no block without withdrawals and blobs in its one canonical SSZ form."""

    blame = Blame.PEER


class RefusedBlock(PeerFault):
    """A gossiped block that is too old, too new, wrongly signed, or one of too many at its height."""
