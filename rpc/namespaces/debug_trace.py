"""debug: transactions, blocks and calls run again with a tracer, and the storage of an account in between."""

from typing import Any, Final

import orjson

from rpc.context import Context
from rpc.errors import BlockNotFound, InvalidParams, MethodNotFound, TransactionNotFound
from rpc.namespaces.eth_calls import call_message, overridden_header
from rpc.parameters import LATEST, BlockByHash, BlockByNumber, BlockSelector, CallRequest, Count, Data
from rpc.parameters.blocks import BlockTag
from rpc.parameters.tracing import TraceCallRequest, TraceRequest
from rpc.registry import MethodGroup
from rpc.trace_ports import TraceBounds, TracePort
from rpc.values import TransactionLocation
from rpc.views.hexadecimal import data
from state.primitives.types import Address, Hash32

DEBUG: Final = MethodGroup("Traces")


def tracing(context: Context) -> TracePort:
    """The node's tracing. Raises MethodNotFound where it offers none."""
    if context.ports.traces is None:
        raise MethodNotFound("this server doesn't trace")
    return context.ports.traces


def bounds(context: Context, timeout: float | None = None) -> TraceBounds:
    """What one trace may take: the server's limits, or less time if the client says so."""
    limits = context.limits
    seconds = limits.trace_seconds if timeout is None else min(timeout, limits.trace_seconds)
    return TraceBounds(size=limits.trace_bytes, seconds=seconds)


def located(context: Context, transaction_hash: Hash32) -> TransactionLocation:
    """Where the chain has the transaction. Raises TransactionNotFound."""
    location = context.ports.chain.transaction_location(transaction_hash)
    if location is None:
        raise TransactionNotFound("transaction not found")
    return location


def traced_block(context: Context, selector: BlockSelector) -> Hash32:
    """The hash of a block that is to run again. Raises BlockNotFound, for the pending one, too."""
    if isinstance(selector, BlockByNumber) and selector.which is BlockTag.PENDING:
        raise BlockNotFound("tracing on top of pending is not supported")
    block_hash = context.blocks.hash_of(selector)
    if block_hash is None:
        raise BlockNotFound(f"block {_shown(context, selector)} not found")
    return block_hash


def _shown(context: Context, selector: BlockSelector) -> str:
    return data(selector.hash) if isinstance(selector, BlockByHash) else f"#{context.blocks.number_of(selector.which)}"


@DEBUG.method("debug_traceTransaction")
async def trace_transaction(context: Context, transaction_hash: Hash32, config: TraceRequest | None = None) -> Any:
    """What a transaction of the chain did: every opcode, or what the tracer named in `config` makes of it."""
    place, wanted = located(context, transaction_hash), config or TraceRequest()
    limits = bounds(context, wanted.timeout)
    answer = await tracing(context).trace_transaction(place.block_hash, place.index, wanted.config, limits)
    return orjson.Fragment(answer)


@DEBUG.method("debug_traceBlockByNumber")
async def trace_block_by_number(context: Context, block: BlockByNumber, config: TraceRequest | None = None) -> Any:
    """The traces of all transactions of the canonical block at a height or tag."""
    return await _trace_block(context, traced_block(context, block), config)


@DEBUG.method("debug_traceBlockByHash")
async def trace_block_by_hash(context: Context, block_hash: Hash32, config: TraceRequest | None = None) -> Any:
    """The traces of all transactions of the block of that hash, canonical or not."""
    return await _trace_block(context, traced_block(context, BlockByHash(hash=block_hash)), config)


async def _trace_block(context: Context, block_hash: Hash32, config: TraceRequest | None) -> orjson.Fragment:
    wanted = config or TraceRequest()
    limits = bounds(context, wanted.timeout)
    return orjson.Fragment(await tracing(context).trace_block(block_hash, wanted.config, limits))


@DEBUG.method("debug_traceBlock")
async def trace_block(context: Context, block: Data, config: TraceRequest | None = None) -> Any:
    """The traces of all transactions of a block given in RLP, on the state of its parent."""
    wanted = config or TraceRequest()
    limits = bounds(context, wanted.timeout)
    return orjson.Fragment(await tracing(context).trace_raw_block(block, wanted.config, limits))


@DEBUG.method("debug_traceCall")
async def trace_call(
    context: Context,
    transaction: CallRequest,
    block: BlockSelector = LATEST,
    config: TraceCallRequest | None = None,
) -> Any:
    """What a call would do on the state of a block; `config` may have stateOverrides, blockOverrides and txIndex."""
    selected, wanted = context.blocks.select(block), config or TraceCallRequest()
    header = overridden_header(selected.header, wanted.block_overrides)
    message = call_message(context, transaction, header, default_gas=context.limits.call_gas)
    answer = await tracing(context).trace_call(
        selected.hash,
        message,
        wanted.trace.config,
        bounds(context, wanted.trace.timeout),
        overrides=wanted.overrides,
        block_overrides=wanted.block_overrides,
        transaction_index=wanted.transaction_index,
    )
    return orjson.Fragment(answer)


@DEBUG.method("debug_storageRangeAt")
async def storage_range_at(
    context: Context, block: BlockSelector, transaction_index: Count, address: Address, start: Data, limit: Count
) -> Any:
    """An account's slots before a transaction of a block, by hashed key from `start` on, at most `limit`."""
    if len(start) > 32:
        raise InvalidParams(f"invalid argument 3: start: got {len(start)} bytes, expected at most 32")
    most = min(limit, context.limits.storage_slots)
    answer = await tracing(context).storage_range(
        traced_block(context, block), transaction_index, address, start, most, bounds(context)
    )
    return orjson.Fragment(answer)
