"""What a revert goes back to."""

from dataclasses import dataclass, field

from rollup.sandbox.errors import SandboxRefusal
from state.database import WriteBatch
from state.primitives.types import Address, Gas, Hash32, UnixSeconds, Wei
from state.transactions import RecoveredTransaction

MOST_SNAPSHOTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NextBlock:
    """What was wished of the blocks to come; None leaves a field to the rules."""

    gas_limit: Gas
    fee_recipient: Address
    base_fee: Wei | None = None
    """Of the next block only."""
    prev_randao: Hash32 | None = None
    """Of the next block only."""


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """The chain's end, and all that is not on the chain."""

    number: int
    """The head's height."""
    head: Hash32
    next_block: NextBlock
    pool: tuple[RecoveredTransaction, ...]
    time: float
    """The sandbox's clock when it was taken."""
    next_timestamp: UnixSeconds | None
    interval: int | None
    undo: WriteBatch = field(default_factory=WriteBatch)
    """What takes back the forgeries of this very head since then, until the next snapshot."""


class Snapshots:
    """In order; a revert ends the life of its own and of all later ones. The first, of genesis, stays for ever."""

    def __init__(self) -> None:
        self._taken: dict[int, Snapshot] = {}
        self._next_id = 0

    def take(self, snapshot: Snapshot) -> int:
        """Its id: 0 for the first. Raises SandboxRefusal for too many."""
        if len(self._taken) >= MOST_SNAPSHOTS:
            raise SandboxRefusal(f"too many snapshots: got {len(self._taken)}, expected at most {MOST_SNAPSHOTS}")
        snapshot_id = self._next_id
        self._next_id += 1
        self._taken[snapshot_id] = snapshot
        return snapshot_id

    def forged(self, number: int, undo: WriteBatch) -> None:
        """The head at `number` was forged, and `undo` takes that back: the newest snapshot of that head needs it."""
        newest = next(reversed(self._taken.values()), None)
        if newest is None or newest.number != number:
            return  # no snapshot has this head: rewinding takes the block away with all that was forged on it
        for key, value in undo.operations.items():
            newest.undo.operations.setdefault(key, value)  # the oldest value is the one to go back to

    def heads(self) -> dict[int, tuple[int, Hash32]]:
        """Number and hash of the heads that can be gone back to, by id."""
        return {snapshot_id: (snapshot.number, snapshot.head) for snapshot_id, snapshot in self._taken.items()}

    def revert(self, snapshot_id: int) -> tuple[Snapshot, list[WriteBatch]] | None:
        """The snapshot, and what undoes the forgeries of its head, to be applied in this order; None for no such id."""
        wanted = self._taken.get(snapshot_id)
        if wanted is None:
            return None
        undone = []
        for later in sorted((each for each in self._taken if each >= snapshot_id), reverse=True):
            snapshot = self._taken.pop(later)
            if snapshot.number == wanted.number and len(snapshot.undo):
                undone.append(snapshot.undo)
        return wanted, undone
