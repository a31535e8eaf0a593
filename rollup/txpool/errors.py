"""Why the pool refuses a transaction, in geth's words.

InvalidTransaction
└── PoolRejection
    ├── AlreadyKnown              ├── ReplacementUnderpriced     ├── OversizedData
    ├── TransactionUnderpriced    ├── AccountLimitExceeded       ├── PoolFull
    └── ExceedsBlockGasLimit      └── DelegationLimitExceeded
"""

from state.errors import InvalidTransaction


class PoolRejection(InvalidTransaction):
    """The pool's own rules, not the chain's, refuse the transaction."""


class AlreadyKnown(PoolRejection):
    """The same transaction is in the pool."""


class ReplacementUnderpriced(PoolRejection):
    """Another transaction with this nonce is here and not enough cheaper."""


class TransactionUnderpriced(PoolRejection):
    """Its tip is below the pool's least, or the pool is full of dearer ones."""


class AccountLimitExceeded(PoolRejection):
    """The sender has as many queued transactions as an account may have."""


class OversizedData(PoolRejection):
    """The transaction is longer than the pool takes."""


class PoolFull(PoolRejection):
    """No room, and nothing that may make place for this one."""


class ExceedsBlockGasLimit(PoolRejection):
    """The gas limit is above the block's: no block can ever hold it."""


class DelegationLimitExceeded(PoolRejection):
    """An account with a pending EIP-7702 delegation may have one transaction in flight."""
