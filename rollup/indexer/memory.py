"""What a reader remembers between questions: facts that never change on one chain, and sums that only grow.

A reorg may change all of it, so the memory is anchored to the highest block that it was used at: as long as that block
is canonical, everything below it is what it was.
"""

from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import Final

from contracts.records import Batch
from contracts.rewards import ContributionOwners, RewardTree
from rollup.indexer.errors import StillRebuilding
from rollup.indexer.snapshot import Snapshot
from state.primitives.types import Hash32

KEPT_RECORDS: Final = 50_000
"""Decoded records kept, over all batches; a record is about a kilobyte."""
KEPT_TREES: Final = 4
LOGS_A_QUESTION: Final = 50_000
"""Contributions that one question adds to the list by content root."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """Use through `anchored`, which forgets what a reorg made wrong."""

    anchor: tuple[int, Hash32] | None = None
    owners: dict[int, ContributionOwners] = field(default_factory=dict)
    """Contribution id -> who is paid for it."""
    datanets: dict[int, int] = field(default_factory=dict)
    """Contribution id -> its Datanet."""
    prices: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """(model id, checkpoint) -> wei per 1,000 tokens in and out: set for good when it is first deployed."""
    batches: OrderedDict[bytes, Batch] = field(default_factory=OrderedDict)
    """By batch hash, the least recently used first."""
    trees: OrderedDict[int, RewardTree] = field(default_factory=OrderedDict)
    """By the last block that is in them."""
    earned: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Account -> (block, cumulative wei after it), ascending. See `ledger`."""
    unreadable: list[tuple[int, bytes]] = field(default_factory=list)
    """(block, hash) of batches whose bytes are in no calldata where they must be."""
    ledger_next: tuple[int, int] = (0, 0)
    """(block, log index in it) from which batches are not added up yet."""
    roots: defaultdict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Content root -> contribution ids."""
    roots_next: int = 0
    """The block from which contributions are not listed yet."""
    _counts: dict[tuple[Hash32, str], int] = field(default_factory=dict)

    def anchored(self, snapshot: Snapshot) -> "Memory":
        """This memory, or a new one where a reorg made it wrong; good for `snapshot`."""
        if self.anchor is not None and snapshot.queries.database.canonical_hash(self.anchor[0]) != self.anchor[1]:
            return Memory().anchored(snapshot)
        if self.anchor is None or snapshot.number > self.anchor[0]:
            self.anchor = (snapshot.number, snapshot.hash)
        return self

    def count(self, snapshot: Snapshot, contract: str, function: str) -> int:
        """How many ids a contract has handed out, asked once a block."""
        key = (snapshot.hash, function)
        if key not in self._counts:
            if len(self._counts) > 64:
                self._counts.clear()
            self._counts[key] = int(snapshot.view(contract, function))
        return self._counts[key]

    def keep_batch(self, batch_hash: bytes, batch: Batch) -> None:
        """Remember a decoded batch, and forget the least recently used."""
        self.batches[batch_hash] = batch
        while len(self.batches) > 1 and sum(len(kept.records) for kept in self.batches.values()) > KEPT_RECORDS:
            self.batches.popitem(last=False)

    def keep_tree(self, last_block: int, tree: RewardTree) -> None:
        """Remember an epoch's tree."""
        self.trees[last_block] = tree
        if len(self.trees) > KEPT_TREES:
            self.trees.popitem(last=False)

    def contributions_of_root(self, snapshot: Snapshot, content_root: bytes) -> list[int]:
        """Ids of the contributions with this content root, made by the snapshot's block. Raises StillRebuilding."""
        budget = LOGS_A_QUESTION
        for entry in snapshot.logs("Datanets", "Contributed", first=self.roots_next):
            if budget <= 0 and entry.block_number > self.roots_next:
                raise StillRebuilding(f"contributions are being listed: block {self.roots_next} of {snapshot.number}")
            self.roots_next = max(self.roots_next, entry.block_number)
            number = int.from_bytes(entry.log.topics[1], "big")
            known = self.roots[bytes(entry.log.data[:32])]
            if not known or known[-1] < number:  # the block that was begun last is read again
                known.append(number)
            budget -= 1
        return [
            n for n in self.roots.get(content_root, []) if n <= self.count(snapshot, "Datanets", "contributionCount")
        ]
