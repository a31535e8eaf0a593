"""Hashes of blocks that a signed head vouches for and that are not yet linked to the chain of this node.

They hang down from the signed head: each is the parent of the one above. Only hashes are kept, 32 bytes each, and no
more than a fixed number: when there are more, the highest are forgotten and asked for again once the rest is in.
"""

from typing import Final

from p2p.ports import Head
from state.primitives.types import Hash32

MOST_HASHES: Final = 2_000_000
_HASH: Final = 32


class Quarantine:
    """One branch. Both ends grow."""

    def __init__(self, top: Head, parent: Hash32, *, most: int = MOST_HASHES) -> None:
        """`top` is signed and not block 0."""
        self._middle = top.number
        self._downwards = bytearray(top.hash + parent)
        """Hashes of `_middle` and of what is below it, highest first."""
        self._upwards = bytearray()
        """Hashes of what is above `_middle`, lowest first."""
        self._most = most

    @property
    def top(self) -> Head:
        """The highest block."""
        number = self._middle + len(self._upwards) // _HASH
        block_hash = self.hash_at(number)
        assert block_hash is not None  # noqa: S101  # neither end is ever empty
        return Head(number=number, hash=block_hash)

    @property
    def lowest(self) -> Head:
        """The lowest block whose hash is known."""
        number = self._middle - len(self._downwards) // _HASH + 1
        return Head(number=number, hash=Hash32(bytes(self._downwards[-_HASH:])))

    def __len__(self) -> int:
        return (len(self._downwards) + len(self._upwards)) // _HASH

    def hash_at(self, number: int) -> Hash32 | None:
        """None outside both ends."""
        hashes, index = self._downwards, self._middle - number
        if index < 0:
            hashes, index = self._upwards, -index - 1
        found = bytes(hashes[index * _HASH : (index + 1) * _HASH])
        return Hash32(found) if found else None

    def extend_down(self, parent: Hash32) -> None:
        """`parent` is the parent of the lowest block."""
        self._downwards += parent
        if len(self) > self._most:
            self._forget_highest()

    def extend_up(self, head: Hash32) -> None:
        """`head` is a signed child of the highest block. Forgotten where there is no room for it."""
        if len(self) < self._most:
            self._upwards += head

    def _forget_highest(self) -> None:
        if self._upwards:
            self._upwards.clear()
            return
        many = max(1, self._most // 8)
        del self._downwards[: many * _HASH]
        self._middle -= many
