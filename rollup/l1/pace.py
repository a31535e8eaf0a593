"""Which looks at L1 can show anything new.

What a node asks of L1 is settled by the block at its head: while that is the same, so are the answers. Rounds come
several times in the life of an L1 block, and without this most of them would ask in vain.
"""

from typing import Final

from state.primitives.types import Hash32

MOST_SKIPPED: Final = 7
"""Rounds in a row, so that what changes without a new block (a pool that was lost, a tag that moved) shows too."""


class Pace:
    """Says which rounds to make, by the hashes of the heads that they depend on."""

    def __init__(self, most_skipped: int = MOST_SKIPPED) -> None:
        self._most_skipped: Final = most_skipped
        self._looked_at: tuple[Hash32, ...] | None = None
        self._done: tuple[Hash32, ...] | None = None
        self._skipped = 0

    def is_due(self, *heads: Hash32) -> bool:
        """Whether to make a round now, with these heads."""
        self._looked_at = heads
        if heads == self._done and self._skipped < self._most_skipped:
            self._skipped += 1
            return False
        return True

    def done(self) -> None:
        """The round that was due is over. One that failed is not, and is due again."""
        self._done, self._skipped = self._looked_at, 0
