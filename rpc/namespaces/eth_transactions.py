"""eth: sending transactions, finding them, and their receipts."""

from typing import Final

from rpc.context import Context
from rpc.errors import NonceGap, NotReady, ReceiptTimedOut
from rpc.limits import Limits
from rpc.namespaces.eth_blocks import find_view
from rpc.namespaces.inclusion import block_transaction, pending_transactions, receipts_of
from rpc.parameters import BlockByHash, BlockByNumber, Count, Data, Uint64
from rpc.pending import is_pending, pending_block
from rpc.registry import MethodGroup
from rpc.results import DataText, HashText
from rpc.values import BlockView, JsonObject
from rpc.views.hexadecimal import data
from rpc.views.receipts import receipt_json
from rpc.views.transactions import pooled_transaction
from state.primitives.types import Hash32
from state.transactions import RecoveredTransaction, recover_transaction

TRANSACTIONS: Final = MethodGroup("Transactions")


@TRANSACTIONS.method("eth_sendRawTransaction")
async def send_raw_transaction(context: Context, transaction: Data) -> HashText:
    """The hash of a signed transaction that the pool now has."""
    return data(await context.ports.pool.submit(transaction))


@TRANSACTIONS.method("eth_sendRawTransactionSync")
async def send_raw_transaction_sync(
    context: Context, transaction: Data, timeout_milliseconds: Count | None = None
) -> JsonObject:
    """The receipt of a signed transaction that is sent and waited for (EIP-7966).

    Errors are 4 (in no block in time; `data` is the hash), 5 (can't be executed now, and was not taken; `data` is the
    hash) and 6 (nonce gap, and was not taken; `data` is the expected nonce), else those of eth_sendRawTransaction.
    """
    seconds = _seconds_to_wait(context.limits, timeout_milliseconds)
    context.head_waits.check_free()
    await _check_ready(context, recover_transaction(transaction))
    transaction_hash = await context.ports.pool.submit(transaction)
    receipt = await context.head_waits.until(lambda: _receipt(context, transaction_hash), seconds)
    if receipt is None:
        raise ReceiptTimedOut(seconds, transaction_hash)
    return receipt


def _seconds_to_wait(limits: Limits, milliseconds: int | None) -> float:
    if not milliseconds:
        return limits.receipt_seconds
    return min(milliseconds / 1_000, limits.longest_receipt_seconds)


async def _check_ready(context: Context, recovered: RecoveredTransaction) -> None:
    """Raises NonceGap or NotReady for what the next block couldn't take; other faults are the pool's to find."""
    head, transaction = context.blocks.head(), recovered.transaction
    expected = context.ports.pool.pending_nonce(recovered.sender)
    if expected is None:
        expected = await context.ports.state.nonce(head.hash, recovered.sender)
    if transaction.nonce > expected:
        raise NonceGap(transaction.nonce, expected)
    base_fee = context.ports.chain.next_base_fee(head.header)
    if transaction.max_fee_per_gas < base_fee:
        raise NotReady(
            "max fee per gas less than block base fee: "
            f"maxFeePerGas: {transaction.max_fee_per_gas}, baseFee: {base_fee}",
            recovered.hash,
        )


def _locate(context: Context, transaction_hash: Hash32) -> tuple[BlockView, int] | None:
    location = context.ports.chain.transaction_location(transaction_hash)
    view = None if location is None else context.blocks.view(location.block_hash)
    return None if location is None or view is None else (view, location.index)


@TRANSACTIONS.method("eth_getTransactionByHash")
def get_transaction_by_hash(context: Context, transaction_hash: Hash32) -> JsonObject | None:
    """The transaction from the canonical chain, else from the pool, else null."""
    located = _locate(context, transaction_hash)
    if located is not None:
        return block_transaction(context, *located)
    pooled = context.ports.pool.transaction(transaction_hash)
    return None if pooled is None else pooled_transaction(pooled)


@TRANSACTIONS.method("eth_getTransactionByBlockHashAndIndex")
def get_transaction_by_block_hash_and_index(context: Context, block_hash: Hash32, index: Uint64) -> JsonObject | None:
    """The transaction at an index of a block; null past the end."""
    return block_transaction(context, find_view(context, BlockByHash(hash=block_hash)), index)


@TRANSACTIONS.method("eth_getTransactionByBlockNumberAndIndex")
async def get_transaction_by_block_number_and_index(
    context: Context, block: BlockByNumber, index: Uint64
) -> JsonObject | None:
    """The transaction at an index of a canonical block; null past the end."""
    if is_pending(block):
        shown = pending_transactions((await pending_block(context)).block, full=True)
        return shown[index] if index < len(shown) else None
    return block_transaction(context, find_view(context, block), index)


@TRANSACTIONS.method("eth_getTransactionReceipt")
def get_transaction_receipt(context: Context, transaction_hash: Hash32) -> JsonObject | None:
    """What a transaction of the canonical chain did; null while it is pending or unknown."""
    return _receipt(context, transaction_hash)


def _receipt(context: Context, transaction_hash: Hash32) -> JsonObject | None:
    located = _locate(context, transaction_hash)
    if located is None:
        return None
    view, index = located
    return receipt_json(view, receipts_of(context, view), index)


@TRANSACTIONS.method("eth_getRawTransactionByHash")
def get_raw_transaction_by_hash(context: Context, transaction_hash: Hash32) -> DataText | None:
    """The EIP-2718 bytes of a transaction of the chain or the pool; null if unknown."""
    raw = find_raw(context, transaction_hash)
    return None if raw is None else data(raw)


def find_raw(context: Context, transaction_hash: Hash32) -> bytes | None:
    """The EIP-2718 bytes of a transaction of the chain or the pool."""
    located = _locate(context, transaction_hash)
    if located is not None:
        view, index = located
        return view.transactions[index]
    pooled = context.ports.pool.transaction(transaction_hash)
    return None if pooled is None else pooled.raw


@TRANSACTIONS.method("eth_getRawTransactionByBlockHashAndIndex")
def get_raw_transaction_by_block_hash_and_index(context: Context, block_hash: Hash32, index: Uint64) -> DataText | None:
    """The EIP-2718 bytes at an index of a block; null past the end."""
    return _raw_at(find_view(context, BlockByHash(hash=block_hash)), index)


@TRANSACTIONS.method("eth_getRawTransactionByBlockNumberAndIndex")
async def get_raw_transaction_by_block_number_and_index(
    context: Context, block: BlockByNumber, index: Uint64
) -> DataText | None:
    """The EIP-2718 bytes at an index of a canonical block; null past the end."""
    if is_pending(block):
        return _raw_at((await pending_block(context)).block, index)
    return _raw_at(find_view(context, block), index)


def _raw_at(view: BlockView | None, index: int) -> str | None:
    if view is None or index >= len(view.transactions):
        return None
    return data(view.transactions[index])
