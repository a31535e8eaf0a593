"""The loop around `BatcherState`: looks, decides, writes, sends.

`step()` is one round and may be stopped after any await or any write: the next round, in this process or the next,
takes up what the records say. `run()` repeats it at a pace that is handed in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from rollup.batcher.metrics import BatcherMetrics
from rollup.batcher.outbox import ChannelRecord, Outbox, record_of
from rollup.batcher.policy import BatcherConfig
from rollup.batcher.state import BatcherState, BatcherView, CloseReason, L2Heads, Plan
from rollup.codec import FRAME_OVERHEAD, ChannelOut, encode_frames
from rollup.errors import BatcherControlRefused, L1Rejected, L1Unavailable
from rollup.l1 import L1TransactionSender
from rollup.l1.client import Tag
from rollup.types import L1BlockNumber, L1BlockRef, L2BlockNumber, L2BlockRef, RollupConfig
from state.primitives.types import Hash32
from state.transactions import DEPOSIT_TYPE

log = structlog.get_logger("rollup.batcher")


class L2Source(Protocol):
    """The L2 chain as the batcher reads it; `node/wiring.py` adapts the engine and the driver."""

    async def heads(self) -> L2Heads:
        """One consistent look."""

    async def canonical_hash(self, number: L2BlockNumber) -> Hash32 | None:
        """The hash of the canonical block at `number`; None above the unsafe head."""

    async def block(self, number: L2BlockNumber) -> tuple[L2BlockRef, tuple[bytes, ...]] | None:
        """The canonical block at `number` and its raw transactions; None above the unsafe head."""


class L1Head(Protocol):
    """What the batcher itself asks of `L1Client`."""

    async def block_ref(self, which: int | Hash32 | Tag) -> L1BlockRef: ...


class _OpenChannel:
    """The channel that is being filled, in memory only: a restart fills it again from the chain."""

    def __init__(self, out: ChannelOut, sequence: int, opened_at: L1BlockNumber) -> None:
        self.out = out
        self.sequence = sequence
        self.opened_at = opened_at
        self.transactions = 0
        self.raw_bytes = 0

    def add(self, block: L2BlockRef, transactions: tuple[bytes, ...]) -> None:
        self.out.add_block(block, transactions)
        sizes = [len(raw) for raw in transactions if raw[0] != DEPOSIT_TYPE]
        self.transactions += len(sizes)
        self.raw_bytes += sum(sizes)


class Batcher:
    """Posts unsafe blocks to the batch inbox. One task owns it."""

    def __init__(
        self,
        *,
        l2: L2Source,
        l1: L1Head,
        sender: L1TransactionSender,
        outbox: Outbox,
        rollup: RollupConfig,
        config: BatcherConfig | None = None,
    ) -> None:
        """`sender` must hold the key of the system config's batcher, and be used for nothing else."""
        self.metrics = BatcherMetrics()
        self._l2 = l2
        self._l1 = l1
        self._sender = sender
        self._outbox = outbox
        self._rollup = rollup
        self._config = config or BatcherConfig()
        self._state = BatcherState(self._config, rollup)
        self._open: _OpenChannel | None = None
        self._lag = 0
        self._waiting = 0
        self._posting = asyncio.Lock()
        self.running = True
        """Whether rounds post; without it they only look, so that the sequencer still hears how far it is ahead."""

    async def run(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Rounds for ever, `wait` between them. An L1 that is away or refuses is waited for; all else is raised."""
        while True:
            try:
                async with self._posting:
                    await (self.step() if self.running else self._look())
            except (L1Unavailable, L1Rejected) as error:
                log.warning("batcher.waits_for_l1", reason=str(error))
            await wait()

    def start(self) -> None:
        """Post again what is unsafe. Raises BatcherControlRefused when it does already."""
        if self.running:
            raise BatcherControlRefused("batcher already running")
        self.running = True
        log.info("batcher.started")

    async def stop(self) -> None:
        """Post nothing more until `start`; returns when the round under way is over.

        What was sent stays sent, and is watched again after the start. Raises BatcherControlRefused.
        """
        if not self.running:
            raise BatcherControlRefused("batcher not running")
        self.running = False
        async with self._posting:
            log.info("batcher.stopped")

    async def step(self, *, flush: bool = False) -> None:
        """One round. With `flush` what is open is closed whatever its size. Raises L1Unavailable or L1Rejected."""
        await self._sender.tend()
        view = await self._look()
        plan = self._state.assess(self._outbox.records(), view)
        self._waiting = sum(record.size for record in plan.unsafe)
        self._carry_out(plan)
        await self._cancel_abandoned()
        for record in plan.live:
            await self._submit(record)
        if plan.build_after is None:
            self._open = None
        else:
            await self._build(plan.build_after, len(plan.unsafe), view, flush=flush)

    @property
    def open_bytes(self) -> int:
        """Signed bytes of the transactions in the channel that is being filled."""
        return 0 if self._open is None else self._open.raw_bytes

    def throttle(self) -> bool:
        """True while the unsafe chain runs too far ahead of the safe head: the sequencer should slow down."""
        return self._lag > self._config.throttle_blocks or self._waiting > self._config.throttle_bytes

    # -- rounds ----------------------------------------------------------------------------------------------

    async def _look(self) -> BatcherView:
        head = await self._l1.block_ref("latest")
        heads = await self._l2.heads()
        records = self._outbox.records()
        canonical: dict[L2BlockNumber, Hash32] = {}
        for number in self._state.numbers_of_interest(records):
            found = await self._l2.canonical_hash(number)
            if found is not None:
                canonical[number] = found
        self._lag = heads.unsafe.number - heads.safe.number
        statuses = {status.key: status for status in self._sender.statuses()}
        return BatcherView(l1_head=head.number, l2=heads, canonical=canonical, transactions=statuses)

    def _carry_out(self, plan: Plan) -> None:
        """Write down what was decided. A record leaves the outbox before its transactions leave the journal: the other
        way round a kill in between would submit them anew."""
        for record, reason in plan.abandon:
            log.warning("batcher.abandoned", channel=record.channel_id.hex(), first=record.first, reason=reason.value)
            self._outbox.put(record.abandon())
            self.metrics.channels_abandoned += 1
            self._open = None
        for record in plan.forget:
            self._outbox.delete(record)
        known = {key for record in self._outbox.records() for key in record.keys}
        for status in self._sender.statuses():
            if status.key not in known:
                self._sender.forget(status.key)

    async def _cancel_abandoned(self) -> None:
        for record in self._outbox.records():
            if record.abandoned:
                for key in record.keys:
                    await self._sender.cancel(key)

    async def _submit(self, record: ChannelRecord) -> None:
        """Hand all transactions to the sender, in order; those it knows already are left alone."""
        for key, payload in zip(record.keys, record.payloads, strict=True):
            if self._sender.status(key) is None:
                status = await self._sender.submit(key, to=self._rollup.batch_inbox, data=payload)
                log.info(
                    "batcher.posted",
                    channel=record.channel_id.hex(),
                    first=record.first,
                    last=record.last,
                    hash=record.last_hash.hex(),
                    transaction=status.hashes[-1].hex(),
                )

    # -- building --------------------------------------------------------------------------------------------

    async def _build(self, after: L2BlockNumber, unsafe: int, view: BatcherView, *, flush: bool) -> None:
        """Fill the open channel up to the unsafe head, closing it as often as it is due."""
        while True:
            more = await self._fill(after, view)
            channel = self._open
            if channel is None or not channel.out.blocks or not self._state.may_close(unsafe):
                return
            reason = self._close_reason(channel, view, flush=flush)
            if reason is None:
                return
            record = await self._close(channel, reason)
            after, unsafe = record.last, unsafe + 1
            if not more:
                return

    async def _fill(self, after: L2BlockNumber, view: BatcherView) -> bool:
        """True if blocks are left over because the channel is full."""
        if view.l2.unsafe.number <= after:
            self._open = None
            return False
        channel = await self._continue_or_open(after, view)
        number = channel.out.blocks[-1].number + 1 if channel.out.blocks else after + 1
        while number <= view.l2.unsafe.number:
            if self._close_reason(channel, view, flush=False) is CloseReason.FULL:
                return True
            found = await self._l2.block(L2BlockNumber(number))
            if found is None or not self._takes(channel, found[0], view):
                return False
            channel.add(*found)
            number += 1
        return False

    async def _continue_or_open(self, after: L2BlockNumber, view: BatcherView) -> _OpenChannel:
        """The open channel if it still follows `after` and its last block is canonical, else a new one."""
        channel = self._open
        if channel is not None and channel.out.blocks:
            first, last = channel.out.blocks[0], channel.out.blocks[-1]
            still_there = await self._l2.canonical_hash(last.number) == last.hash
            if first.number == after + 1 and still_there:
                return channel
        elif channel is not None:
            return channel
        parent = await self._l2.canonical_hash(after)
        sequence, channel_id = self._outbox.next_channel(parent or Hash32(bytes(32)))
        out = ChannelOut(channel_id, self._rollup)
        self._open = _OpenChannel(out, sequence, view.l1_head)
        return self._open

    def _takes(self, channel: _OpenChannel, block: L2BlockRef, view: BatcherView) -> bool:
        """False for a block that slipped out of the channel's chain, or whose sequencing window is over: derivation
        is about to replace it, so that posting it would be money for nothing."""
        if channel.out.blocks and channel.out.blocks[-1].hash != block.parent_hash:
            self._open = None
            return False
        return not self._state.window_closed(L1BlockNumber(block.l1_origin.number), view.l1_head)

    def _close_reason(self, channel: _OpenChannel, view: BatcherView, *, flush: bool) -> CloseReason | None:
        blocks = channel.out.blocks
        if not blocks:
            return None
        if flush:
            return CloseReason.FLUSH
        return self._state.close_reason(
            size=channel.out.estimated_size,
            plain_size=channel.out.plain_size,
            blocks=len(blocks),
            opened_at=channel.opened_at,
            first_origin=L1BlockNumber(blocks[0].l1_origin.number),
            l1_head=view.l1_head,
        )

    async def _close(self, channel: _OpenChannel, reason: CloseReason) -> ChannelRecord:
        """Close the channel: outbox first, L1 second."""
        channel.out.quality = self._quality_for(channel.out.plain_size)
        payloads = await asyncio.to_thread(_payloads, channel.out, self._config.max_transaction_bytes)
        record = record_of(
            sequence=channel.sequence,
            channel_id=channel.out.channel_id,
            blocks=channel.out.blocks,
            payloads=payloads,
        )
        self._outbox.put(record)
        self._open = None
        self._count(channel, record)
        log.info(
            "batcher.closed",
            channel=record.channel_id.hex(),
            first=record.first,
            last=record.last,
            hash=record.last_hash.hex(),
            transactions=channel.transactions,
            bytes=record.size,
            reason=reason.value,
        )
        await self._submit(record)
        return record

    def _quality_for(self, plain_size: int) -> int:
        busy = plain_size > self._config.busy_plain_bytes
        return self._config.busy_compression_quality if busy else self._config.compression_quality

    def _count(self, channel: _OpenChannel, record: ChannelRecord) -> None:
        metrics = self.metrics
        metrics.channels_closed += 1
        metrics.blocks += record.last - record.first + 1
        metrics.transactions += channel.transactions
        metrics.bytes_raw += channel.raw_bytes
        metrics.bytes_on_l1 += record.size
        metrics.l1_transactions += len(record.payloads)


def _payloads(out: ChannelOut, max_transaction_bytes: int) -> tuple[bytes, ...]:
    """The calldata of the closed channel, one frame a transaction."""
    assert max_transaction_bytes > FRAME_OVERHEAD + 1  # noqa: S101 - a constant of ours
    return tuple(encode_frames([frame]) for frame in out.frames(max_transaction_bytes - 1))
