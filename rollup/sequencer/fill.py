"""How full a block may get on this machine.

The header's gas limit is SystemConfig's; the host's speed never shows in it. A slow host fills its blocks less, so that
they are sealed in time.
"""

from typing import Final

SMOOTHING: Final = 0.5
"""Weight of the newest measurement in the moving average: a burst after a quiet time is met within a few blocks."""
BUILD_SHARE: Final = 0.7
"""Share of the block time that may go into building a block."""
MIN_SAMPLE_GAS: Final = 2_000_000
"""Smaller blocks measure overhead, not speed, unless they were as full as they might get."""


class FillLimit:
    """A soft gas limit from measured execution speed."""

    def __init__(self, *, block_time: float, initial_gas_per_second: float = 50_000_000.0) -> None:
        self._block_time = block_time
        self.gas_per_second = initial_gas_per_second

    def record(self, gas_used: int, seconds: float) -> None:
        """Take one block's measurement into the average."""
        if seconds <= 0 or gas_used < min(MIN_SAMPLE_GAS, self._budget() // 2):
            return
        self.gas_per_second += SMOOTHING * (gas_used / seconds - self.gas_per_second)

    def limit(self, gas_limit: int) -> int:
        """Gas to fill, at most the header's limit, at least one plain transfer."""
        return max(21_000, min(gas_limit, self._budget()))

    def _budget(self) -> int:
        return int(self.gas_per_second * self._block_time * BUILD_SHARE)
