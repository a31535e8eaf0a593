"""How far a catch-up is, for `eth_syncing` and the terminal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

REPORT_SECONDS: Final = 5.0

log = structlog.get_logger("p2p.sync")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProgress:
    """As `eth_syncing` says it, in block numbers."""

    starting: int
    """Our unsafe head when the catch-up began."""
    current: int
    highest: int
    """The highest block that the sequencer signed, as far as this node knows."""


class Pace:
    """Remembers where a catch-up began, and says every few seconds how fast it goes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.progress: SyncProgress | None = None
        self._reported_at = 0.0
        self._reported_block = 0

    def start(self, current: int, highest: int) -> None:
        """A catch-up begins, or one that is under way has a new aim."""
        if self.progress is None:
            self.progress = SyncProgress(starting=current, current=current, highest=highest)
            self._reported_at, self._reported_block = self._clock(), current
        else:
            self.aim(highest)

    def aim(self, highest: int) -> None:
        """A higher block was signed."""
        if (now := self.progress) is not None:
            self.progress = SyncProgress(starting=now.starting, current=now.current, highest=highest)

    def report_headers(self, missing: int) -> None:
        """So many headers are still to be asked for."""
        if (now := self.progress) is not None and self._is_due():
            log.info("sync.headers", missing=missing, highest=now.highest)

    def report_block(self, current: int) -> None:
        """A block was inserted."""
        if (before := self.progress) is None:
            return
        self.progress = now = SyncProgress(
            starting=before.starting, current=current, highest=max(before.highest, current)
        )
        seconds, blocks = self._clock() - self._reported_at, current - self._reported_block
        if self._is_due():
            self._reported_block = current
            rate = blocks / seconds
            log.info(
                "sync.progress",
                current=current,
                highest=now.highest,
                blocks_per_second=round(rate, 1),
                seconds_left=round((now.highest - current) / rate) if rate > 0 else None,
            )

    def finish(self, current: int) -> None:
        """Nothing is left that could be fetched."""
        if (before := self.progress) is not None:
            self.progress = None
            log.info("sync.done", current=current, blocks=current - before.starting)

    def _is_due(self) -> bool:
        now = self._clock()
        if now - self._reported_at < REPORT_SECONDS:
            return False
        self._reported_at = now
        return True
