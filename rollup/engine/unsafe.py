"""Whether a block that the sequencer signed could be derived at all, before it is executed.

It is no proof that L1 will give this block; it keeps out what derivation could never give, however it was signed.
Source: derivation.md "Deriving Payload Attributes", rollup-node-p2p.md "Block processing".
"""

from rollup.codec import L1AttributesError
from rollup.codec.references import l2_block_ref
from rollup.derivation.attributes import SEQUENCER_FEE_VAULT
from rollup.types import L2BlockRef, RollupConfig
from state.blocks import Block
from state.errors import InvalidBlock
from state.primitives.types import Hash32
from state.transactions import DEPOSIT_TYPE


def check_unsafe(block: Block, block_hash: Hash32, parent: L2BlockRef, config: RollupConfig) -> L2BlockRef:
    """The block's reference. Raises InvalidBlock for one that no batch and no L1 block could give on this parent."""
    header = block.header
    _require(header.parent_hash == parent.hash and header.number == parent.number + 1, block, "is no child of the head")
    try:
        ref = l2_block_ref(header, block_hash, block.transactions, config)
    except L1AttributesError as error:
        raise InvalidBlock(f"block {header.number}: {error}") from error
    expected = parent.timestamp + config.block_time
    _require(header.timestamp == expected, block, f"has timestamp {header.timestamp}: expected {expected}")
    _require(header.fee_recipient == SEQUENCER_FEE_VAULT, block, "pays its fees to another than the fee vault")
    _check_origin(ref, parent)
    _check_deposits(block, ref)
    return ref


def _check_origin(ref: L2BlockRef, parent: L2BlockRef) -> None:
    same_epoch = ref.l1_origin == parent.l1_origin and ref.sequence_number == parent.sequence_number + 1
    next_epoch = ref.l1_origin.number == parent.l1_origin.number + 1 and ref.sequence_number == 0
    if not same_epoch and not next_epoch:
        raise InvalidBlock(
            f"block {ref.number}: L1 origin {ref.l1_origin.number} (sequence number {ref.sequence_number}) does not "
            f"follow the parent's {parent.l1_origin.number} ({parent.sequence_number})"
        )


def _check_deposits(block: Block, ref: L2BlockRef) -> None:
    """Deposits come first, and those of users only in an epoch's first block."""
    deposits = [raw[:1] == bytes((DEPOSIT_TYPE,)) for raw in block.transactions]
    count = deposits.index(False) if False in deposits else len(deposits)
    _require(not any(deposits[count:]), block, "has a deposit behind another transaction")
    _require(count == 1 or ref.sequence_number == 0, block, "has users' deposits in the middle of an epoch")


def _require(holds: bool, block: Block, what: str) -> None:
    if not holds:
        raise InvalidBlock(f"block {block.header.number} {what}")
