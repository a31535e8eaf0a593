"""txpool: what waits for a block, in geth's grouping: by sender (EIP-55 spelling) and by nonce (decimal)."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from contracts.addresses import checksum
from rpc.context import Context
from rpc.errors import LimitExceeded
from rpc.registry import MethodGroup
from rpc.turns import taking_turns
from rpc.values import JsonObject, PoolEntry
from rpc.views.hexadecimal import quantity
from rpc.views.transactions import pooled_transaction
from state.primitives.types import Address
from state.transactions import RecoveredTransaction

TXPOOL: Final = MethodGroup("Transaction pool")

_JSON_OVERHEAD: Final = 1_024
"""Bytes of a transaction's JSON beside its data, whose every byte becomes two digits."""


@TXPOOL.method("txpool_status")
def status(context: Context) -> JsonObject:
    """How many transactions are executable (`pending`) and how many wait behind a nonce gap (`queued`)."""
    counts = context.ports.pool.counts()
    return {"pending": quantity(counts.executable), "queued": quantity(counts.queued)}


@TXPOOL.method("txpool_content")
async def content(context: Context) -> JsonObject:
    """All transactions of the pool, by sender and nonce."""
    entries = _bounded(context, list(context.ports.pool.content()))
    return await _by_sender(entries, pooled_transaction)


@TXPOOL.method("txpool_contentFrom")
async def content_from(context: Context, address: Address) -> JsonObject:
    """The transactions that one sender has in the pool, by nonce."""
    entries = _bounded(context, list(context.ports.pool.content(address)))
    grouped = await _by_sender(entries, pooled_transaction)
    return {kind: senders.get(checksum(address), {}) for kind, senders in grouped.items()}


@TXPOOL.method("txpool_inspect")
async def inspect(context: Context) -> JsonObject:
    """All transactions of the pool, each as one line of text."""
    return await _by_sender(list(context.ports.pool.content()), _line)


def _bounded(context: Context, entries: Sequence[PoolEntry]) -> Sequence[PoolEntry]:
    size = sum(_JSON_OVERHEAD + 2 * len(entry.transaction.raw) for entry in entries)
    if size > context.limits.response_bytes:
        raise LimitExceeded(f"the pool's {len(entries)} transactions are too large for one answer: ask for one sender")
    return entries


async def _by_sender(entries: Sequence[PoolEntry], show: Callable[[RecoveredTransaction], Any]) -> JsonObject:
    grouped: dict[str, dict[str, dict[str, Any]]] = {"pending": {}, "queued": {}}
    async for entry in taking_turns(entries):
        transaction = entry.transaction
        senders = grouped["pending" if entry.is_executable else "queued"]
        of_sender = senders.setdefault(checksum(transaction.sender), {})
        of_sender[str(transaction.transaction.nonce)] = show(transaction)
    return grouped


def _line(pooled: RecoveredTransaction) -> str:
    transaction = pooled.transaction
    target = "contract creation" if transaction.to is None else checksum(transaction.to)
    return f"{target}: {transaction.value} wei + {transaction.gas_limit} gas × {transaction.max_fee_per_gas} wei"
