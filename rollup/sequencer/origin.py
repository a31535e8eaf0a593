"""The L1 origin of the next L2 block. Source: derivation.md, "Sequencing", and the batch rules it must satisfy."""

from dataclasses import dataclass

from rollup.types import L1BlockRef, L2BlockRef, RollupConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginChoice:
    """What to build on."""

    origin: L1BlockRef
    allow_transactions: bool
    """False beyond the sequencer drift: the batch rules would drop a block with transactions."""


def select_origin(
    parent: L2BlockRef, current: L1BlockRef, following: L1BlockRef | None, config: RollupConfig
) -> OriginChoice | None:
    """The origin of the block after `parent`, or None where only a later L1 block could make it valid.

    `current` is the parent's origin, `following` the L1 block after it where it is known and confirmed deep enough.
    The origin moves on as soon as L2 time has reached the next L1 block's; without one the drift is the limit.
    """
    timestamp = parent.timestamp + config.block_time
    beyond_drift = timestamp > current.timestamp + config.max_sequencer_drift
    if following is not None and following.timestamp <= timestamp:
        late = timestamp > following.timestamp + config.max_sequencer_drift
        return OriginChoice(origin=following, allow_transactions=not late)
    if beyond_drift:
        return None if following is None else OriginChoice(origin=current, allow_transactions=False)
    return OriginChoice(origin=current, allow_transactions=True)
