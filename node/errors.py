"""What can be expected to go wrong when a process is set up.

NodeError
├── ConfigError        configuration: every problem at once, each with its key
└── StartupError       a port, a file or another process is not as it has to be
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
