"""What a snapshot can fail on. Each text opens with the check that failed.

NodeError
├── SnapshotRefused      the node can't give this snapshot, or the directory can't take one
├── SnapshotDamaged      the file is not what an export wrote: cut, changed, too large
├── SnapshotMismatch     a whole file, but of another chain or release
└── SnapshotUnproven     a whole file of this chain that L1, or the operator, does not vouch for
"""

from state.errors import Blame, DecodeError, NodeError, Severity


class SnapshotRefused(NodeError):
    """A snapshot that this data directory can't give or take; the text says what to do."""

    blame = Blame.OPERATOR
    severity = Severity.CRITICAL


class SnapshotDamaged(DecodeError):
    """A file that was cut off or changed after it was written, or never was a snapshot. Nothing of it is kept."""

    severity = Severity.CRITICAL


class SnapshotMismatch(NodeError):
    """A snapshot of another chain, or in another version of the format."""

    blame = Blame.OPERATOR
    severity = Severity.CRITICAL


class SnapshotUnproven(NodeError):
    """Contents that contradict their block's header, or a block whose output root nobody trusted claims."""

    blame = Blame.PEER
    severity = Severity.CRITICAL
