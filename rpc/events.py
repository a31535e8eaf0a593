"""What happens on the chain, told to those who wait for it.

The composition root publishes, from any thread, after the database has what is told:

    hub.publish_heads(added=[hash, ...], removed=[old hash, ...])   new unsafe heads; on a reorg with what fell off
    hub.publish_pending([transaction, ...])                         transactions that the pool admitted

Listeners are called on the server's event loop, in order, and must not block.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from state.primitives.types import Hash32
from state.transactions import RecoveredTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadEvent:
    """A block became canonical, or stopped being so."""

    block_hash: Hash32
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEvent:
    """The pool admitted a transaction."""

    transaction: RecoveredTransaction


Event: TypeAlias = HeadEvent | PendingEvent
Listener: TypeAlias = Callable[[Event], None]


class EventHub:
    """Fans events out. Before the server runs, nobody listens and events are dropped."""

    def __init__(self) -> None:
        self._listeners: Final[dict[int, Listener]] = {}
        self._next_key = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._undelivered: Final[deque[Event]] = deque()
        self._is_scheduled = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Delivers on `loop` from now on."""
        self._loop = loop
        self._is_scheduled = False

    def detach(self) -> None:
        """Delivers nothing any more."""
        self._loop = None
        self._undelivered.clear()

    def publish_heads(self, added: Sequence[Hash32], removed: Sequence[Hash32] = ()) -> None:
        """Tells of blocks that fell off the canonical chain (newest first) and then of those that joined it (oldest
        first)."""
        events: list[Event] = [HeadEvent(block_hash=block_hash, removed=True) for block_hash in removed]
        events += [HeadEvent(block_hash=block_hash) for block_hash in added]
        self._publish(events)

    def publish_pending(self, transactions: Sequence[RecoveredTransaction]) -> None:
        """Tells of transactions that are new in the pool."""
        self._publish([PendingEvent(transaction=transaction) for transaction in transactions])

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` for each event until what is returned is called."""
        key = self._next_key
        self._next_key += 1
        self._listeners[key] = listener
        return lambda: self._listeners.pop(key, None) and None

    def _publish(self, events: Sequence[Event]) -> None:
        loop = self._loop
        if loop is None or not events or loop.is_closed():
            return
        self._undelivered.extend(events)
        if not self._is_scheduled:  # waking the loop costs a system call: once for all that come before it wakes
            self._is_scheduled = True
            loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._is_scheduled = False  # first, so that what is published from here on wakes the loop again
        while self._undelivered:
            event = self._undelivered.popleft()
            for listener in tuple(self._listeners.values()):
                listener(event)
