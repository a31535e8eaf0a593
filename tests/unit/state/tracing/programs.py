"""Builders for tracer tests: contracts in assembler, run as one transaction, and what a tracer makes of it."""

import json
from dataclasses import dataclass, field
from typing import Any

from contracts.assembler import assemble
from state.execution.port import TransactionOutcome
from state.execution.traced import TraceableBlock
from state.primitives.types import Address, Gas, Wei
from state.tracing import Budget, TraceConfig, make_tracer
from state.transactions import ExecutableTransaction
from state.world.readers import DictState
from tests.unit.state.execution.chains import FUNDS, L2, SENDER, make_env, sign

MAIN = Address(b"\xaa" * 20)
OTHER = Address(b"\xbb" * 20)
NOBODY = Address(b"\x99" * 20)


def address_text(address: Address) -> str:
    return "0x" + address.hex()


def call(kind: str, to: Address, *, gas: str = "gas", value: int | None = None, size: int = 0) -> str:
    """Assembler for a call that hands on the first `size` bytes of memory, and pops whether it succeeded."""
    given = "" if kind in ("delegatecall", "staticcall") else f"{value or 0} "
    return f"0 0 {size} 0 {given}{address_text(to)} {gas} {kind} pop "


@dataclass
class Programs:
    """A state with a rich sender and the contracts that a test puts there."""

    state: DictState = field(default_factory=DictState)
    outcome: TransactionOutcome | None = None
    """Of the newest trace."""

    def __post_init__(self) -> None:
        self.state.put(SENDER, balance=FUNDS)

    def put(self, address: Address, source: str, **fields: Any) -> None:
        """A contract in assembler."""
        self.state.put(address, code=assemble(source), **fields)

    def trace(
        self,
        tracer: str = "",
        *,
        transaction: ExecutableTransaction | None = None,
        budget: Budget | None = None,
        options: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Any:
        """A tracer's result for a transaction to MAIN; `options` are TraceConfig's, `fields` the transaction's."""
        chosen = {"to": MAIN, "gas_limit": Gas(500_000), "value": Wei(0), "data": b""} | fields
        made = make_tracer(TraceConfig(tracer=tracer, **(options or {})), budget or Budget(1 << 24), {})
        block = TraceableBlock(self.state, make_env(), L2)
        self.outcome = block.trace(transaction or sign(**chosen), made)
        return json.loads(made.result())
