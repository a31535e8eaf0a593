"""Cursors: where the next page of an answer begins. Opaque to clients, who send back what they got.

Rows with ids have the id they go on after; rows of the chain's history the place of the last one in it.
"""

from dataclasses import dataclass
from typing import Final

from rollup.indexer.errors import InvalidQuestion

_ID_BYTES: Final = 8
_PLACE_BYTES: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A position in the canonical chain's history. Ordered as the chain is."""

    block: int
    log_index: int = 0
    """In the block."""
    index: int = 0
    """Within what the log stands for: a record in its batch."""

    def encode(self) -> bytes:
        """The cursor."""
        return self.block.to_bytes(8, "big") + self.log_index.to_bytes(4, "big") + self.index.to_bytes(2, "big")


def decode_id(cursor: bytes | None) -> int:
    """The id to go on after, 0 without a cursor. Raises InvalidQuestion."""
    if cursor is None:
        return 0
    if len(cursor) != _ID_BYTES:
        raise InvalidQuestion("invalid cursor: send back what `next` was")
    return int.from_bytes(cursor, "big")


def encode_id(number: int) -> bytes:
    """The cursor of a page that ended with `number`."""
    return number.to_bytes(_ID_BYTES, "big")


def decode_place(cursor: bytes | None, *, first: int = 0) -> Place:
    """The last position that was shown, one before everything of block `first` without a cursor.

    Raises InvalidQuestion.
    """
    if cursor is None:
        return Place(block=first, log_index=-1)
    if len(cursor) != _PLACE_BYTES:
        raise InvalidQuestion("invalid cursor: send back what `next` was")
    return Place(
        block=int.from_bytes(cursor[:8], "big"),
        log_index=int.from_bytes(cursor[8:12], "big"),
        index=int.from_bytes(cursor[12:], "big"),
    )
