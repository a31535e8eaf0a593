"""Whether a batch may become the next L2 block: Holocene's validity rules, one function a format, no state.

The first rule that fires wins; their order is the specification's, and where its text is silent the clients'.
Source: derivation.md "Batch Queue", holocene/derivation.md "Span Batches", "Batch Queue".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from rollup.codec.singular_batch import SingularBatch
from rollup.codec.span_batch import CHECK_LENGTH, SpanBatch
from rollup.types import L1BlockNumber, L1BlockRef, L2BlockRef, RollupConfig
from state.primitives.types import UnixSeconds

_BATCHABLE_TYPES: Final = (1, 2, 4)

SafeBlockLookup = Callable[[int], L2BlockRef | None]
"""The block of the safe chain at a height, or None where there is none."""


class BatchVerdict(Enum):
    """What becomes of a batch."""

    ACCEPT = "accept"
    """It is the next L2 block, or holds it."""
    PAST = "past"
    """Older than the safe head: skip this batch, go on with its span and channel."""
    DROP = "drop"
    """Invalid: forget it with the rest of its span and channel."""
    UNDECIDED = "undecided"
    """L1 must advance before anybody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchContext:
    """What the rules look at beside the batch."""

    config: RollupConfig
    safe_head: L2BlockRef
    origins: Sequence[L1BlockRef]
    """Consecutive known L1 blocks, from the safe head's origin on."""
    included: L1BlockNumber
    """The L1 block in which the batch's channel closed."""
    safe_block: SafeBlockLookup

    @property
    def next_timestamp(self) -> int:
        return self.safe_head.timestamp + self.config.block_time

    def origin(self, number: int) -> L1BlockRef | None:
        """The canonical L1 block at `number`, if it is among the known ones."""
        index = number - self.safe_head.l1_origin.number
        return self.origins[index] if 0 <= index < len(self.origins) else None

    def is_too_late(self, epoch_number: int) -> bool:
        """True if the sequencing window of this epoch had closed before the batch was included."""
        return epoch_number + self.config.seq_window_size < self.included


def check_span_batch(batch: SpanBatch, context: BatchContext) -> BatchVerdict:
    """The verdict on a span batch as a whole; its blocks are then judged one by one."""
    timing = _check_span_time(batch, context)
    if timing is not BatchVerdict.ACCEPT:
        return timing
    parent = _span_parent(batch, context)
    if parent is None or parent.hash[:CHECK_LENGTH] != batch.parent_check:
        return BatchVerdict.DROP
    first_epoch = batch.first_epoch_number
    if context.is_too_late(first_epoch) or first_epoch > parent.l1_origin.number + 1:
        return BatchVerdict.DROP
    last_origin = context.origin(batch.last_epoch_number)
    if last_origin is None:
        # Below the safe head's origin nothing can be new: its blocks past the safe head would go back in L1.
        is_ahead = batch.last_epoch_number > context.safe_head.l1_origin.number
        return BatchVerdict.UNDECIDED if is_ahead else BatchVerdict.DROP
    if last_origin.hash[:CHECK_LENGTH] != batch.origin_check or first_epoch < parent.l1_origin.number:
        return BatchVerdict.DROP
    return BatchVerdict.ACCEPT


def _check_span_time(batch: SpanBatch, context: BatchContext) -> BatchVerdict:
    if batch.first_timestamp > context.next_timestamp:
        return BatchVerdict.DROP
    if batch.last_timestamp < context.next_timestamp:
        return BatchVerdict.PAST
    if (context.next_timestamp - batch.first_timestamp) % context.config.block_time:
        return BatchVerdict.DROP
    return BatchVerdict.ACCEPT


def _span_parent(batch: SpanBatch, context: BatchContext) -> L2BlockRef | None:
    """The block before the span's first, which lies below the safe head if the span overlaps the safe chain."""
    overlap = (context.next_timestamp - batch.first_timestamp) // context.config.block_time
    if overlap == 0:
        return context.safe_head
    number = context.safe_head.number - overlap
    return context.safe_block(number) if number >= context.config.genesis.l2.number else None


def check_singular_batch(batch: SingularBatch, context: BatchContext) -> BatchVerdict:
    """The verdict on one block, whether it came alone or out of a span batch."""
    if batch.timestamp != context.next_timestamp:
        return BatchVerdict.PAST if batch.timestamp < context.next_timestamp else BatchVerdict.DROP
    if batch.parent_hash != context.safe_head.hash or context.is_too_late(batch.epoch_number):
        return BatchVerdict.DROP
    verdict = _check_origin(batch, context)
    if verdict is BatchVerdict.ACCEPT and not all(map(_is_batchable, batch.transactions)):
        return BatchVerdict.DROP
    return verdict


def _check_origin(batch: SingularBatch, context: BatchContext) -> BatchVerdict:
    """The rules about the L1 origin: the safe head's or the next, canonical, not younger than the block."""
    epoch_number = context.safe_head.l1_origin.number
    if not epoch_number <= batch.epoch_number <= epoch_number + 1:
        return BatchVerdict.DROP
    origin = context.origin(batch.epoch_number)
    if origin is None:
        return BatchVerdict.UNDECIDED
    if batch.epoch_hash != origin.hash or batch.timestamp < origin.timestamp:
        return BatchVerdict.DROP
    return _check_drift(batch, origin, context)


def _check_drift(batch: SingularBatch, origin: L1BlockRef, context: BatchContext) -> BatchVerdict:
    """Beyond the sequencer drift only empty blocks, and only where no newer origin could be had."""
    if batch.timestamp <= origin.timestamp + context.config.max_sequencer_drift:
        return BatchVerdict.ACCEPT
    if batch.transactions:
        return BatchVerdict.DROP
    if batch.epoch_number != context.safe_head.l1_origin.number:
        return BatchVerdict.ACCEPT
    next_origin = context.origin(batch.epoch_number + 1)
    if next_origin is None:
        return BatchVerdict.UNDECIDED
    return BatchVerdict.DROP if batch.timestamp >= next_origin.timestamp else BatchVerdict.ACCEPT


def _is_batchable(raw: bytes) -> bool:
    """True for what looks like a legacy, 1, 2 or 4 transaction; whether it is valid is the engine's business."""
    return bool(raw) and (raw[0] in _BATCHABLE_TYPES or raw[0] >= 0xC0)


def empty_batch(context: BatchContext) -> SingularBatch | None:
    """The empty block that follows because the sequencing window has closed, once all of L1 up to `included` is read.

    None while the window is open. The safe head's epoch goes on until the next L1 block's time; then that one gets a
    block at least, once its own window has closed, as clients do (the text: one L1 block earlier).
    """
    epoch = context.safe_head.l1_origin.number
    current, following = context.origin(epoch), context.origin(epoch + 1)
    if current is None or following is None:
        return None
    origin = current if context.next_timestamp < following.timestamp else following
    if origin.number + context.config.seq_window_size > context.included:
        return None
    return SingularBatch(
        parent_hash=context.safe_head.hash,
        epoch_number=origin.number,
        epoch_hash=origin.hash,
        timestamp=UnixSeconds(context.next_timestamp),
        transactions=(),
    )
