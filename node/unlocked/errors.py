"""What signing for others and giving coin away can end in.

NodeError
├── AccountLocked       -32000  geth's text
├── InvalidTypedData    -32602  names the fault in the EIP-712 data
└── FaucetRefusal       -32005  asked for too much, or too soon
"""

from state.errors import Blame, NodeError


class AccountLocked(NodeError):
    """The node does not hold the account's key."""

    blame = Blame.USER
    rpc_code = -32000

    def __init__(self) -> None:
        super().__init__("unknown account")


class InvalidTypedData(NodeError):
    """EIP-712 data whose types and values don't fit together."""

    blame = Blame.USER
    rpc_code = -32602


class FaucetRefusal(NodeError):
    """The faucet gives less than was asked for, gave to the account a moment ago, or is empty."""

    blame = Blame.USER
    rpc_code = -32005
