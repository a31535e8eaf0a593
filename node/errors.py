"""What can be expected to go wrong when a process is set up.

NodeError
├── ConfigError        configuration: every problem at once, each with its key
├── AdminUnanswered    a node's admin port does not answer `openledger admin`, or refuses
├── NotWell            `openledger health` asked a node that is not ready, or not there
├── PartMissing        an operator turns to a part that this node does not run
└── StartupError       a port, a file or another process is not as it has to be
    └── UnresolvedDivergence   an audit stopped this node before, and nobody has looked
"""

from state.errors import Blame, NodeError, Severity


class ConfigError(NodeError):
    """Configuration that can't be used; the text lists every problem with its key and where it came from."""

    severity = Severity.CRITICAL
    blame = Blame.OPERATOR


class StartupError(NodeError):
    """Something outside is not as it has to be to start; the text says what to do."""

    severity = Severity.CRITICAL
    blame = Blame.OPERATOR


class UnresolvedDivergence(StartupError):
    """The data directory holds evidence of a divergence: a restart must not build on the block that stopped a node."""

    blame = Blame.OURSELVES


class PartMissing(NodeError):
    """admin_* was asked to start or stop a sequencer or batcher that this node does not have."""

    blame = Blame.OPERATOR


class AdminUnanswered(NodeError):
    """The admin port that a command turned to does not answer, doesn't know its secret, or refuses with its reason."""

    blame = Blame.OPERATOR


class NotWell(NodeError):
    """`openledger health` asked a node that is not ready or healthy, or that does not answer; the text says why."""

    severity = Severity.TEMPORARY
    blame = Blame.OPERATOR
