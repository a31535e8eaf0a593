"""TracePort over the reader processes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from node.readers import ReaderPool
from rpc.trace_ports import TraceBounds
from state.execution.port import AccountOverride, BlockOverrides, CallMessage
from state.primitives.types import Address, Hash32
from state.tracing import TraceConfig


class ReaderTraces:
    """Each question goes to a reader, which answers with JSON."""

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool

    async def _ask(self, question: str, bounds: TraceBounds, **arguments: Any) -> Any:
        parameters = {"question": question, "limit": bounds.size, "seconds": bounds.seconds, "arguments": arguments}
        return await self._pool.query("traces", parameters)

    async def trace_transaction(
        self, block_hash: Hash32, index: int, config: TraceConfig, bounds: TraceBounds
    ) -> bytes:
        answer: bytes = await self._ask("transaction", bounds, block_hash=block_hash, index=index, config=config)
        return answer

    async def trace_block(self, block_hash: Hash32, config: TraceConfig, bounds: TraceBounds) -> bytes:
        answer: bytes = await self._ask("block", bounds, block_hash=block_hash, config=config)
        return answer

    async def trace_raw_block(self, raw: bytes, config: TraceConfig, bounds: TraceBounds) -> bytes:
        answer: bytes = await self._ask("raw_block", bounds, raw=raw, config=config)
        return answer

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
        answer: bytes = await self._ask(
            "call",
            bounds,
            block_hash=block_hash,
            message=message,
            config=config,
            overrides=overrides,
            block_overrides=block_overrides,
            transaction_index=transaction_index,
        )
        return answer

    async def flat_traces(
        self,
        block_hash: Hash32,
        bounds: TraceBounds,
        *,
        indexes: Sequence[int] | None = None,
        senders: Collection[Address] = (),
        recipients: Collection[Address] = (),
    ) -> Sequence[bytes]:
        answer: Sequence[bytes] = await self._ask(
            "flat",
            bounds,
            block_hash=block_hash,
            indexes=indexes,
            senders=sorted(senders),
            recipients=sorted(recipients),
        )
        return answer

    async def flat_call(self, block_hash: Hash32, message: CallMessage, bounds: TraceBounds) -> bytes:
        answer: bytes = await self._ask("flat_call", bounds, block_hash=block_hash, message=message)
        return answer

    async def flat_replay(self, block_hash: Hash32, index: int, bounds: TraceBounds) -> bytes:
        answer: bytes = await self._ask("flat_replay", bounds, block_hash=block_hash, index=index)
        return answer

    async def storage_range(
        self, block_hash: Hash32, index: int, address: Address, start: bytes, limit: int, bounds: TraceBounds
    ) -> bytes:
        question = {"block_hash": block_hash, "index": index, "address": address, "start": start, "limit": limit}
        answer: bytes = await self._ask("storage_range", bounds, **question)
        return answer
