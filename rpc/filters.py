"""Filters that clients poll: eth_newFilter, eth_newBlockFilter, eth_newPendingTransactionFilter.

A filter holds no results, only a place in one shared, bounded record of events. Polling reads on from there, so a
thousand idle filters cost nothing; one that fell behind the record's start is gone, like one that expired.
"""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

from rpc.errors import FilterNotFound, LimitExceeded
from rpc.events import Event, EventHub, HeadEvent
from rpc.limits import Limits
from rpc.parameters import FilterRequest
from state.primitives.types import Hash32

T = TypeVar("T")


class FilterKind(Enum):
    """What a filter waits for."""

    LOGS = "logs"
    BLOCKS = "blocks"
    PENDING_TRANSACTIONS = "pending transactions"


@dataclass(slots=True, kw_only=True)
class Filter:
    """What one client waits for, and how far it has read."""

    kind: FilterKind
    criteria: FilterRequest
    """Says nothing but for logs."""
    has_bodies: bool
    """For pending transactions: tells whole ones."""
    position: int
    used_at: float


class EventRecord(Generic[T]):
    """The latest entries of one kind, numbered from the start of the server."""

    def __init__(self, size: int) -> None:
        self._entries: Final[deque[T]] = deque(maxlen=size)
        self.end = 0
        """The number of the next entry."""

    def append(self, entry: T) -> None:
        self._entries.append(entry)
        self.end += 1

    def since(self, position: int) -> list[T]:
        """Entries from `position` on. Raises FilterNotFound if some of them are forgotten."""
        kept_from = self.end - len(self._entries)
        if position < kept_from:
            raise FilterNotFound("filter not found: it was polled too rarely and has missed events")
        return list(self._entries)[position - kept_from :]


def new_id() -> str:
    """An identifier that nobody guesses, as a quantity: some clients read it as a number."""
    return hex(secrets.randbits(128))


class FilterStore:
    """All installed filters of one server."""

    def __init__(self, hub: EventHub, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits: Final = limits
        self._clock: Final = clock
        self._filters: Final[dict[str, Filter]] = {}
        self._heads: Final[EventRecord[HeadEvent]] = EventRecord(limits.remembered_events)
        self._pending: Final[EventRecord[Hash32]] = EventRecord(limits.remembered_events)
        hub.subscribe(self._record)

    def __len__(self) -> int:
        return len(self._filters)

    def install(self, kind: FilterKind, criteria: FilterRequest | None = None, *, has_bodies: bool = False) -> str:
        """The new filter's id. It tells what happens from now on. Raises LimitExceeded."""
        self._expire()
        if len(self._filters) >= self._limits.filters:
            raise LimitExceeded(f"too many filters: at most {self._limits.filters} are kept")
        filter_id = new_id()
        end = self._pending.end if kind is FilterKind.PENDING_TRANSACTIONS else self._heads.end
        self._filters[filter_id] = Filter(
            kind=kind,
            criteria=criteria or FilterRequest(),
            has_bodies=has_bodies,
            position=end,
            used_at=self._clock(),
        )
        return filter_id

    def find(self, filter_id: str) -> Filter:
        """The filter, and its time starts anew. Raises FilterNotFound."""
        self._expire()
        found = self._filters.get(filter_id)
        if found is None:
            raise FilterNotFound("filter not found")
        found.used_at = self._clock()
        return found

    def new_heads(self, found: Filter) -> list[HeadEvent]:
        """What happened to the head since the filter was asked last. Raises FilterNotFound."""
        return self._advance(found, self._heads)

    def new_pending(self, found: Filter) -> list[Hash32]:
        """Transactions that the pool admitted since the filter was asked last. Raises FilterNotFound."""
        return self._advance(found, self._pending)

    def uninstall(self, filter_id: str) -> bool:
        """Whether there was such a filter."""
        self._expire()
        return self._filters.pop(filter_id, None) is not None

    def _advance(self, found: Filter, record: EventRecord[T]) -> list[T]:
        entries = record.since(found.position)
        found.position = record.end
        return entries

    def _record(self, event: Event) -> None:
        if isinstance(event, HeadEvent):
            self._heads.append(event)
        else:
            self._pending.append(event.transaction.hash)

    def _expire(self) -> None:
        oldest = self._clock() - self._limits.filter_seconds
        for filter_id in [key for key, entry in self._filters.items() if entry.used_at < oldest]:
            del self._filters[filter_id]
