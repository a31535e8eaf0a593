"""A queue that is bounded by its items' count and by their bytes."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class SizedQueue(Generic[T]):
    """First in, first out, for one reader. An item larger than all of the bytes allowed fits into an empty queue."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._items: deque[tuple[T, int]] = deque()
        self._changed = asyncio.Event()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def has_room(self, size: int) -> bool:
        return not self._items or (len(self._items) < self._most and self.bytes + size <= self._most_bytes)

    def offer(self, item: T, size: int) -> bool:
        """Whether the item was taken."""
        if not self.has_room(size):
            return False
        self._items.append((item, size))
        self.bytes += size
        self._changed.set()
        return True

    async def put(self, item: T, size: int) -> None:
        """Waits for room. One task at a time."""
        while not self.offer(item, size):
            self._changed.clear()
            await self._changed.wait()

    async def get(self) -> T:
        """The oldest item, waited for. One task at a time."""
        while not self._items:
            self._changed.clear()
            await self._changed.wait()
        item, size = self._items.popleft()
        self.bytes -= size
        self._changed.set()
        return item
