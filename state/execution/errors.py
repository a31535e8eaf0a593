"""Why a transaction must not be executed, in the words that wallets match on (geth's).

    InvalidTransaction
    ├── WrongChain                 ├── NonceTooLow          ├── IntrinsicGasTooLow     ├── EmptyAuthorizations
    ├── TipAboveFeeCap             ├── NonceTooHigh         ├── FloorDataGas           ├── SetCodeCreation
    ├── FeeCapTooLow               ├── NonceMax             ├── InitCodeTooLarge       └── GasLimitReached
    ├── SenderNotEOA               └── InsufficientFunds
    ExecutionDivergence            the two executors disagree: the node stops
    OverrideRefused                a call pretends what can't be pretended
    └── PrecompileMovedToItself

Nothing was changed when one of these is raised. What goes wrong *inside* the EVM is no error of ours but a failed
receipt, and its text is `TransactionOutcome.error`.
"""

from state.errors import Blame, InvalidTransaction, NodeError, Severity


class WrongChain(InvalidTransaction):
    """Signed for another chain (EIP-155, EIP-2930)."""


class TipAboveFeeCap(InvalidTransaction):
    """maxPriorityFeePerGas above maxFeePerGas (EIP-1559)."""


class FeeCapTooLow(InvalidTransaction):
    """maxFeePerGas below the block's base fee (EIP-1559)."""


class SenderNotEOA(InvalidTransaction):
    """The sender has code that is no EIP-7702 delegation (EIP-3607)."""


class NonceTooLow(InvalidTransaction):
    """The account has already used this nonce."""


class NonceTooHigh(InvalidTransaction):
    """Nonces before this one are missing."""


class NonceMax(InvalidTransaction):
    """The account's nonce has reached 2^64 - 1 and may not move any more (EIP-2681)."""


class InsufficientFunds(InvalidTransaction):
    """Balance below gasLimit·maxFee + value + L1 fee + operator fee on the gas limit."""


class IntrinsicGasTooLow(InvalidTransaction):
    """Gas limit below what the transaction costs before its first opcode."""


class FloorDataGas(InvalidTransaction):
    """Gas limit below the floor price of its calldata (EIP-7623)."""


class InitCodeTooLarge(InvalidTransaction):
    """A creation with more than 49,152 bytes of init code (EIP-3860)."""


class EmptyAuthorizations(InvalidTransaction):
    """A set-code transaction without authorizations (EIP-7702)."""


class SetCodeCreation(InvalidTransaction):
    """A set-code transaction without recipient (EIP-7702)."""


class GasLimitReached(InvalidTransaction):
    """The block has less gas left than the transaction's limit."""


class ExecutionDivergence(NodeError):
    """Fast and reference executor gave different results for the same block; both are kept on disk."""

    severity = Severity.CRITICAL
    blame = Blame.OURSELVES
    rpc_code = -32000


class OverrideRefused(NodeError):
    """A state or block override that contradicts itself or has no meaning where it stands."""

    blame = Blame.USER
    rpc_code = -32000


class PrecompileMovedToItself(OverrideRefused):
    """`movePrecompileToAddress` names the precompile's own address."""

    rpc_code = -38022
