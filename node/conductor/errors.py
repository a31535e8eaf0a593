"""What can be expected to go wrong between a candidate and etcd.

NodeError
├── EtcdUnavailable   no endpoint answered: no majority, no network, or none of them runs
├── EtcdRefused       etcd understood and refused: rights, an unknown lease, a request that is too large
└── LogDamaged        what is under the log's keys is no block of this chain
"""

from state.errors import Blame, NodeError, Severity


class EtcdUnavailable(NodeError):
    """None of etcd's endpoints answered in time; the text says of each why. What was asked may have happened or not."""

    severity = Severity.TEMPORARY
    blame = Blame.UPSTREAM


class EtcdRefused(NodeError):
    """etcd answered that it will not do what was asked; trying again would not heal that."""

    blame = Blame.OPERATOR


class LogDamaged(NodeError):
    """A value under the shared log's keys can't be read: something else writes there, or an unknown version."""

    blame = Blame.OPERATOR
