"""Transactions and receipts of a block or of the pool, as several namespaces show them."""

from typing import Any

from rpc.context import Context
from rpc.values import BlockView, JsonObject, PendingBlock, ReceiptsView
from rpc.views.hexadecimal import data
from rpc.views.receipts import receipt_json
from rpc.views.transactions import included_transaction
from state.errors import StorageError


def receipts_of(context: Context, view: BlockView) -> ReceiptsView:
    """The block's receipts. Raises StorageError if they are gone while the block is there."""
    receipts = context.blocks.receipts(view.hash)
    if receipts is None:
        raise StorageError(f"receipts of block 0x{view.hash.hex()} are not on disk")
    return receipts


def block_transaction(context: Context, view: BlockView | None, index: int) -> JsonObject | None:
    """The transaction at `index`; None past the end or without a block."""
    if view is None or index >= len(view.transactions):
        return None
    return included_transaction(view, index, _deposit_nonce(context, view, index))


def _deposit_nonce(context: Context, view: BlockView, index: int) -> int | None:
    """Read from the receipt, and only for deposits: nothing else needs the block's receipts."""
    if view.transactions[index][0] != 0x7E:
        return None
    return receipts_of(context, view).receipts[index].deposit_nonce


def block_transactions(context: Context, view: BlockView) -> list[JsonObject]:
    """All transactions of a block, in order."""
    return [
        included_transaction(view, index, _deposit_nonce(context, view, index))
        for index in range(len(view.transactions))
    ]


def block_receipts(context: Context, view: BlockView) -> list[JsonObject]:
    """All receipts of a block, in order."""
    receipts = receipts_of(context, view)
    return [receipt_json(view, receipts, index) for index in range(len(view.transactions))]


def pending_transactions(view: BlockView, *, full: bool) -> list[Any]:
    """Hashes or full transactions of a pending block: placed, but in a block that has no hash yet."""
    if not full:
        return [data(transaction_hash) for transaction_hash in view.transaction_hashes]
    return [{**included_transaction(view, index, None), "blockHash": None} for index in range(len(view.transactions))]


def pending_receipts(pending: PendingBlock) -> list[JsonObject] | None:
    """The receipts of a pending block; None where nothing was executed ahead. As in geth they show its hash."""
    if len(pending.receipts.receipts) != len(pending.block.transactions):
        return None
    return [receipt_json(pending.block, pending.receipts, index) for index in range(len(pending.block.transactions))]
