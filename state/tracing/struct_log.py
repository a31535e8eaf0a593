"""The default tracer: one entry an opcode, in geth's form (eth/tracers/logger; execution-apis OpcodeTransactionTrace).

Entries become JSON at once: as Python objects a trace would take thirty times the memory.
"""

from typing import Any

import orjson

from state.execution.hooks import Step, TracedMessage
from state.execution.opcode_names import NAMES, SLOAD, SSTORE
from state.execution.port import TransactionOutcome
from state.execution.vm_errors import EXECUTION_REVERTED
from state.primitives.types import Address
from state.tracing.budget import Budget
from state.tracing.config import TraceConfig
from state.tracing.tracer import Tracer
from state.world.journal import WorldState

ALL_OPCODES = frozenset(range(256))


class StructLogger(Tracer):
    """Every opcode with gas, stack, and what else was asked for."""

    opcodes = ALL_OPCODES

    def __init__(self, budget: Budget, config: TraceConfig) -> None:
        super().__init__(budget)
        self.wants_memory = config.enable_memory
        self._config = config
        self._entries: list[bytes] = []
        self._storage: dict[Address, dict[str, str]] = {}
        self._outcome: TransactionOutcome | None = None

    def begin(self, message: TracedMessage, world: WorldState) -> None:
        """Storage is read from `world` as it goes."""
        self._world = world

    def step(self, step: Step) -> None:
        """One more entry, unless there are `limit` already."""
        config = self._config
        if config.limit and len(self._entries) >= config.limit:
            return
        entry: dict[str, Any] = {
            "pc": step.pc,
            "op": NAMES[step.opcode],
            "gas": step.gas,
            "gasCost": step.cost,
            "depth": step.depth,
        }
        if step.error is not None:
            entry["error"] = step.error
        if not config.disable_stack:
            entry["stack"] = list(map(hex, step.stack))
        if config.enable_return_data and step.return_data:
            entry["returnData"] = "0x" + step.return_data.hex()
        if step.memory:
            digits = step.memory.hex()
            entry["memory"] = ["0x" + digits[start : start + 64] for start in range(0, len(digits), 64)]
        if not config.disable_storage and step.opcode in (SLOAD, SSTORE):
            self._add_storage(entry, step)
        if step.refund:
            entry["refund"] = step.refund
        encoded = orjson.dumps(entry)
        self._budget.spend(len(encoded) + 1)
        self._entries.append(encoded)

    def _add_storage(self, entry: dict[str, Any], step: Step) -> None:
        """All that the account's code has touched in this transaction until now."""
        stack = step.stack
        if len(stack) < (1 if step.opcode == SLOAD else 2):
            return
        slot = stack[-1]
        value = stack[-2] if step.opcode == SSTORE else self._world.get_storage(step.address, slot)
        touched = self._storage.setdefault(step.address, {})
        touched[f"0x{slot:064x}"] = f"0x{value:064x}"
        entry["storage"] = touched

    def end(self, outcome: TransactionOutcome) -> None:
        """Remembered for the frame of the answer."""
        self._outcome = outcome

    def result(self) -> bytes:
        """`{gas, failed, returnValue, structLogs}`; a revert returns its data, any other failure nothing."""
        outcome = self._outcome
        assert outcome is not None  # noqa: S101 - `end` has been called
        output = outcome.output if outcome.succeeded or outcome.error == EXECUTION_REVERTED else b""
        self._budget.spend(2 * len(output))
        head = orjson.dumps(
            {"gas": outcome.gas_used, "failed": not outcome.succeeded, "returnValue": "0x" + output.hex()}
        )
        return head[:-1] + b',"structLogs":[' + b",".join(self._entries) + b"]}"
