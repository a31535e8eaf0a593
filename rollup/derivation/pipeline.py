"""The derivation pipeline: L1 blocks in, payload attributes out.

    provide(L1 block) ─▶ L1Traversal ─▶ L1Retrieval ─▶ FrameQueue ─▶ ChannelBank ─▶ ChannelReader
                              │ epochs                                                   │ batches
                              └────────────────────────▶ BatchStage ◀────────────────────┘
                                                             │ one block
                                                       AttributesQueue ─▶ step() -> DerivedAttributes

Data is pulled from the right: what is at hand is used up before more of L1 is asked for. The caller does the I/O: it
answers NeedL1Block with `provide`, and DerivedAttributes by executing them and calling `step` with the new safe head.
"""

from dataclasses import dataclass
from typing import TypeAlias

from rollup.codec.batches import Batch
from rollup.derivation.attributes_queue import AttributesQueue, DerivedAttributes
from rollup.derivation.batch_rules import SafeBlockLookup
from rollup.derivation.batch_stage import BatchStage
from rollup.derivation.channel_bank import ChannelBank
from rollup.derivation.channel_reader import ChannelReader
from rollup.derivation.frame_queue import FrameQueue
from rollup.derivation.l1_retrieval import L1Retrieval
from rollup.derivation.l1_traversal import L1Traversal
from rollup.types import L1Block, L1BlockNumber, L1BlockRef, L2BlockRef, RollupConfig, SystemConfig

__all__ = [
    "DerivationPipeline",
    "DerivationStep",
    "DerivedAttributes",
    "Idle",
    "NeedL1Block",
    "reset_origin",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedL1Block:
    """All that was provided is used up: the pipeline goes on with this L1 block."""

    number: L1BlockNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Nothing can be done."""

    reason: str


DerivationStep: TypeAlias = NeedL1Block | DerivedAttributes | Idle


def reset_origin(safe_head: L2BlockRef, config: RollupConfig) -> L1BlockNumber:
    """The L1 block to reset the pipeline to: no channel that opened before it can still bring news.

    A block on top of the safe head is in a channel that closed after the safe head's L1 origin, hence opened at most
    a channel time-out before it. Source: derivation.md "Resetting the Pipeline", step 5.
    """
    return L1BlockNumber(max(safe_head.l1_origin.number - config.channel_timeout, config.genesis.l1.number))


class DerivationPipeline:
    """The stages and the wires between them. Pure: no clock, no I/O, the same inputs give the same outputs."""

    def __init__(self, config: RollupConfig, safe_block: SafeBlockLookup) -> None:
        """`safe_block` gives the L2 block at a height at or below the safe head, for spans that overlap it."""
        self._traversal = L1Traversal(config)
        self._retrieval = L1Retrieval(config)
        self._frames = FrameQueue()
        self._bank = ChannelBank(config.channel_timeout)
        self._reader = ChannelReader(config)
        self._batches = BatchStage(
            config,
            next_batch=self._next_batch,
            flush_channel=self._reader.reset,
            safe_block=safe_block,
        )
        self._attributes = AttributesQueue()

    @property
    def origin(self) -> L1BlockRef:
        """The L1 block that is being read. Raises DerivationReset before the first reset."""
        return self._traversal.origin

    def reset(
        self,
        l1_base: L1Block,
        safe_head: L2BlockRef,
        system_config: SystemConfig,
        *,
        processed_through: L1BlockNumber | None = None,
    ) -> None:
        """Starts again at `l1_base`, which should be no later than `reset_origin(safe_head)`.

        `system_config` is the one as of `l1_base`. Where the caller knows that `safe_head` is exactly what L1 up to a
        block gives, it says so by `processed_through`: batches up to there are then spent. Without it they are judged
        again on top of `safe_head`, and the rest of a span whose payload was once replaced by its deposits could pass.
        """
        epoch = self._traversal.reset(l1_base, system_config)
        self._retrieval.reset()
        self._frames.reset()
        self._bank.reset()
        self._reader.reset()
        self._batches.reset(epoch, L1BlockNumber(0) if processed_through is None else processed_through)
        self._attributes.reset()
        self._retrieval.load(l1_base, system_config)

    def provide(self, block: L1Block) -> None:
        """Takes the L1 block that NeedL1Block asked for.

        Raises DerivationReset if it isn't a child of the last, and the critical DepositError or
        BatcherBlobsUnsupported for data that derivation may neither read nor skip.
        """
        epoch = self._traversal.advance(block)
        self._bank.prune(epoch.ref.number)
        self._batches.advance(epoch)
        self._retrieval.load(block, epoch.system_config)

    def step(self, safe_head: L2BlockRef) -> DerivationStep:
        """The next block on top of `safe_head`, or what is missing. The same answer until the safe head moves.

        Raises DerivationReset if the safe head doesn't stand on the L1 that was provided.
        """
        if not self._traversal.is_ready:
            return Idle(reason="the pipeline has not been reset yet")
        pending = self._attributes.pending(safe_head)
        if pending is not None:
            return pending
        block = self._batches.next_block(safe_head)
        if block is None:
            return NeedL1Block(number=self._traversal.next_number)
        return self._attributes.derive(safe_head, block, self._traversal.origin)

    def reject_payload(self) -> None:
        """Drops the rest of the span and of the channel: the last attributes were invalid (Holocene).

        The caller replaces them by `attributes.deposits_only()` at once.
        """
        self._batches.flush()
        self._reader.reset()

    def _next_batch(self) -> Batch | None:
        """The next batch of the channels that close in the current L1 block; None once that is used up."""
        while True:
            batch = self._reader.next_batch()
            if batch is not None:
                return batch
            channel = self._next_channel()
            if channel is None:
                return None
            self._reader.load(channel)

    def _next_channel(self) -> bytes | None:
        while True:
            frame = self._frames.next_frame()
            if frame is None:
                data = self._retrieval.next_data()
                if data is None:
                    return None
                self._frames.load(data)
            elif (channel := self._bank.add_frame(frame, self._traversal.origin.number)) is not None:
                return channel
