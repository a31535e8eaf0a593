"""What can be expected to go wrong, as one tree.

    NodeError                     expected; anything else is a bug and stops the process with a trace
    ├── DecodeError               bytes from outside that are not what they claim to be
    ├── InvalidTransaction        a transaction that must not be executed (state.execution.errors refines it)
    ├── InvalidBlock              a block that contradicts its parent, its header or its own roots
    └── StorageError              what is on disk is missing, damaged or of another version

Each class says how bad it is (`severity`), whose doing it is (`blame`) and which JSON-RPC code a client sees
(`rpc_code`). Other rooms derive their own branches from these.
"""

from enum import Enum
from typing import ClassVar


class Severity(Enum):
    """What the one who catches it should do."""

    NONE = "none"
    """Answer the caller; nothing of ours is affected."""
    TEMPORARY = "temporary"
    """Try again later: an upstream is slow, away or behind."""
    RESET = "reset"
    """Throw the pipeline's state away and start it again from the heads."""
    CRITICAL = "critical"
    """Stop: going on would lose or fork something."""


class Blame(Enum):
    """Whose doing it is."""

    USER = "user"
    PEER = "peer"
    UPSTREAM = "upstream"
    OPERATOR = "operator"
    OURSELVES = "ourselves"


class NodeError(Exception):
    """Something that can be expected to happen; its text is for people and says what to do where that helps."""

    severity: ClassVar[Severity] = Severity.NONE
    blame: ClassVar[Blame] = Blame.OURSELVES
    rpc_code: ClassVar[int] = -32000


class DecodeError(NodeError):
    """Bytes that came from outside are malformed, too long, or not in their one canonical form."""

    blame = Blame.USER
    rpc_code = -32000


class InvalidTransaction(NodeError):
    """A transaction that no block may contain in the state it was checked against; nothing was changed."""

    blame = Blame.USER
    rpc_code = -32000


class InvalidBlock(NodeError):
    """A block or payload that contradicts its parent, its header or its roots."""

    blame = Blame.UPSTREAM
    severity = Severity.CRITICAL


class StorageError(NodeError):
    """What is on disk is missing, damaged, locked by another process, or of another schema version."""

    blame = Blame.OPERATOR
    severity = Severity.CRITICAL
