"""Single values of the unsafe head's state, read in this process: a look-up costs less than a question to a reader.

What a wallet needs to send a transaction (nonce, balance, code) must not wait behind other people's calls and searches.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from state.database import ChainDatabase
from state.primitives.types import Hash32
from state.world.readers import FlatState

T = TypeVar("T")


class HeadReads:
    """The flat tables, as long as they are those of the block that is asked about."""

    def __init__(self, db: ChainDatabase) -> None:
        self._db: Final = db
        self._state: Final = FlatState(db)

    def read(self, block_hash: Hash32, look: Callable[[FlatState], T]) -> T | None:
        """What `look` finds in the state after `block_hash`; None if that isn't the head, or not any more.

        A block is one write: if the head is the same before and after, all that was read between is its.
        """
        if self._db.flat_head() != block_hash:
            return None
        found = look(self._state)
        return found if self._db.flat_head() == block_hash else None
