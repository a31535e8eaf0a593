"""How much a peer may cost: an account that fills by itself and is paid from after the fact."""

from collections.abc import Callable


class Budget:
    """So many a second, up to `burst` saved. Costs are known only once the work is done, so it may go into debt."""

    def __init__(self, *, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._counted = clock()

    @property
    def is_open(self) -> bool:
        """Whether anything is left."""
        self._fill()
        return self._left > 0

    def spend(self, cost: float) -> None:
        """Takes the cost, whether or not it is there."""
        self._fill()
        self._left -= cost

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._counted) * self._rate)
        self._counted = now
