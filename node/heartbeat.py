"""Whether the event loop and the engine's thread turn, and how long a turn takes to come."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor as ThreadExecutor
from typing import Final

BEAT_SECONDS: Final = 0.5
BEATS: Final = 120
"""A minute of them."""


class Heartbeat:
    """A task that sleeps, notes how late it woke, and has the engine's thread do nothing now and then."""

    def __init__(self, engine_thread: ThreadExecutor, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._thread = engine_thread
        self._clock = clock
        self._lags: deque[float] = deque(maxlen=BEATS)
        self._engine_asked_at: float | None = None
        self.engine_delay = 0.0
        """Seconds that the engine's thread took to come round to the last question: the block it was at."""

    @property
    def loop_lag(self) -> float:
        """The longest hold-up of the event loop in the last minute, seconds."""
        return max(self._lags, default=0.0)

    @property
    def engine_silence(self) -> float:
        """Seconds that the engine's thread has left a question unanswered; 0 if it has none."""
        return 0.0 if self._engine_asked_at is None else self._clock() - self._engine_asked_at

    async def run(self) -> None:
        """Beats until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if self._engine_asked_at is None:
                self._engine_asked_at = self._clock()
                loop.run_in_executor(self._thread, _turn).add_done_callback(self._turned)
            due = self._clock() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self._lags.append(max(0.0, self._clock() - due))

    def _turned(self, _: object) -> None:
        self.engine_delay, self._engine_asked_at = self.engine_silence, None


def _turn() -> None:
    """Nothing: that it runs at all is the answer."""
