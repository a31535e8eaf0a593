"""debug: consensus encodings of blocks, receipts and transactions."""

from typing import Final

from rpc.context import Context
from rpc.errors import BlockNotFound
from rpc.namespaces.eth_blocks import find_view
from rpc.namespaces.eth_transactions import find_raw
from rpc.namespaces.inclusion import receipts_of
from rpc.parameters import BlockSelector
from rpc.registry import MethodGroup
from rpc.results import DataText
from rpc.values import BlockView, JsonObject
from rpc.views.blocks import encode_block
from rpc.views.hexadecimal import data
from state.primitives.types import Hash32

RAW: Final = MethodGroup("Raw encodings")


def _view(context: Context, block: BlockSelector) -> BlockView:
    view = find_view(context, block)
    if view is None:
        raise BlockNotFound("block not found")
    return view


@RAW.method("debug_getRawHeader")
def get_raw_header(context: Context, block: BlockSelector) -> DataText:
    """The RLP of a header."""
    return data(_view(context, block).header.encode())


@RAW.method("debug_getRawBlock")
def get_raw_block(context: Context, block: BlockSelector) -> DataText:
    """The RLP of a block."""
    return data(encode_block(_view(context, block)))


@RAW.method("debug_getRawReceipts")
def get_raw_receipts(context: Context, block: BlockSelector) -> list[DataText]:
    """The EIP-2718 bytes of each receipt of a block, as the receipts trie holds them."""
    view = _view(context, block)
    return [data(receipt.encode()) for receipt in receipts_of(context, view).receipts]


@RAW.method("debug_getRawBlockAccessList")
def get_raw_block_access_list(context: Context, block: BlockSelector) -> DataText:
    """`0x` for every block that exists: blocks carry no access lists (EIP-7928) before Amsterdam."""
    _view(context, block)
    return "0x"


@RAW.method("debug_getBadBlocks")
def get_bad_blocks(_context: Context) -> list[JsonObject]:
    """Blocks that failed validation: none, for this node keeps none of them."""
    return []


@RAW.method("debug_getRawTransaction")
def get_raw_transaction(context: Context, transaction_hash: Hash32) -> DataText:
    """The EIP-2718 bytes of a transaction of the chain or the pool; `0x` if unknown."""
    return data(find_raw(context, transaction_hash) or b"")
