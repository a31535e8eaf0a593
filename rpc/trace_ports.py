"""What the trace methods ask: transactions of the chain, and calls, run again with a tracer.

Answers are JSON as bytes, made where the transaction ran and only passed on here: a trace may be as large as an answer
can be, and parsing it would keep everybody else waiting.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from state.execution.port import AccountOverride, BlockOverrides, CallMessage
from state.primitives.types import Address, Hash32
from state.tracing import TraceConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceBounds:
    """What one question may take. More of either ends in an error, -32003 or -32002."""

    size: int
    """Bytes of JSON."""
    seconds: float


class TracePort(Protocol):
    """Each raises NodeError for a block or state that isn't there, and where the bounds are reached."""

    async def trace_transaction(
        self, block_hash: Hash32, index: int, config: TraceConfig, bounds: TraceBounds
    ) -> bytes:
        """The tracer's result for a transaction of a block."""

    async def trace_block(self, block_hash: Hash32, config: TraceConfig, bounds: TraceBounds) -> bytes:
        """`[{txHash, result}, …]` for all of them."""

    async def trace_raw_block(self, raw: bytes, config: TraceConfig, bounds: TraceBounds) -> bytes:
        """The same for a block in RLP."""

    async def trace_call(
        self,
        block_hash: Hash32,
        message: CallMessage,
        config: TraceConfig,
        bounds: TraceBounds,
        *,
        overrides: Mapping[Address, AccountOverride],
        block_overrides: BlockOverrides | None,
        transaction_index: int | None,
    ) -> bytes:
        """The tracer's result for a call on the state after the block, or before one of its transactions."""

    async def flat_traces(
        self,
        block_hash: Hash32,
        bounds: TraceBounds,
        *,
        indexes: Sequence[int] | None = None,
        senders: Collection[Address] = (),
        recipients: Collection[Address] = (),
    ) -> Sequence[bytes]:
        """Parity's traces of a block, or of some of its transactions; only those from `senders`, to `recipients`."""

    async def flat_call(self, block_hash: Hash32, message: CallMessage, bounds: TraceBounds) -> bytes:
        """Parity's `{output, trace}` of a call."""

    async def flat_replay(self, block_hash: Hash32, index: int, bounds: TraceBounds) -> bytes:
        """The same of a transaction."""

    async def storage_range(
        self, block_hash: Hash32, index: int, address: Address, start: bytes, limit: int, bounds: TraceBounds
    ) -> bytes:
        """`{storage, nextKey}` of an account before a transaction of a block."""
