"""ots: what the Otterscan explorer needs beside eth. Source: otterscan's docs/custom-jsonrpc.md, API version 8.

Numbers may be plain JSON numbers, as Otterscan sends them. A transaction that is not there answers null.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson

from rpc.context import Context
from rpc.errors import BlockNotFound, MethodNotFound
from rpc.history_ports import AddressBlock, HistoryPort
from rpc.namespaces.debug_trace import bounds, tracing
from rpc.namespaces.eth_blocks import find_view
from rpc.namespaces.inclusion import block_transaction, receipts_of
from rpc.parameters import LATEST, BlockByHash, BlockByNumber, BlockSelector, Count, Malformed, ParameterType
from rpc.parameters.blocks import parse_block_selector
from rpc.parameters.hexadecimal import parse_count
from rpc.registry import MethodGroup
from rpc.turns import taking_turns
from rpc.values import BlockView, JsonObject, TransactionLocation
from rpc.views.hexadecimal import data
from rpc.views.otterscan import (
    block_details,
    block_with_transactions,
    dated_receipt,
    internal_operation,
    receipt_in_row,
    traced_call,
)
from rpc.views.receipts import receipt_json
from state.primitives.types import Address, Hash32
from state.tracing import TraceConfig
from state.tracing.config import CALL

OTTERSCAN: Final = MethodGroup("Otterscan")
API_LEVEL: Final = 8
LARGEST_PAGE: Final = 100
LARGEST_BLOCK_PAGE: Final = 1_000


def _parse_block(value: object) -> BlockSelector:
    if isinstance(value, int) and not isinstance(value, bool):
        return BlockByNumber(which=parse_count(value))
    return parse_block_selector(value)


def _parse_page_size(value: object) -> int:
    return _size(value, LARGEST_PAGE)


def _parse_block_page_size(value: object) -> int:
    return _size(value, LARGEST_BLOCK_PAGE)


def _size(value: object, most: int) -> int:
    size = parse_count(value)
    if not 1 <= size <= most:
        raise Malformed(f"got {size}, expected 1 to {most}")
    return size


_COUNT_SCHEMA: Final = {"type": ["string", "integer"]}
AnyBlock = Annotated[
    BlockSelector,
    ParameterType(label="block", parse=_parse_block, schema={"type": ["string", "integer", "object"]}),
]
PageSize = Annotated[int, ParameterType(label="count", parse=_parse_page_size, schema=_COUNT_SCHEMA)]
BlockPageSize = Annotated[int, ParameterType(label="count", parse=_parse_block_page_size, schema=_COUNT_SCHEMA)]


def _history(context: Context) -> HistoryPort:
    if context.ports.history is None:
        raise MethodNotFound("this server doesn't look accounts up in the chain's history")
    return context.ports.history


@OTTERSCAN.method("ots_getApiLevel")
def get_api_level(_context: Context) -> int:
    """8: the version of Otterscan's own methods that is served."""
    return API_LEVEL


@OTTERSCAN.method("ots_hasCode")
async def has_code(context: Context, address: Address, block: AnyBlock = LATEST) -> bool:
    """Whether the account has code, a delegation (EIP-7702) included."""
    return bool(await context.ports.state.code(context.blocks.select(block).hash, address))


# Blocks


@OTTERSCAN.method("ots_getBlockDetails")
def get_block_details(context: Context, block: AnyBlock) -> JsonObject | None:
    """The block with the count of its transactions, its issuance (none) and its execution fees; null if unknown."""
    return _details(context, find_view(context, block))


@OTTERSCAN.method("ots_getBlockDetailsByHash")
def get_block_details_by_hash(context: Context, block_hash: Hash32) -> JsonObject | None:
    """The same for the block of that hash."""
    return _details(context, find_view(context, BlockByHash(hash=block_hash)))


def _details(context: Context, view: BlockView | None) -> JsonObject | None:
    return None if view is None else block_details(view, receipts_of(context, view))


@OTTERSCAN.method("ots_getBlockTransactions")
async def get_block_transactions(
    context: Context, block: AnyBlock, page: Count, page_size: BlockPageSize
) -> JsonObject | None:
    """A page of the block's transactions and receipts, page 0 being the last ones in it; null if unknown."""
    view = find_view(context, block)
    if view is None:
        return None
    stop = max(0, len(view.transactions) - page * page_size)
    start = max(0, stop - page_size)
    transactions, receipts = await _rendered(context, view, range(start, stop))
    return {
        "fullblock": block_with_transactions(view, transactions),
        "receipts": [receipt_in_row(receipt) for receipt in receipts],
    }


async def _rendered(
    context: Context, view: BlockView, indexes: Sequence[int]
) -> tuple[list[JsonObject], list[JsonObject]]:
    transactions, receipts = [], []
    async for index in taking_turns(indexes, every=32):
        transaction = block_transaction(context, view, index)
        if transaction is not None:
            transactions.append(transaction)
            receipts.append(receipt_json(view, receipts_of(context, view), index))
    return transactions, receipts


# Accounts


@OTTERSCAN.method("ots_searchTransactionsBefore")
async def search_transactions_before(
    context: Context, address: Address, block: Count, page_size: PageSize
) -> JsonObject:
    """Transactions of an address in blocks below one, newest first; 0 begins at the head.

    An address's are those that it sent, received, was created by or logged in; the last block is shown whole. Needs
    the node's address index.
    """
    last = context.blocks.head_number if block == 0 else block - 1
    found = await _history(context).address_transactions(address, 0, last, page_size, newest_first=True)
    return await _search_page(context, found.blocks, first_page=block == 0, last_page=not found.has_more)


@OTTERSCAN.method("ots_searchTransactionsAfter")
async def search_transactions_after(
    context: Context, address: Address, block: Count, page_size: PageSize
) -> JsonObject:
    """Transactions of an address in blocks above one, the nearest of them, newest first; 0 begins at genesis."""
    first = 0 if block == 0 else block + 1
    last = context.blocks.head_number
    found = await _history(context).address_transactions(address, first, last, page_size, newest_first=False)
    newest_first = list(reversed(found.blocks))
    return await _search_page(context, newest_first, first_page=not found.has_more, last_page=block == 0)


async def _search_page(
    context: Context, blocks: Sequence[AddressBlock], *, first_page: bool, last_page: bool
) -> JsonObject:
    transactions: list[JsonObject] = []
    receipts: list[JsonObject] = []
    for block in blocks:
        view = find_view(context, BlockByNumber(which=block.number))
        if view is None:
            raise BlockNotFound(f"block {block.number} was reorged out during the search")
        found = await _rendered(context, view, list(reversed(block.indexes)))
        transactions += found[0]
        receipts += [dated_receipt(receipt, view.header) for receipt in found[1]]
    return {"txs": transactions, "receipts": receipts, "firstPage": first_page, "lastPage": last_page}


@OTTERSCAN.method("ots_getTransactionBySenderAndNonce")
async def get_transaction_by_sender_and_nonce(context: Context, sender: Address, nonce: Count) -> str | None:
    """The hash of the account's transaction of that nonce; null while no block has it."""
    number = await _history(context).block_of_nonce(sender, nonce)
    view = None if number is None else find_view(context, BlockByNumber(which=number))
    if view is None:
        return None
    for index, (account, transaction_hash) in enumerate(zip(view.senders, view.transaction_hashes, strict=True)):
        if account == sender and _nonce(context, view, index) == nonce:
            return data(transaction_hash)
    return None


def _nonce(context: Context, view: BlockView, index: int) -> int | None:
    transaction = block_transaction(context, view, index)
    return None if transaction is None else int(transaction["nonce"], 16)


@OTTERSCAN.method("ots_getContractCreator")
async def get_contract_creator(context: Context, address: Address) -> JsonObject | None:
    """`hash` and `creator` of the transaction that made a contract, by itself or through another; null for genesis."""
    number = await _history(context).first_block_with_code(address)
    view = None if not number else find_view(context, BlockByNumber(which=number))
    if view is None:
        return None
    traces = await tracing(context).flat_traces(view.hash, bounds(context), recipients=[address])
    for trace in reversed([orjson.loads(trace) for trace in traces]):
        if trace["type"] == "create" and "error" not in trace:
            return {"hash": trace["transactionHash"], "creator": trace["action"]["from"]}
    return None


# What happened inside


async def _traces(context: Context, place: TransactionLocation) -> Sequence[bytes]:
    return await tracing(context).flat_traces(place.block_hash, bounds(context), indexes=[place.index])


@OTTERSCAN.method("ots_getInternalOperations")
async def get_internal_operations(context: Context, transaction_hash: Hash32) -> list[JsonObject] | None:
    """Coin that moved inside the transaction (type 0), self-destructions (1), creations (2, 3); null if unknown."""
    place = context.ports.chain.transaction_location(transaction_hash)
    if place is None:
        return None
    found = []
    async for trace in taking_turns(await _traces(context, place)):
        operation = internal_operation(orjson.loads(trace))
        if operation is not None:
            found.append(operation)
    return found


@OTTERSCAN.method("ots_traceTransaction")
async def trace_transaction(context: Context, transaction_hash: Hash32) -> list[JsonObject] | None:
    """Every call of the transaction in order, with its depth; null if unknown."""
    place = context.ports.chain.transaction_location(transaction_hash)
    if place is None:
        return None
    return [traced_call(orjson.loads(t)) async for t in taking_turns(await _traces(context, place))]


@OTTERSCAN.method("ots_getTransactionError")
async def get_transaction_error(context: Context, transaction_hash: Hash32) -> str | None:
    """What the transaction reverted with; `0x` for one that succeeded, or failed without; null if unknown."""
    place = context.ports.chain.transaction_location(transaction_hash)
    if place is None:
        return None
    receipts = context.blocks.receipts(place.block_hash)
    if receipts is None or receipts.receipts[place.index].succeeded:
        return "0x"
    config = TraceConfig(tracer=CALL, only_top_call=True)
    answer: dict[str, Any] = orjson.loads(
        await tracing(context).trace_transaction(place.block_hash, place.index, config, bounds(context))
    )
    output: str = answer.get("output", "0x")
    return output
