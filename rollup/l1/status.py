"""How far a transaction of ours has come, and what the sender remembers of it."""

import dataclasses
from dataclasses import dataclass
from enum import Enum

from rollup.l1.fees import FeePolicy
from rollup.l1.journal import JournalEntry, Variant
from rollup.types import BlockId
from state.primitives.types import Hash32, Nonce
from state.transactions import RecoveredTransaction


class TransactionState(Enum):
    """How far a wish has come."""

    PENDING = "pending"
    """Journaled and, as far as the L1 lets us, in its pool."""
    INCLUDED = "included"
    """In a block that a reorg may still take away."""
    CONFIRMED = "confirmed"
    """In a block that is final."""
    CANCELLED = "cancelled"
    """Its nonce went to the cancellation, or to nobody. Until that is final a reorg makes it PENDING again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStatus:
    """What is known of one wish."""

    key: bytes
    state: TransactionState
    is_final: bool
    """CONFIRMED, or CANCELLED for good: it may be forgotten."""
    nonce: Nonce
    hashes: tuple[Hash32, ...]
    """Of every variant that may have been sent, oldest first."""
    inclusion: BlockId | None
    """INCLUDED and CONFIRMED: where."""
    succeeded: bool | None
    """INCLUDED and CONFIRMED: False if the call reverted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderConfig:
    """One account's habits."""

    confirmation_depth: int | None = None
    """L1 blocks, the including one counted, that make a transaction final. None: L1's own `finalized` head does, so
    that no reorg ever reaches what was forgotten."""
    displaced_after: int = 4
    """L1 blocks that a nonce must be spent without a receipt of ours before another's doing is believed."""
    resend_after: float = 12.0
    """Seconds without inclusion after which the oldest transaction's fee is raised and all are sent again."""
    fees: FeePolicy = dataclasses.field(default_factory=FeePolicy)


@dataclass(slots=True, kw_only=True)
class InFlight:
    """A journal entry and what only this process knows about it."""

    entry: JournalEntry
    signed: list[RecoveredTransaction]
    """One for each variant."""
    sent_at: float | None = None
    """None: not by this process yet."""
    fee: int = 0
    """Wei that the inclusion cost, as far as its receipt was seen by this process."""
    included: Variant | None = None
    """The variant that is in the block `entry.inclusion`; None after a restart, until its receipt was seen again."""
    succeeded: bool | None = None
    is_final: bool = False
    displaced: bool = False
    """Cancelled, and its nonce spent by somebody else: nothing will come of it."""
    missing_since: int | None = None
    """L1 block number since which the nonce is spent without a receipt of ours."""

    @property
    def state(self) -> TransactionState:
        if self.displaced:
            return TransactionState.CANCELLED
        if self.entry.inclusion is None:
            return TransactionState.PENDING
        if self.included is not None and self.included.is_cancellation:
            return TransactionState.CANCELLED
        return TransactionState.CONFIRMED if self.is_final else TransactionState.INCLUDED
