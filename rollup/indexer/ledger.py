"""What every account earned, added up batch by batch in the order of the chain, to the wei that a reward tree holds."""

from bisect import bisect_right
from typing import Final

from contracts.rewards import FeeRates, RewardError, RewardTree, batch_rewards
from rollup.indexer.errors import StillRebuilding
from rollup.indexer.memory import Memory
from rollup.indexer.records import BATCH_COST, Registration, batch_of, owners_of, price_of, registrations
from rollup.indexer.snapshot import Snapshot

RECORDS_A_QUESTION: Final = 20_000
"""Records that one question adds up: a second or two. Whoever asks again goes on where it ended."""


def add_up(snapshot: Snapshot, memory: Memory) -> None:
    """Adds what was settled up to the snapshot's block. Raises StillRebuilding when there is more than fits."""
    budget = RECORDS_A_QUESTION
    for registered in registrations(snapshot, first=memory.ledger_next[0]):
        place = (registered.place.block, registered.place.log_index)
        if place < memory.ledger_next:
            continue
        if budget <= 0:
            raise StillRebuilding(f"rewards are being added up: block {place[0]} of {snapshot.number}; ask again")
        budget -= _add(snapshot, memory, registered)
        memory.ledger_next = (place[0], place[1] + 1)


def _add(snapshot: Snapshot, memory: Memory, registered: Registration) -> int:
    """What it cost of the question's budget to add what the batch's records earned."""
    block = registered.place.block
    batch = batch_of(snapshot, memory, registered)
    if batch is None:
        memory.unreadable.append((block, registered.batch_hash))
        return BATCH_COST
    for record in batch.records:
        price_of(snapshot, memory, record)
        for share in record.shares:
            owners_of(snapshot, memory, share.contribution_id)
    rates = FeeRates(owner=0, stakers=0, contributors=registered.contributors_bps)
    for account, wei in batch_rewards(batch, memory.prices, rates, memory.owners).items():
        rows = memory.earned.setdefault(account, [])
        rows.append((block, (rows[-1][1] if rows else 0) + wei))
    return BATCH_COST + len(batch.records)


def earned_by(memory: Memory, account: str, block: int) -> int:
    """Wei that an account (checksummed) earned up to a block that is added up."""
    rows = memory.earned.get(account, ())
    place = bisect_right(rows, block, key=lambda row: row[0])
    return rows[place - 1][1] if place else 0


def tree_at(memory: Memory, block: int) -> RewardTree | None:
    """The tree over all that was earned up to a block that is added up; None before anybody earned anything."""
    if block not in memory.trees:
        try:
            memory.keep_tree(block, RewardTree.build({who: earned_by(memory, who, block) for who in memory.earned}))
        except RewardError:
            return None
    return memory.trees[block]


def unreadable_by(memory: Memory, block: int) -> list[bytes]:
    """Hashes of batches up to a block that nobody can read back, and that no tree of ours has in it."""
    return [batch_hash for number, batch_hash in memory.unreadable if number <= block]
