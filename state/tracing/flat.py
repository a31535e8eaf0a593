"""Parity's form: one row of traces, each with its path in the tree (geth's flatCallTracer, and the trace namespace).

Frames of precompiles that CALL or STATICCALL reach are left out, as Parity does.
"""

from collections.abc import Iterator
from typing import Any, Final

import orjson

from state.execution.vm_errors import EXECUTION_REVERTED
from state.tracing.budget import Budget
from state.tracing.call_frames import CallFrame, CallFrameTracer
from state.tracing.config import TraceConfig

_PARITY_ERRORS: Final = {
    "contract creation code storage out of gas": "Out of gas",
    "out of gas": "Out of gas",
    "gas uint64 overflow": "Out of gas",
    "max code size exceeded": "Out of gas",
    "invalid jump destination": "Bad jump destination",
    EXECUTION_REVERTED: "Reverted",
    "return data out of bounds": "Out of bounds",
    "stack limit reached 1024 (1023)": "Out of stack",
    "precompiled contract failed": "Built-in failed",
    "write protection": "Mutable Call In Static Context",
}
_PARITY_BEGINNINGS: Final = {"invalid opcode": "Bad instruction", "stack underflow": "Stack underflow"}


class FlatCallTracer(CallFrameTracer):
    """Traces in order: a frame, then those inside it."""

    def __init__(self, budget: Budget, config: TraceConfig, place: dict[str, Any]) -> None:
        """`place`: blockHash, blockNumber, transactionHash and transactionPosition, for every trace."""
        super().__init__(budget)
        self._config = config
        self._place = place

    def traces(self) -> list[dict[str, Any]]:
        """The traces as objects. The outermost has the gas of its frame: limit less intrinsic gas."""
        return list(self._flatten(self.finished(), []))

    def result(self) -> bytes:
        """The traces in an array; the outermost has the transaction's gas limit and gas used, as geth writes it."""
        traces = self.traces()
        traces[0]["action"]["gas"] = hex(self._message.gas_limit)
        if "result" in traces[0]:
            traces[0]["result"]["gasUsed"] = hex(self.outcome.gas_used)
        return orjson.dumps(traces)

    def _flatten(self, frame: CallFrame, path: list[int]) -> Iterator[dict[str, Any]]:
        inner = [call for call in frame.calls if self._is_shown(call)]
        self._budget.spend(8 * len(path))
        trace = {
            **_action(frame),
            "subtraces": len(inner),
            "traceAddress": path,
            **self._place,
        }
        if (error := frame.exit.error) is not None:
            trace["error"] = parity_error(error) if self._config.convert_parity_errors else error
            if error != EXECUTION_REVERTED:
                trace.pop("result", None)
        yield trace
        for index, call in enumerate(inner):
            yield from self._flatten(call, [*path, index])

    def _is_shown(self, call: CallFrame) -> bool:
        if self._config.include_precompiles or call.entry.kind not in ("CALL", "STATICCALL"):
            return True
        return not self._message.is_precompile(call.entry.to)


def _action(frame: CallFrame) -> dict[str, Any]:
    """Type, action and result of one frame."""
    entry, result = frame.entry, frame.exit
    sender, to, value = "0x" + entry.sender.hex(), "0x" + entry.to.hex(), hex(entry.value or 0)
    if entry.kind == "SELFDESTRUCT":
        return {"type": "suicide", "action": {"address": sender, "balance": value, "refundAddress": to}}
    spent = {"gasUsed": hex(result.gas_used)}
    action = {"from": sender, "gas": hex(entry.gas), "value": value}
    output = "0x" + result.output.hex()
    if frame.is_creation:
        creation = action | {"creationMethod": entry.kind.lower(), "init": "0x" + entry.input.hex()}
        made = {} if result.error is not None else {"address": to}
        return {"type": "create", "action": creation, "result": spent | made | {"code": output}}
    call = action | {"callType": entry.kind.lower(), "input": "0x" + entry.input.hex(), "to": to}
    return {"type": "call", "action": call, "result": spent | {"output": output}}


def parity_error(error: str) -> str:
    """What Parity calls the failure that geth calls `error`."""
    for beginning, words in _PARITY_BEGINNINGS.items():
        if error.startswith(beginning):
            return words
    return _PARITY_ERRORS.get(error, error)
