"""trace: Parity's flat traces, as explorers and indexers ask for them."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from rpc.context import Context
from rpc.errors import InvalidParams, LimitExceeded
from rpc.namespaces.debug_trace import bounds, located, traced_block, tracing
from rpc.namespaces.eth_calls import call_message
from rpc.parameters import LATEST, BlockSelector, CallRequest, Count
from rpc.parameters.tracing import TraceFilter, TraceKinds
from rpc.registry import MethodGroup
from state.primitives.types import Hash32

TRACE: Final = MethodGroup("Parity's traces")


def _array(traces: Sequence[bytes]) -> orjson.Fragment:
    return orjson.Fragment(b"[" + b",".join(traces) + b"]")


@TRACE.method("trace_block")
async def trace_block(context: Context, block: BlockSelector) -> Any:
    """The traces of all transactions of a block, deposits included, in order."""
    return _array(await tracing(context).flat_traces(traced_block(context, block), bounds(context)))


async def _traces_of(context: Context, transaction_hash: Hash32) -> Sequence[bytes]:
    place = located(context, transaction_hash)
    return await tracing(context).flat_traces(place.block_hash, bounds(context), indexes=[place.index])


@TRACE.method("trace_transaction")
async def trace_transaction(context: Context, transaction_hash: Hash32) -> Any:
    """The traces of a transaction of the chain."""
    return _array(await _traces_of(context, transaction_hash))


@TRACE.method("trace_get")
async def trace_get(context: Context, transaction_hash: Hash32, path: list[Count]) -> Any:
    """The trace at a path in a transaction's tree of calls; null where there is none."""
    for trace in await _traces_of(context, transaction_hash):
        if orjson.loads(trace)["traceAddress"] == path:
            return orjson.Fragment(trace)
    return None


@TRACE.method("trace_filter")
async def trace_filter(context: Context, criteria: TraceFilter) -> Any:
    """The traces of a range of blocks from or to given accounts, `count` of them after the first `after`."""
    blocks = _range(context, criteria)
    skip, found, size = criteria.after, list[bytes](), 0
    for number in blocks:
        block_hash = context.ports.chain.canonical_hash(number)
        if block_hash is None or (criteria.count is not None and len(found) >= criteria.count):
            break
        matches = await tracing(context).flat_traces(
            block_hash, bounds(context), senders=criteria.senders, recipients=criteria.recipients
        )
        fresh = matches[skip:]
        skip = max(0, skip - len(matches))
        found += fresh
        size += sum(map(len, fresh))
        if size > context.limits.trace_bytes:
            raise LimitExceeded("too many traces: ask for fewer blocks, or set count")
    return _array(found[: criteria.count])


def _range(context: Context, wanted: TraceFilter) -> range:
    first, last = (context.blocks.number_of(block.which) for block in (wanted.from_block, wanted.to_block))
    last = min(last, context.blocks.head_number)
    if first > last:
        raise InvalidParams(f"invalid block range: from {first} to {last}")
    most = context.limits.trace_blocks
    if last - first >= most:
        raise LimitExceeded(f"block range too large: got {last - first + 1}, expected at most {most}")
    return range(first, last + 1)


@TRACE.method("trace_call")
async def trace_call(
    context: Context, transaction: CallRequest, kinds: TraceKinds, block: BlockSelector = LATEST
) -> Any:
    """What a call would do on the state of a block, as `{output, trace}`; `kinds` is `["trace"]`."""
    del kinds
    selected = context.blocks.select(block)
    message = call_message(context, transaction, selected.header, default_gas=context.limits.call_gas)
    return orjson.Fragment(await tracing(context).flat_call(selected.hash, message, bounds(context)))


@TRACE.method("trace_replayTransaction")
async def trace_replay_transaction(context: Context, transaction_hash: Hash32, kinds: TraceKinds) -> Any:
    """What a transaction of the chain did, as `{output, trace}`; `kinds` is `["trace"]`."""
    del kinds
    place = located(context, transaction_hash)
    return orjson.Fragment(await tracing(context).flat_replay(place.block_hash, place.index, bounds(context)))
