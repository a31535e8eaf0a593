"""What a sandbox refuses.

NodeError
└── SandboxRefusal    -32602  a timestamp in the past, too many snapshots
"""

from state.errors import Blame, NodeError


class SandboxRefusal(NodeError):
    """A wish that even a sandbox can't fulfil; the text names what was got and expected."""

    blame = Blame.USER
    rpc_code = -32602
