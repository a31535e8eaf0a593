"""What questions about the economy can end in.

NodeError
├── EconomyMissing       this chain has no OPEN predeploys
├── BlockNotCanonical    the block that was asked about is not on the canonical chain
├── InvalidQuestion      a cursor or range that can't be
└── StillRebuilding      the history is longer than one question may add up; ask again
"""

from state.errors import Blame, NodeError, Severity


class EconomyMissing(NodeError):
    """The chain has no OPEN predeploys, so that there are no Datanets, models or rewards to ask about."""

    blame = Blame.OPERATOR
    rpc_code = -32000


class BlockNotCanonical(NodeError):
    """The block asked about was reorged out: logs and indexes are those of the canonical chain only."""

    blame = Blame.USER
    rpc_code = -32000


class InvalidQuestion(NodeError):
    """A cursor that no page of this question ended with, or a range of blocks that is reversed or too wide."""

    blame = Blame.USER
    rpc_code = -32602


class StillRebuilding(NodeError):
    """The chain's rewards are being added up from its first settlement on; what is done is kept: ask again."""

    severity = Severity.TEMPORARY
    rpc_code = -32005
