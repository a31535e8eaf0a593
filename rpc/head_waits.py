"""Calls that wait for a block to bring what they ask for, in a bounded number."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from rpc.errors import LimitExceeded
from rpc.events import Event, EventHub, HeadEvent
from rpc.limits import Limits

T = TypeVar("T")


class HeadWaits:
    """All waiting calls of one server."""

    def __init__(self, hub: EventHub, limits: Limits) -> None:
        self._hub: Final = hub
        self._free = limits.receipt_waits

    def check_free(self) -> None:
        """Raises LimitExceeded where no further call may wait; before the call does what can't be undone."""
        if self._free <= 0:
            raise LimitExceeded("too many calls wait for receipts, try again later")

    async def until(self, reached: Callable[[], T | None], seconds: float) -> T | None:
        """What `reached` gives, now or after a new head; None once the seconds are over. Raises LimitExceeded."""
        self.check_free()
        moved = asyncio.Event()

        def on_event(event: Event) -> None:
            if isinstance(event, HeadEvent) and not event.removed:
                moved.set()

        leave = self._hub.subscribe(on_event)
        self._free -= 1
        try:
            async with asyncio.timeout(seconds):
                while (found := reached()) is None:
                    moved.clear()
                    await moved.wait()
            return found
        except TimeoutError:
            return reached()
        finally:
            self._free += 1
            leave()
