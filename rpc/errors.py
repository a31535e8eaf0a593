"""What the server itself refuses, and which JSON-RPC code a client sees for it.

    NodeError
    └── RpcError
        ├── ParseFailed                -32700  the body is no JSON
        ├── InvalidRequest             -32600  JSON, but no request
        │   └── RequestTooLarge                the body or the batch is over its limit
        ├── MethodNotFound             -32601
        │   └── NotificationsUnsupported       subscriptions need a WebSocket
        ├── InvalidParams              -32602  names the parameter
        ├── ExecutionReverted               3  with the revert data
        ├── ReceiptTimedOut                 4  with the transaction's hash
        ├── NotReady                        5  with the transaction's hash
        ├── NonceGap                        6  with the expected nonce
        ├── CallFailed                 -32000  the EVM stopped for another reason; the text is geth's
        ├── BlockNotFound              -32000  a state question names a block that isn't there
        ├── TransactionNotFound        -32000  a trace is asked of a transaction that the chain doesn't have
        ├── FilterNotFound             -32000
        ├── RequestTimedOut            -32002
        ├── ResponseTooLarge           -32003
        ├── LimitExceeded              -32005  too many results, subscriptions or requests at once
        │   └── RateLimited                    too many calls of one client; HTTP status 429
        └── CannotListen                       the server's own port is taken; no client ever sees it

Errors from other rooms keep their own code and text. What is no NodeError is a bug: it is logged with its trace and
the client sees -32603, which clients retry, so nothing deterministic may ever use that code.
"""

from typing import Final

from state.errors import Blame, NodeError, Severity
from state.execution.reverts import revert_reason

INTERNAL_ERROR: Final = -32603
REVERT_CODE: Final = 3


class RpcError(NodeError):
    """A request that the server won't or can't answer."""

    blame = Blame.USER


class ParseFailed(RpcError):
    """The body is not JSON, or is nested too deep."""

    rpc_code = -32700


class InvalidRequest(RpcError):
    """JSON that is no JSON-RPC 2.0 request."""

    rpc_code = -32600


class RequestTooLarge(InvalidRequest):
    """A body, message or batch beyond what the server reads."""

    rpc_code = -32600


class MethodNotFound(RpcError):
    """No such method on this server."""

    rpc_code = -32601


class NotificationsUnsupported(MethodNotFound):
    """A subscription asked for over HTTP."""

    rpc_code = -32601


class InvalidParams(RpcError):
    """A parameter is missing, malformed or out of range; the text names it."""

    rpc_code = -32602


class ExecutionReverted(RpcError):
    """A call that reverted. `data` is what it reverted with, and the text carries a decoded reason."""

    rpc_code = REVERT_CODE

    def __init__(self, data: bytes) -> None:
        reason = revert_reason(data)
        super().__init__("execution reverted" if reason is None else f"execution reverted: {reason}")
        self.data = data


class ReceiptTimedOut(RpcError):
    """A transaction is in the pool, but in no block within the time to wait (EIP-7966). `data` is its hash."""

    rpc_code = 4

    def __init__(self, seconds: float, transaction_hash: bytes) -> None:
        text = f"The transaction was added to the transaction pool but wasn't processed in {seconds:g}s"  # geth's words
        super().__init__(text)
        self.data = transaction_hash


class NotReady(RpcError):
    """A transaction whose receipt was to be waited for can't be executed now; the pool never saw it (EIP-7966).

    `data` is its hash.
    """

    rpc_code = 5

    def __init__(self, reason: str, transaction_hash: bytes) -> None:
        super().__init__(f"The transaction was rejected: {reason}")
        self.data = transaction_hash


class NonceGap(RpcError):
    """A transaction whose receipt was to be waited for has too high a nonce; the pool never saw it (EIP-7966).

    `data` is the nonce that it should have.
    """

    rpc_code = 6

    def __init__(self, got: int, expected: int) -> None:
        super().__init__(f"The transaction was rejected due to a nonce gap: got {got}, expected {expected}.")
        self.data = hex(expected)


class CallFailed(RpcError):
    """A call that ran out of gas, hit an invalid opcode, or couldn't start."""

    rpc_code = -32000


class BlockNotFound(RpcError):
    """A question about the state of a block that this node does not have."""

    rpc_code = -32000


class TransactionNotFound(RpcError):
    """A question about what a transaction did that is not in the canonical chain."""

    rpc_code = -32000


class FilterNotFound(RpcError):
    """A filter or subscription that never was, expired, or fell too far behind."""

    rpc_code = -32000


class RequestTimedOut(RpcError):
    """The method took longer than the server allows."""

    rpc_code = -32002


class ResponseTooLarge(RpcError):
    """The answers of a batch together are larger than the server sends."""

    rpc_code = -32003


class LimitExceeded(RpcError):
    """Too many results, subscriptions, filters or concurrent requests."""

    rpc_code = -32005


class RateLimited(LimitExceeded):
    """A client that makes more calls than it may."""

    severity = Severity.TEMPORARY
    rpc_code = -32005

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"limit exceeded: too many calls, try again in {retry_after:.1f} s")
        self.retry_after = retry_after
        """Seconds."""


class CannotListen(RpcError):
    """The address to serve on is taken, not this machine's, or not permitted."""

    blame = Blame.OPERATOR
    severity = Severity.CRITICAL
