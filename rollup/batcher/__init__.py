"""The batcher: unsafe L2 blocks become span batches on L1, each exactly once.

    unsafe blocks ─▶ open channel ─▶ closed channel in the outbox ─▶ L1 transactions ─▶ safe ─▶ final ─▶ forgotten

What flows in: the three L2 heads and derivation's L1 origin (`L2Source`), the L1 head, the states of our L1
transactions. What flows out: batcher transactions, through `rollup.l1.L1TransactionSender`.

Two records make it survive a kill at any instant. The outbox holds a closed channel with its calldata before anything
of it is sent; the sender's journal binds each of its transactions to one nonce before that is sent. So a restart goes
on where it stopped: nothing is posted twice, nothing is skipped. A channel that can no longer become safe (the L2
chain was reorganised, derivation dropped it, it timed out) is abandoned as a whole, with all that follow it; only when
L1 has settled what was already on its way, and derivation has read past it, does building start again, from the safe
head: what is safe is never posted again.

    policy.py     BatcherConfig: sizes, durations, limits
    outbox.py     ChannelRecord and its durable home
    state.py      BatcherState: what to forget, abandon, wait for, close; pure decisions
    metrics.py    counters: bytes in, bytes on L1, per transaction
    batcher.py    Batcher: the thin asynchronous loop

Start reading at `state.py`. Imports `rollup.l1`, `rollup.codec` and below; never the engine (its heads are handed
in through `L2Source`), the driver or `rpc`.
"""

from rollup.batcher.batcher import Batcher, L1Head, L2Source
from rollup.batcher.metrics import BatcherMetrics
from rollup.batcher.outbox import ChannelRecord, Outbox
from rollup.batcher.policy import BatcherConfig
from rollup.batcher.state import AbandonReason, BatcherState, BatcherView, CloseReason, L2Heads, Plan

__all__ = [
    "AbandonReason",
    "Batcher",
    "BatcherConfig",
    "BatcherMetrics",
    "BatcherState",
    "BatcherView",
    "ChannelRecord",
    "CloseReason",
    "L1Head",
    "L2Heads",
    "L2Source",
    "Outbox",
    "Plan",
]
