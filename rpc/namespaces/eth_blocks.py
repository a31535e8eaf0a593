"""eth: blocks and what counts as part of them."""

from typing import Any, Final

import orjson

from rpc.context import Context
from rpc.namespaces.inclusion import (
    block_receipts,
    block_transactions,
    pending_receipts,
    pending_transactions,
)
from rpc.parameters import BlockByHash, BlockByNumber, BlockSelector, Uint64
from rpc.pending import is_pending, pending_block
from rpc.registry import MethodGroup
from rpc.results import QuantityText
from rpc.values import BlockView, JsonObject
from rpc.views.blocks import block_json, hashed_header_json, pending_block_json, pending_header_json
from rpc.views.hexadecimal import data, quantity
from state.primitives.types import Hash32

BLOCKS: Final = MethodGroup("Blocks")


def find_view(context: Context, selector: BlockSelector) -> BlockView | None:
    """The selected block, if the chain has it."""
    block_hash = context.blocks.hash_of(selector)
    return None if block_hash is None else context.blocks.view(block_hash)


@BLOCKS.method("eth_getBlockByNumber")
async def get_block_by_number(context: Context, block: BlockByNumber, full_transactions: bool) -> Any:
    """The canonical block at a height or tag, with hashes or full transactions; null above the head."""
    if is_pending(block):
        view = (await pending_block(context)).block
        return pending_block_json(view, pending_transactions(view, full=full_transactions))
    return _block(context, find_view(context, block), full_transactions)


@BLOCKS.method("eth_getBlockByHash")
def get_block_by_hash(context: Context, block_hash: Hash32, full_transactions: bool) -> Any:
    """The block of that hash, canonical or not, with hashes or full transactions; null if unknown."""
    return _block(context, find_view(context, BlockByHash(hash=block_hash)), full_transactions)


def _block(context: Context, view: BlockView | None, full: bool) -> orjson.Fragment | None:
    if view is None:
        return None
    return context.blocks.rendered.get((view.hash, "block", full), lambda: _render(context, view, full))


def _render(context: Context, view: BlockView, full: bool) -> JsonObject:
    transactions: list[Any] = (
        block_transactions(context, view) if full else [data(entry) for entry in view.transaction_hashes]
    )
    return block_json(view, transactions)


@BLOCKS.method("eth_getHeaderByNumber")
async def get_header_by_number(context: Context, block: BlockByNumber) -> JsonObject | None:
    """The header of the canonical block at a height or tag; null above the head."""
    if is_pending(block):
        return pending_header_json((await pending_block(context)).block.header)
    return _header(context, context.blocks.hash_of(block))


@BLOCKS.method("eth_getHeaderByHash")
def get_header_by_hash(context: Context, block_hash: Hash32) -> JsonObject | None:
    """The header of the block of that hash, canonical or not; null if unknown."""
    return _header(context, block_hash)


def _header(context: Context, block_hash: Hash32 | None) -> JsonObject | None:
    header = None if block_hash is None else context.blocks.header(block_hash)
    return None if block_hash is None or header is None else hashed_header_json(header, block_hash)


@BLOCKS.method("eth_getBlockTransactionCountByNumber")
async def get_block_transaction_count_by_number(context: Context, block: BlockByNumber) -> QuantityText | None:
    """How many transactions the canonical block at a height or tag has; null above the head."""
    if is_pending(block):
        return _transaction_count((await pending_block(context)).block)
    return _transaction_count(find_view(context, block))


@BLOCKS.method("eth_getBlockTransactionCountByHash")
def get_block_transaction_count_by_hash(context: Context, block_hash: Hash32) -> QuantityText | None:
    """How many transactions the block of that hash has; null if unknown."""
    return _transaction_count(find_view(context, BlockByHash(hash=block_hash)))


def _transaction_count(view: BlockView | None) -> str | None:
    return None if view is None else quantity(len(view.transactions))


@BLOCKS.method("eth_getBlockReceipts")
async def get_block_receipts(context: Context, block: BlockSelector) -> Any:
    """All receipts of a block, in order; null if unknown."""
    if is_pending(block):
        return pending_receipts(await pending_block(context))
    view = find_view(context, block)
    if view is None:
        return None
    return context.blocks.rendered.get((view.hash, "receipts"), lambda: block_receipts(context, view))


@BLOCKS.method("eth_getBlockAccessList")
def get_block_access_list(_context: Context, block: BlockSelector) -> None:
    """Null: blocks carry no access lists (EIP-7928) before Amsterdam."""


@BLOCKS.method("eth_getUncleCountByBlockNumber")
def get_uncle_count_by_block_number(context: Context, block: BlockByNumber) -> QuantityText | None:
    """Zero for every block that exists: this chain has no uncles."""
    return "0x0" if context.blocks.hash_of(block) is not None else None


@BLOCKS.method("eth_getUncleCountByBlockHash")
def get_uncle_count_by_block_hash(context: Context, block_hash: Hash32) -> QuantityText | None:
    """Zero for every block that exists: this chain has no uncles."""
    return "0x0" if context.blocks.header(block_hash) is not None else None


@BLOCKS.method("eth_getUncleByBlockNumberAndIndex")
def get_uncle_by_block_number_and_index(_context: Context, block: BlockByNumber, index: Uint64) -> None:
    """Null: this chain has no uncles."""


@BLOCKS.method("eth_getUncleByBlockHashAndIndex")
def get_uncle_by_block_hash_and_index(_context: Context, block_hash: Hash32, index: Uint64) -> None:
    """Null: this chain has no uncles."""
