"""What can be expected of peers.

PeerFault
├── MalformedMessage     bytes that are no message of the protocol
├── MalformedPayload     bytes that are no block in its one canonical form
├── RefusedBlock         a block that the rules of gossip refuse
│   └── UntimelyBlock    the sequencer's own, too old or too new by so little that clocks may differ
├── GreetingRefused      a peer of another network, version, or without the key that it claims
└── BrokenPromise        an answer that is not what was asked for
    └── OtherBranch      an answer that is well formed, and of another branch than the one that was asked for
NoAnswer                 a request to which no answer came
RequestDeclined          a request that the peer does not answer, as it says
NoPeerLeft               a request that no peer of now answers
SigningRefused           a second block at a height that this node has signed
PeerLeft                 a connection that the peer ended before it had greeted
IdentityUnusable         the file with the node's own key
ListenRefused            an address for peers that can't be listened on
"""

from state.errors import Blame, DecodeError, NodeError, Severity


class PeerFault(NodeError):
    """A peer said what an honest one does not say; it costs that peer its standing and nobody else anything."""

    blame = Blame.PEER


class MalformedMessage(DecodeError, PeerFault):
    """Bytes of a peer that are no message of the protocol, or one with a field outside its limits."""

    blame = Blame.PEER


class MalformedPayload(DecodeError, PeerFault):
    """Bytes of a peer that are no block without withdrawals and blobs in its one canonical SSZ form."""

    blame = Blame.PEER


class RefusedBlock(PeerFault):
    """A gossiped block that is too old, too new, wrongly signed, or one of too many at its height."""


class UntimelyBlock(RefusedBlock):
    """A block that the sequencer signed, too old or too new by seconds: honest clocks may differ so."""


class GreetingRefused(PeerFault):
    """A peer of another network or version, or one that can't prove the key that it claims."""

    def __init__(self, text: str, farewell: int = 3) -> None:
        """`farewell`: what it is told, one of p2p.messages.Farewell."""
        super().__init__(text)
        self.farewell = farewell


class PeerLeft(NodeError):
    """A peer that ended a connection, by a Goodbye or without one, before both sides had greeted."""

    blame = Blame.PEER
    severity = Severity.TEMPORARY

    def __init__(self, text: str, farewell: int | None = None) -> None:
        """`farewell`: one of p2p.messages.Farewell, if it said so."""
        super().__init__(text)
        self.farewell = farewell


class BrokenPromise(PeerFault):
    """An answer that is not what was asked for: other numbers, other hashes, more than was wanted."""


class OtherBranch(BrokenPromise):
    """Blocks or headers of another branch than the one that was asked for by hash; the peer may know no better yet."""


class NoAnswer(NodeError):
    """A request to which no answer came in time; the peer may be slow, or gone."""

    blame = Blame.PEER
    severity = Severity.TEMPORARY


class RequestDeclined(NodeError):
    """A peer that does not answer a request, and says why."""

    blame = Blame.PEER
    severity = Severity.TEMPORARY


class NoPeerLeft(NodeError):
    """No peer of now answers a request as it should; the next signed block is the occasion to ask again."""

    blame = Blame.PEER
    severity = Severity.TEMPORARY


class SigningRefused(NodeError):
    """A block to sign is not above the last one signed, which still stands: signing it would equivocate."""

    blame = Blame.OURSELVES
    severity = Severity.CRITICAL


class IdentityUnusable(NodeError):
    """The file with the node's own key is malformed, readable by others, or can't be read or written."""

    blame = Blame.OPERATOR
    severity = Severity.CRITICAL


class ListenRefused(NodeError):
    """The address for peers can't be listened on: it is taken, or not this machine's."""

    blame = Blame.OPERATOR
    severity = Severity.CRITICAL
