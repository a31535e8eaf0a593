"""How far a node has come while it catches up, on its terminal every few seconds; silent once it is in step."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from rollup.driver import SyncStatus
from rpc.values import SyncProgress

log = structlog.get_logger("node")

ROUND_SECONDS: Final = 5.0


class ProgressReport:
    """Looks now and then and says what changed."""

    def __init__(
        self,
        *,
        syncing: Callable[[], SyncProgress | None],
        status: Callable[[], SyncStatus],
        clock: Callable[[], float],
    ) -> None:
        """`syncing` None: in step. `clock` in seconds."""
        self._syncing = syncing
        self._status = status
        self._clock = clock
        self._last: tuple[float, int] | None = None

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Report for ever."""
        while True:
            self.report()
            await sleep(ROUND_SECONDS)

    def report(self) -> None:
        """One line, or none."""
        progress, now = self._syncing(), self._clock()
        if progress is None:
            if self._last is not None:
                log.info("node.in_step", block=self._status().unsafe_l2.number)
            self._last = None
            return
        current, status = progress.current_block, self._status()
        rate = self._rate(current, now)
        self._last = (now, current)
        left = max(0, progress.highest_block - current)
        log.info(
            "node.syncing",
            block=current,
            of=progress.highest_block,
            blocks_per_second=None if rate is None else round(rate, 1),
            seconds_left=round(left / rate) if rate else None,
            l1=None if status.current_l1 is None else status.current_l1.number,
            of_l1=None if status.head_l1 is None else status.head_l1.number,
        )

    def _rate(self, current: int, now: float) -> float | None:
        """Blocks a second since the last look; None at the first."""
        if self._last is None or now <= self._last[0]:
            return None
        return (current - self._last[1]) / (now - self._last[0])
