"""How much a trace may take.

NodeError
├── TraceTooLarge    -32003
└── TraceTimedOut    -32002
"""

from collections.abc import Callable

from state.errors import Blame, NodeError


class TraceTooLarge(NodeError):
    """The trace outgrew what the node answers with; it was stopped, and says how to ask for less."""

    blame = Blame.USER
    rpc_code = -32003


class TraceTimedOut(NodeError):
    """The execution took longer than the caller or the node allows."""

    blame = Blame.USER
    rpc_code = -32002


class Budget:
    """Bytes and time, shared by all tracers of one question."""

    def __init__(self, limit: int, is_over: Callable[[], bool] = lambda: False) -> None:
        """`limit`: bytes of JSON. `is_over`: whether the time is up."""
        self._limit = limit
        self._left = limit
        self._is_over = is_over

    def spend(self, size: int) -> None:
        """Raises TraceTooLarge once more than the limit was spent."""
        self._left -= size
        if self._left < 0:
            raise TraceTooLarge(
                f"trace too large: over {self._limit} bytes; set limit, disableStack, disableStorage or onlyTopCall, "
                "or trace fewer transactions at once"
            )

    def tick(self) -> None:
        """Raises TraceTimedOut when the time is up."""
        if self._is_over():
            raise TraceTimedOut("execution timeout")
