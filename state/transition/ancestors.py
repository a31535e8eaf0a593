"""What BLOCKHASH sees: the hashes of the blocks before one that is being built or replayed."""

from typing import Protocol

from state.blocks import Header
from state.primitives.types import Hash32


class HeaderSource(Protocol):
    """What walking back needs of the chain database."""

    def header(self, block_hash: Hash32) -> Header | None:
        """A header by hash."""

    def canonical_hash(self, number: int) -> Hash32 | None:
        """The canonical block's hash at a height."""


class Ancestors:
    """Hashes by number on the branch that ends in `parent_hash`; canonical ones cost one look-up."""

    def __init__(self, source: HeaderSource, parent_hash: Hash32, parent: Header) -> None:
        self._source = source
        self._known: dict[int, Hash32] = {parent.number: parent_hash}
        self._lowest = parent

    def __call__(self, number: int) -> Hash32 | None:
        """The hash of the ancestor at `number`; None where there is none."""
        if not 0 <= number <= max(self._known):
            return None
        while number not in self._known:
            hash_, height = self._lowest.parent_hash, self._lowest.number - 1
            if self._source.canonical_hash(height) == hash_:
                return self._source.canonical_hash(number)
            self._known[height] = hash_
            header = self._source.header(hash_)
            if header is None:
                return self._known.get(number)
            self._lowest = header
        return self._known[number]
