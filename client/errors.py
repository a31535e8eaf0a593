"""What can be expected to go wrong for a user of the chain.

ClientError
├── ChainUnreachable      nothing answers at the RPC URL
├── TransactionRefused    the node did not take the transaction; its words
├── TransactionReverted   a contract said no; the custom error's name and arguments
├── TransactionLost       no receipt in time
├── BadInput              a file, key or argument that can't be used
└── NoEvidence            an answer that shares no rare span with any contribution
"""


class ClientError(Exception):
    """Expected; its text is for people."""


class ChainUnreachable(ClientError):
    """Nothing answers at the RPC URL."""


class TransactionRefused(ClientError):
    """The node did not take the transaction; the text is the node's."""


class TransactionReverted(ClientError):
    """A contract refused; the text names its custom error."""


class TransactionLost(ClientError):
    """A transaction that was taken did not get a receipt in time."""


class BadInput(ClientError):
    """A file, key or argument that can't be used."""


class NoEvidence(ClientError):
    """No contribution shares a rare enough span with the answer, so nobody can be credited."""
