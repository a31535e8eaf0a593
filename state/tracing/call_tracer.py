"""geth's callTracer: frames in frames (eth/tracers/native/call.go)."""

from typing import Any

import orjson

from state.execution.hooks import EmittedLog
from state.execution.reverts import revert_reason
from state.execution.vm_errors import EXECUTION_REVERTED
from state.tracing.budget import Budget
from state.tracing.call_frames import CallFrame, CallFrameTracer
from state.tracing.config import TraceConfig


class CallTracer(CallFrameTracer):
    """Frames in frames, with logs if asked for."""

    def __init__(self, budget: Budget, config: TraceConfig) -> None:
        super().__init__(budget, only_top_call=config.only_top_call, with_log=config.with_log)

    def result(self) -> bytes:
        """The outermost frame; its gas is the transaction's limit, its gas used the receipt's."""
        root = self.finished()
        whole = {"gas": hex(self._message.gas_limit), "gasUsed": hex(self.outcome.gas_used)}
        return _frame_json(root, is_void=False, changes=whole)


def _frame_json(frame: CallFrame, *, is_void: bool, changes: dict[str, str] | None = None) -> bytes:
    """`is_void`: a frame around it failed, and its logs never were.

    Put together by hand: a chain may nest frames 1,024 deep, JSON encoders give up long before.
    """
    is_void = is_void or frame.exit.error is not None
    encoded = orjson.dumps(_own_json(frame, is_void=is_void) | (changes or {}))
    if not frame.calls:
        return encoded
    inner = b",".join([_frame_json(call, is_void=is_void) for call in frame.calls])
    return encoded[:-1] + b',"calls":[' + inner + b"]}"


def _own_json(frame: CallFrame, *, is_void: bool) -> dict[str, Any]:
    """All but the frames inside; empty output, and the contract that a failed creation didn't make, are left out."""
    entry, result = frame.entry, frame.exit
    shown: dict[str, Any] = {
        "from": "0x" + entry.sender.hex(),
        "gas": hex(entry.gas),
        "gasUsed": hex(result.gas_used),
        "input": "0x" + entry.input.hex(),
        "type": entry.kind,
    }
    if result.error is None or not frame.is_creation:
        shown["to"] = "0x" + entry.to.hex()
    if entry.value is not None:
        shown["value"] = hex(entry.value)
    if result.output and result.error in (None, EXECUTION_REVERTED):
        shown["output"] = "0x" + result.output.hex()
    if result.error is not None:
        shown["error"] = result.error
    if result.error == EXECUTION_REVERTED and (reason := revert_reason(result.output)) is not None:
        shown["revertReason"] = reason
    if frame.logs and not is_void:
        shown["logs"] = [_log_json(log, position) for position, log in frame.logs]
    return shown


def _log_json(log: EmittedLog, position: int) -> dict[str, Any]:
    return {
        "address": "0x" + log.address.hex(),
        "topics": [f"0x{topic:064x}" for topic in log.topics],
        "data": "0x" + log.data.hex(),
        "index": hex(log.index),
        "position": hex(position),
    }
