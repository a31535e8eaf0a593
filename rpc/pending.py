"""The tag `pending`: the next block, executed ahead where the node can do that, else guessed from the pool."""

from typing import Final

from rpc.blocks import SelectedBlock
from rpc.context import Context
from rpc.parameters import BlockByNumber, BlockSelector, BlockTag
from rpc.values import BlockView, PendingBlock, ReceiptsView
from state.primitives.types import ZERO_HASH

MAX_GUESSED_TRANSACTIONS: Final = 2_000


def is_pending(selector: BlockSelector) -> bool:
    """Whether the client asks for the next block."""
    return isinstance(selector, BlockByNumber) and selector.which is BlockTag.PENDING


async def select_state(context: Context, selector: BlockSelector) -> SelectedBlock:
    """The block whose state is asked about; for `pending` the next one. Raises BlockNotFound in geth's words."""
    if context.ports.pending is None or not is_pending(selector):
        return context.blocks.select(selector)
    block = (await context.ports.pending.block()).block
    return SelectedBlock(hash=block.hash, header=block.header, is_pending=True)


async def pending_block(context: Context) -> PendingBlock:
    """The next block: what the pool would put into it, with receipts where they are known."""
    if context.ports.pending is not None:
        return await context.ports.pending.block()
    return PendingBlock(block=_guess(context), receipts=ReceiptsView(receipts=(), l1_fees=()))


def _guess(context: Context) -> BlockView:
    """Executable transactions until their gas limits fill the block; roots and gas are not known."""
    header = context.blocks.pending_header(context.ports.info.block_time)
    chosen, gas = [], 0
    for pooled in context.ports.pool.executable(MAX_GUESSED_TRANSACTIONS):
        gas += pooled.transaction.gas_limit
        if gas > header.gas_limit:
            break
        chosen.append(pooled)
    return BlockView(
        hash=ZERO_HASH,
        header=header,
        transactions=tuple(pooled.raw for pooled in chosen),
        transaction_hashes=tuple(pooled.hash for pooled in chosen),
        senders=tuple(pooled.sender for pooled in chosen),
    )
