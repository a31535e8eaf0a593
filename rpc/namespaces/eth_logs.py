"""eth: logs, and filters that are polled."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import orjson

from rpc.context import Context
from rpc.errors import BlockNotFound, FilterNotFound, InvalidParams, LimitExceeded
from rpc.events import HeadEvent
from rpc.filters import FilterKind
from rpc.namespaces.eth_transactions import get_transaction_by_hash
from rpc.parameters import LATEST, FilterRequest, SubscriptionId
from rpc.parameters.blocks import BlockByNumber
from rpc.registry import MethodGroup
from rpc.results import ResultSchema
from rpc.subscriptions import logs_of_block
from rpc.turns import taking_turns
from rpc.values import JsonObject
from rpc.views.hexadecimal import data
from state.primitives.types import BlockNumber, Hash32

T = TypeVar("T")

LOGS: Final = MethodGroup("Logs and filters")
RenderedLogs: TypeAlias = Annotated[Any, ResultSchema(schema={"type": "array", "items": {"type": "object"}})]
"""Logs as JSON objects, or the finished JSON of them."""


@LOGS.method("eth_getLogs")
async def get_logs(context: Context, filter: FilterRequest) -> RenderedLogs:
    """Logs of one block or a range of the canonical chain, by address and by topic at each position."""
    if filter.block_hash is not None:
        if context.blocks.header(filter.block_hash) is None:
            raise BlockNotFound("unknown block")
        return list(_bounded(context, logs_of_block(context.blocks, HeadEvent(block_hash=filter.block_hash), filter)))
    first, last = block_range(context, filter)
    # The last block's hash stands for the whole range: what these blocks hold can't change under it.
    key = ("logs", context.ports.chain.canonical_hash(last), first, filter.addresses, filter.topics)
    rendered = context.blocks.rendered.find(key)
    if rendered is not None:
        return rendered
    logs = orjson.Fragment(
        await context.ports.state.rendered_logs(
            BlockNumber(first),
            BlockNumber(last),
            filter.addresses,
            filter.topics,
            limit=context.limits.log_results,
            max_bytes=context.limits.response_bytes,
        )
    )
    if context.ports.chain.canonical_hash(last) != key[1]:
        return logs  # the chain was reorganised meanwhile
    return context.blocks.rendered.get(key, lambda: logs)


def block_range(context: Context, criteria: FilterRequest) -> tuple[int, int]:
    """The first and last height to search, both of blocks that exist.

    Raises InvalidParams for a reversed range and for one that ends above the head (who asks a node that lags behind
    would take an empty answer for a final one), LimitExceeded for one that spans too many blocks.
    Source: ethereum/execution-apis, eth_getLogs.
    """
    first, last = _height(context, criteria.from_block), _height(context, criteria.to_block)
    if first > last:
        raise InvalidParams("invalid block range params")
    if last > context.blocks.head_number:
        raise InvalidParams("block range extends beyond current head block")
    if last - first >= context.limits.log_range:
        raise LimitExceeded(f"block range is too wide: got {last - first + 1}, at most {context.limits.log_range}")
    return first, last


def _height(context: Context, block: BlockByNumber | None) -> int:
    return context.blocks.number_of((block or LATEST).which)


def _bounded(context: Context, results: Sequence[T]) -> Sequence[T]:
    limit = context.limits.log_results
    if len(results) > limit:
        raise LimitExceeded(f"query returned more than {limit} results; narrow the range or the filter")
    return results


@LOGS.method("eth_newFilter")
def new_filter(context: Context, filter: FilterRequest) -> str:
    """The id of a filter that tells new logs when it is polled; its range may lie above the head."""
    is_live = filter.to_block is None or not isinstance(filter.to_block.which, int)
    if not is_live and _height(context, filter.from_block) > _height(context, filter.to_block):
        raise InvalidParams("invalid block range params")
    return context.filters.install(FilterKind.LOGS, filter)


@LOGS.method("eth_newBlockFilter")
def new_block_filter(context: Context) -> str:
    """The id of a filter that tells new blocks' hashes when it is polled."""
    return context.filters.install(FilterKind.BLOCKS)


@LOGS.method("eth_newPendingTransactionFilter")
def new_pending_transaction_filter(context: Context, full_transactions: bool = False) -> str:
    """The id of a filter that tells hashes (or whole transactions) new in the pool when it is polled."""
    return context.filters.install(FilterKind.PENDING_TRANSACTIONS, has_bodies=full_transactions)


@LOGS.method("eth_getFilterChanges")
async def get_filter_changes(context: Context, filter_id: SubscriptionId) -> list[Any]:
    """What happened since the filter was polled last; logs that a reorg removed come with `removed`."""
    found = context.filters.find(filter_id)
    if found.kind is FilterKind.PENDING_TRANSACTIONS:
        admitted = context.filters.new_pending(found)
        return await _whole(context, admitted) if found.has_bodies else _hashes(admitted)
    events = context.filters.new_heads(found)
    if found.kind is FilterKind.BLOCKS:
        return _hashes([event.block_hash for event in events if not event.removed])
    logs: list[JsonObject] = []
    async for event in taking_turns(events, every=1):
        logs += logs_of_block(context.blocks, event, found.criteria)
        _bounded(context, logs)
    return logs


async def _whole(context: Context, admitted: Sequence[Hash32]) -> list[JsonObject]:
    """The transactions, with their place where a block has taken them meanwhile; without those that are gone."""
    shown, size = [], 0
    async for transaction_hash in taking_turns(admitted):
        transaction = get_transaction_by_hash(context, transaction_hash)
        if transaction is None:
            continue
        shown.append(transaction)
        size += len(transaction["input"])
        if size > context.limits.response_bytes:
            raise LimitExceeded("too many pending transactions for one answer: ask for hashes")
    return shown


def _hashes(entries: Sequence[Hash32]) -> list[str]:
    return [data(entry) for entry in entries]


@LOGS.method("eth_getFilterLogs")
async def get_filter_logs(context: Context, filter_id: SubscriptionId) -> RenderedLogs:
    """All logs that a log filter's criteria match, as eth_getLogs answers them."""
    found = context.filters.find(filter_id)
    if found.kind is not FilterKind.LOGS:
        raise FilterNotFound("filter not found: it is no log filter")
    return await get_logs(context, found.criteria)


@LOGS.method("eth_uninstallFilter")
def uninstall_filter(context: Context, filter_id: SubscriptionId) -> bool:
    """Whether there was such a filter; it is gone now."""
    return context.filters.uninstall(filter_id)
