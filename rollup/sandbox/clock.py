"""What time it is in a sandbox. All times are UNIX seconds."""

from collections.abc import Callable

from rollup.sandbox.errors import SandboxRefusal
from state.primitives.types import UnixSeconds

LATEST = 2**63 - 1
"""Later than any date that a contract's arithmetic is tested with; one second a block fits above it."""


class SandboxClock:
    """The outside clock, moved by tests. It runs on between two moves, as Hardhat's does."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.offset = 0.0
        """Seconds ahead of the outside clock."""
        self.next_timestamp: UnixSeconds | None = None
        """What the next block was asked to have."""
        self.interval: int | None = None
        """Seconds from block to block, whatever the clock says; None where the clock decides."""

    def now(self) -> float:
        """The sandbox's time."""
        return self._clock() + self.offset

    def increase(self, seconds: int) -> int:
        """Moves on, and returns how far ahead of the outside clock it is now. Raises SandboxRefusal."""
        self._check(self.now() + seconds)
        self.offset += seconds
        return int(self.offset)

    def set(self, timestamp: float) -> None:
        """It is `timestamp` now. Raises SandboxRefusal."""
        self._check(timestamp)
        self.offset = timestamp - self._clock()

    def forget(self) -> None:
        """It is what it is outside, and nothing is asked of the next block."""
        self.offset, self.next_timestamp, self.interval = 0.0, None, None

    def ask_next(self, timestamp: int, parent: int) -> None:
        """The next block, after one of `parent`, gets exactly this time. Raises SandboxRefusal."""
        self._check(timestamp)
        if timestamp <= parent:
            raise SandboxRefusal(f"timestamp not after the newest block's: got {timestamp}, newest block {parent}")
        self.next_timestamp = UnixSeconds(timestamp)

    def after(self, parent: int) -> UnixSeconds:
        """The time of the next block on one of `parent`."""
        if self.next_timestamp is not None and self.next_timestamp > parent:
            return self.next_timestamp
        if self.interval is not None:
            return UnixSeconds(parent + self.interval)
        return UnixSeconds(max(parent + 1, int(self.now())))

    def sealed(self, timestamp: int) -> None:
        """A block with this time was made: the clock goes on from a time that was asked for."""
        if self.next_timestamp is not None:
            self.next_timestamp = None
            self.set(timestamp)

    @staticmethod
    def _check(timestamp: float) -> None:
        if not 0 <= timestamp <= LATEST:
            raise SandboxRefusal(f"time out of range: got {timestamp:.0f}, expected at most {LATEST}")
