"""What asking a reader can end in, besides the question's own errors.

NodeError
├── QueryTimedOut    -32002  the question took longer than it may
├── ReadersBusy      -32005  too many questions are waiting
├── ReaderCrashed    -32000  the reader died over the same question twice, or the pool is closed
└── FrameError       -32000  bytes on a pipe that are no message
RuntimeError
└── ReaderBug                an unexpected exception in a reader, with its trace
"""

from state.errors import Blame, DecodeError, NodeError, Severity


class QueryTimedOut(NodeError):
    """The question took longer than the node allows; the reader that worked on it was stopped."""

    blame = Blame.USER
    rpc_code = -32002


class ReadersBusy(NodeError):
    """So many questions are waiting that this one is refused."""

    severity = Severity.TEMPORARY
    blame = Blame.USER
    rpc_code = -32005


class ReaderCrashed(NodeError):
    """The reader process ended while it worked on this question, again after a restart, or the pool was closed."""

    severity = Severity.TEMPORARY
    rpc_code = -32000


class FrameError(DecodeError):
    """Bytes on a reader's pipe that are no message of ours, or a value that can't be sent."""

    blame = Blame.OURSELVES
    rpc_code = -32000


class ReaderBug(RuntimeError):
    """An exception in a reader that nobody expected. Not a NodeError: it is a bug wherever it surfaces."""
