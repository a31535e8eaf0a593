"""Batch Stage: batches -> at most one block at a time on top of the safe head.

Holds at most one span batch and its place in it. Since Holocene nothing is reordered or buffered: what doesn't fit is
past or dropped, and a drop takes the rest of the span and of the channel along. Source: holocene/derivation.md.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rollup.codec.batches import Batch
from rollup.codec.singular_batch import SingularBatch
from rollup.codec.span_batch import SpanBatch, SpanBlock
from rollup.derivation.batch_rules import (
    BatchContext,
    BatchVerdict,
    SafeBlockLookup,
    check_singular_batch,
    check_span_batch,
    empty_batch,
)
from rollup.derivation.epoch import Epoch
from rollup.errors import DerivationReset
from rollup.types import L1BlockNumber, L1BlockRef, L2BlockRef, RollupConfig
from state.primitives.types import ZERO_HASH, UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class NextBlock:
    """A block that passed the rules."""

    batch: SingularBatch
    epoch: Epoch
    """Its L1 origin."""
    is_last_in_span: bool
    """True for the last block of a span batch, and for a batch that stands alone."""


class BatchStage:
    """The span batch in hand and the L1 blocks that may be origins. Source: holocene/derivation.md "Batch Queue"."""

    def __init__(
        self,
        config: RollupConfig,
        *,
        next_batch: Callable[[], Batch | None],
        flush_channel: Callable[[], None],
        safe_block: SafeBlockLookup,
    ) -> None:
        """`next_batch` and `flush_channel` are the channel reader's: the next batch, and dropping the rest."""
        self._config = config
        self._next_batch = next_batch
        self._flush_channel = flush_channel
        self._safe_block = safe_block
        self._epochs: deque[Epoch] = deque()
        self._origins: deque[L1BlockRef] = deque()
        self._processed = L1BlockNumber(0)
        self._waiting: Batch | None = None
        self._waiting_since = L1BlockNumber(0)
        self._included = L1BlockNumber(0)
        self._span: Iterator[SpanBlock] | None = None
        self._span_end = UnixSeconds(0)

    def reset(self, epoch: Epoch, processed: L1BlockNumber) -> None:
        """Starts at the L1 block `epoch`; batches of channels that closed up to `processed` are spent."""
        self.flush()
        self._epochs.clear()
        self._origins.clear()
        self.advance(epoch)
        self._processed = processed

    def advance(self, epoch: Epoch) -> None:
        """Takes the next L1 block as a possible origin."""
        self._epochs.append(epoch)
        self._origins.append(epoch.ref)

    def flush(self) -> None:
        """Drops the rest of the span and whatever waits."""
        self._span = None
        self._waiting = None

    def next_block(self, safe_head: L2BlockRef) -> NextBlock | None:
        """The block on top of `safe_head`; None once L1 must advance. Raises DerivationReset if they don't match."""
        self._forget_origins_before(safe_head)
        if self._is_behind(safe_head):
            self._discard_batches()
            return None
        origin = self._origins[0]
        if origin.id != safe_head.l1_origin:
            raise DerivationReset(
                f"safe head's L1 origin {safe_head.l1_origin.number} is not canonical: "
                f"got 0x{safe_head.l1_origin.hash.hex()}, expected 0x{origin.hash.hex()}"
            )
        return self._derive(safe_head)

    @property
    def _read(self) -> L1BlockNumber:
        """The L1 block that is being read."""
        return self._origins[-1].number

    def _forget_origins_before(self, safe_head: L2BlockRef) -> None:
        while len(self._origins) > 1 and self._origins[0].number < safe_head.l1_origin.number:
            self._origins.popleft()
            self._epochs.popleft()

    def _is_behind(self, safe_head: L2BlockRef) -> bool:
        """True while L1 is read again that the safe head already stands on: no batch there can be news."""
        return self._read <= max(safe_head.l1_origin.number, self._processed)

    def _discard_batches(self) -> None:
        while self._next_batch() is not None:
            pass

    def _derive(self, safe_head: L2BlockRef) -> NextBlock | None:
        while (candidate := self._candidate(safe_head)) is not None:
            verdict = check_singular_batch(candidate, self._context(safe_head))
            if verdict is BatchVerdict.ACCEPT:
                return self._accept(candidate, self._ends_span(candidate))
            if verdict is BatchVerdict.DROP:
                self._drop()
            elif verdict is BatchVerdict.UNDECIDED:
                self._wait(candidate)
        if self._waiting is not None:
            return None
        empty = empty_batch(self._context(safe_head, included=self._read))
        return None if empty is None else self._accept(empty, is_last=True)

    def _candidate(self, safe_head: L2BlockRef) -> SingularBatch | None:
        """The next singular batch: what waited, else the span in hand, else the channel's; None where L1 is short."""
        while True:
            if self._waiting is None and self._span is not None:
                block = next(self._span, None)
                if block is not None:
                    return self._singular(block, safe_head)
                self._span = None
            batch = self._pull()
            if batch is None or isinstance(batch, SingularBatch):
                return batch
            self._open_span(batch, safe_head)

    def _pull(self) -> Batch | None:
        """The batch that waited for L1, if that has advanced, or the channel's next; None if neither is there."""
        if self._waiting is not None:
            if self._waiting_since == self._read:
                return None
            batch, self._waiting = self._waiting, None
            return batch
        self._included = self._read
        return self._next_batch()

    def _open_span(self, batch: SpanBatch, safe_head: L2BlockRef) -> None:
        """Judges a span batch as a whole and, if it holds news, makes it the span in hand."""
        verdict = check_span_batch(batch, self._context(safe_head))
        if verdict is BatchVerdict.UNDECIDED:
            self._wait(batch)
        elif verdict is BatchVerdict.DROP:
            self._drop()
        elif verdict is BatchVerdict.ACCEPT:
            self._span, self._span_end = batch.blocks(), batch.last_timestamp

    def _ends_span(self, batch: SingularBatch) -> bool:
        return self._span is None or batch.timestamp >= self._span_end

    def _singular(self, block: SpanBlock, safe_head: L2BlockRef) -> SingularBatch:
        """A span's block as a singular batch: on the safe head, with the canonical hash of its epoch."""
        origin = self._context(safe_head).origin(block.epoch_number)
        return SingularBatch(
            parent_hash=safe_head.hash,
            epoch_number=block.epoch_number,
            epoch_hash=ZERO_HASH if origin is None else origin.hash,
            timestamp=block.timestamp,
            transactions=block.transactions,
        )

    def _wait(self, batch: Batch) -> None:
        self._waiting, self._waiting_since = batch, self._read

    def _drop(self) -> None:
        self.flush()
        self._flush_channel()

    def _accept(self, batch: SingularBatch, is_last: bool) -> NextBlock:
        epoch = self._epochs[batch.epoch_number - self._origins[0].number]
        return NextBlock(batch=batch, epoch=epoch, is_last_in_span=is_last)

    def _context(self, safe_head: L2BlockRef, included: L1BlockNumber | None = None) -> BatchContext:
        return BatchContext(
            config=self._config,
            safe_head=safe_head,
            origins=self._origins,
            included=self._included if included is None else included,
            safe_block=self._safe_block,
        )
