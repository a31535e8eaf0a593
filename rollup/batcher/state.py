"""What the batcher decides, without I/O: everything that it knows of the world is in a `BatcherView`.

A record's way:

    live ──▶ safe ──▶ final on L1 ──▶ forgotten
      └────▶ abandoned, with all that follow ──▶ drained ──▶ forgotten, and building starts again from the safe head

Drained means that L1 has decided over every transaction of the record (included, or cancelled) and that derivation has
read past them: until then the safe head may still move by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from rollup.batcher.outbox import ChannelRecord
from rollup.batcher.policy import BatcherConfig
from rollup.l1 import TransactionState, TransactionStatus
from rollup.types import L1BlockNumber, L2BlockNumber, L2BlockRef, RollupConfig
from state.primitives.types import Hash32


class AbandonReason(Enum):
    """Why a channel can no longer become safe."""

    REORGED = "reorged"
    """The L2 chain no longer has its last block."""
    DROPPED = "dropped"
    """L1 has all of it, derivation has read past it, and the safe head did not follow."""
    TIMED_OUT = "timed out"
    """Its first frame is older than the channel timeout and its last is not there."""
    WINDOW_CLOSED = "window closed"
    """The sequencing window of its first block has passed: derivation will fill it with empty blocks."""
    GAP = "gap"
    """The safe head is back before it, and no channel carries what lies between."""


class CloseReason(Enum):
    """Why an open channel is closed now."""

    FULL = "full"
    DURATION = "duration"
    WINDOW = "window"
    """The sequencing window closes soon."""
    FLUSH = "flush"


@dataclass(frozen=True, slots=True, kw_only=True)
class L2Heads:
    """One consistent look at the L2 chain."""

    unsafe: L2BlockRef
    safe: L2BlockRef
    derived_l1: L1BlockNumber
    """Derivation's current L1 origin: the safe head contains all that L1 says below this block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatcherView:
    """The world at one instant."""

    l1_head: L1BlockNumber
    l2: L2Heads
    canonical: Mapping[L2BlockNumber, Hash32]
    """Hashes of the canonical L2 blocks that `numbers_of_interest` names, as far as they exist."""
    transactions: Mapping[bytes, TransactionStatus]
    """By the keys of the records; a transaction that was not handed to the sender yet is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do now, in this order."""

    forget: tuple[ChannelRecord, ...]
    abandon: tuple[tuple[ChannelRecord, AbandonReason], ...]
    live: tuple[ChannelRecord, ...]
    """Their transactions are to be with the sender."""
    unsafe: tuple[ChannelRecord, ...]
    """Those of `live` that the safe head has not passed yet."""
    build_after: L2BlockNumber | None
    """The open channel begins after this block; None: nothing may be built now."""


@dataclass(slots=True, kw_only=True)
class _Memory:
    """What the past tells that the records don't."""

    wait_for_l1: L1BlockNumber | None = None
    """Derivation must get past this L1 block before its silence means anything; None: set it at the next look."""
    last_safe: L2BlockNumber = L2BlockNumber(0)
    failures: int = 0
    """Channels dropped or timed out since the last that became safe."""
    pause_until: L1BlockNumber = L1BlockNumber(0)


class BatcherState:
    """The decisions, and the little memory that they need."""

    def __init__(self, config: BatcherConfig, rollup: RollupConfig) -> None:
        self._config = config
        self._rollup = rollup
        self._memory = _Memory()

    def numbers_of_interest(self, records: tuple[ChannelRecord, ...]) -> tuple[L2BlockNumber, ...]:
        """Which canonical hashes `assess` compares."""
        return tuple(record.last for record in records)

    def assess(self, records: tuple[ChannelRecord, ...], view: BatcherView) -> Plan:
        """What to do about the records, oldest first, and where building may go on."""
        caught_up = self._note_safe_head(view)
        live: list[ChannelRecord] = []
        forget: list[ChannelRecord] = []
        abandon: list[tuple[ChannelRecord, AbandonReason]] = []
        draining = False
        for record in records:
            if record.abandoned:
                draining |= not self._drained(record, view)
                continue
            if self._is_safe(record, view):
                self._memory.failures = 0
                (forget if self._settled(record, view) else live).append(record)
                continue
            reason = abandon[0][1] if abandon else self._reason_to_abandon(record, live, view, caught_up)
            if reason is None:
                live.append(record)
            else:
                abandon.append((record, reason))
        if abandon:
            self._note_failure(abandon[0][1], view)
        if not draining:
            forget += [record for record in records if record.abandoned and self._settled(record, view)]
        may_build = caught_up and not draining and not abandon and view.l1_head >= self._memory.pause_until
        return Plan(
            forget=tuple(forget),
            abandon=tuple(abandon),
            live=tuple(live),
            unsafe=tuple(record for record in live if not self._is_safe(record, view)),
            build_after=self._cursor(live, view) if may_build else None,
        )

    def close_reason(
        self,
        *,
        size: int,
        plain_size: int,
        blocks: int,
        opened_at: L1BlockNumber,
        first_origin: L1BlockNumber,
        l1_head: L1BlockNumber,
    ) -> CloseReason | None:
        """Why the open channel is to be closed now; None to let it grow."""
        config = self._config
        if size >= config.target_channel_bytes or plain_size >= config.max_channel_plain_bytes:
            return CloseReason.FULL
        if blocks >= config.max_channel_blocks:
            return CloseReason.FULL
        window = self._rollup.seq_window_size
        if l1_head + min(self._config.sequencing_window_margin, window // 4) >= first_origin + window:
            return CloseReason.WINDOW
        # An L1 reorg may have taken the head back below where the channel was opened.
        if abs(l1_head - opened_at) >= self._config.max_channel_duration:
            return CloseReason.DURATION
        return None

    def may_close(self, unsafe: int) -> bool:
        """False while enough channels are on their way to becoming safe."""
        return unsafe < self._config.max_channels_in_flight

    def window_closed(self, first_origin: L1BlockNumber, l1_head: L1BlockNumber) -> bool:
        """True if a batch that starts in this epoch can't make it into L1 in time any more."""
        return l1_head + 1 > first_origin + self._rollup.seq_window_size

    # -- single questions ------------------------------------------------------------------------------------

    def _note_safe_head(self, view: BatcherView) -> bool:
        """True once derivation has read all that L1 had when we started, or when the safe head last went back.

        After a reset the safe head walks forward again over batches that are still on L1: to post them a second time
        would be wrong, however far back it stands now."""
        safe = view.l2.safe.number
        if safe < self._memory.last_safe or self._memory.wait_for_l1 is None:
            self._memory.wait_for_l1 = view.l1_head
        self._memory.last_safe = safe
        # A reorg can leave L1 shorter than what we wait for.
        self._memory.wait_for_l1 = L1BlockNumber(min(self._memory.wait_for_l1, view.l1_head))
        # Derivation stands on a block until all of its batches are applied: only the next one proves it read.
        return view.l2.derived_l1 > self._memory.wait_for_l1

    def _is_safe(self, record: ChannelRecord, view: BatcherView) -> bool:
        return view.l2.safe.number >= record.last and view.canonical.get(record.last) == record.last_hash

    def _settled(self, record: ChannelRecord, view: BatcherView) -> bool:
        statuses = [view.transactions.get(key) for key in record.keys]
        return all(status is None or status.is_final for status in statuses)

    def _reason_to_abandon(
        self, record: ChannelRecord, before: list[ChannelRecord], view: BatcherView, caught_up: bool
    ) -> AbandonReason | None:
        found = view.canonical.get(record.last)
        if (found is not None and found != record.last_hash) or (found is None and caught_up):
            return AbandonReason.REORGED
        if caught_up and not before and view.l2.safe.number + 1 < record.first:
            return AbandonReason.GAP
        return self._lost_on_l1(record, view)

    def _lost_on_l1(self, record: ChannelRecord, view: BatcherView) -> AbandonReason | None:
        """Whether what L1 has, or will never have in time, rules the channel out."""
        places = [self._inclusion(key, view) for key in record.keys]
        included = [number for number in places if number is not None]
        if len(included) == len(places):
            passed = view.l2.derived_l1 >= max(included) + self._config.derivation_margin
            return AbandonReason.DROPPED if passed else None
        if included and view.l1_head + 1 > min(included) + self._rollup.channel_timeout:
            return AbandonReason.TIMED_OUT
        if not included and self.window_closed(record.first_origin, view.l1_head):
            return AbandonReason.WINDOW_CLOSED
        return AbandonReason.DROPPED if self._has_cancelled(record, view) else None

    def _has_cancelled(self, record: ChannelRecord, view: BatcherView) -> bool:
        statuses = [view.transactions.get(key) for key in record.keys]
        return any(status is not None and status.state is TransactionState.CANCELLED for status in statuses)

    def _inclusion(self, key: bytes, view: BatcherView) -> int | None:
        status = view.transactions.get(key)
        return None if status is None or status.inclusion is None else status.inclusion.number

    def _drained(self, record: ChannelRecord, view: BatcherView) -> bool:
        statuses = [view.transactions.get(key) for key in record.keys]
        if any(status is not None and status.state is TransactionState.PENDING for status in statuses):
            return False
        places = [number for key in record.keys if (number := self._inclusion(key, view)) is not None]
        return not places or view.l2.derived_l1 >= max(places) + self._config.derivation_margin

    def _note_failure(self, reason: AbandonReason, view: BatcherView) -> None:
        if reason in (AbandonReason.DROPPED, AbandonReason.TIMED_OUT):
            self._memory.failures += 1
            pause = min(2**self._memory.failures, self._config.max_failure_wait)
            self._memory.pause_until = L1BlockNumber(view.l1_head + pause)

    def _cursor(self, live: list[ChannelRecord], view: BatcherView) -> L2BlockNumber:
        """The last block that is safe or on its way."""
        return L2BlockNumber(max([view.l2.safe.number, *(record.last for record in live)]))
