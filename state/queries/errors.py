"""What a gas estimate or a trace can end in, in geth's words.

NodeError
├── QueryReverted                3  with the revert data
├── QueryFailed             -32000  the EVM stopped for another reason
├── GasExceedsAllowance     -32000
├── InsufficientTransferFunds -32000
├── NotTraceable            -32000  no transactions to run again, or nothing to run them on
└── TracingFailed           -32000  the message couldn't even start
"""

from state.errors import Blame, NodeError


class QueryReverted(NodeError):
    """The message reverts whatever gas it gets; `data` is what it reverted with."""

    blame = Blame.USER
    rpc_code = 3

    def __init__(self, data: bytes) -> None:
        super().__init__("execution reverted")
        self.data = data


class QueryFailed(NodeError):
    """The message fails in the EVM for a reason that more gas doesn't cure."""

    blame = Blame.USER


class GasExceedsAllowance(NodeError):
    """The message needs more gas than the cap, or than its sender can pay."""

    blame = Blame.USER

    def __init__(self, allowance: int) -> None:
        super().__init__(f"gas required exceeds allowance ({allowance})")


class InsufficientTransferFunds(NodeError):
    """The message moves more than its sender has."""

    blame = Blame.USER

    def __init__(self) -> None:
        super().__init__("insufficient funds for transfer")


class NotTraceable(NodeError):
    """What can't be run again: the genesis block, a block without its parent, a transaction that is not in it."""

    blame = Blame.USER


class TracingFailed(NodeError):
    """The message to trace couldn't start; the text says why."""

    blame = Blame.USER
