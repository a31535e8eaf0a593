"""The recent write batches, from which a reader that lags a little is brought level."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from state.database import KeyValueStore, WriteBatch

MAX_BATCHES: Final = 8_192
MAX_BYTES: Final = 64 << 20
COPYING_MAX_BYTES: Final = 512 << 20
"""While a copy is made anew: what is written in the meantime has to be here when that is done."""
CHUNK_BYTES: Final = 1 << 20


class BatchForgotten(Exception):
    """A batch that a copy needs is no longer here: only a snapshot brings it level."""


class Backlog:
    """A ring of encoded batches, bounded by number and bytes, for all readers of a node; what a busy reader has not
    taken yet waits here and nowhere else. Fed on the committing thread, read on the loop."""

    def __init__(self, sequence: int) -> None:
        """`sequence`: how many batches the main database has when the first one is still to come."""
        self._lock = Lock()
        self._batches: deque[bytes] = deque()
        self._bytes = 0
        self._newest = sequence
        self._copying = 0

    @property
    def newest(self) -> int:
        """The sequence number of the last batch."""
        return self._newest

    @property
    def bytes_held(self) -> int:
        """Of all batches here."""
        return self._bytes

    def add(self, sequence: int, batch: bytes) -> None:
        """Appends a batch; the oldest ones go where there is no room, and all that came before a gap."""
        with self._lock:
            if sequence != self._newest + 1:
                self._batches.clear()
                self._bytes = 0
            self._batches.append(batch)
            self._newest = sequence
            self._bytes += len(batch)
            most = COPYING_MAX_BYTES if self._copying else MAX_BYTES
            while len(self._batches) > MAX_BATCHES or (self._bytes > most and len(self._batches) > 1):
                self._bytes -= len(self._batches.popleft())

    def holds_all_after(self, sequence: int) -> bool:
        """Whether a copy at `sequence` can be brought level from here."""
        with self._lock:
            return 0 <= self._newest - sequence <= len(self._batches)

    def after(self, sequence: int) -> bytes | None:
        """The batch that follows number `sequence`, None if that is the newest. Raises BatchForgotten."""
        with self._lock:
            lag = self._newest - sequence
            if not 0 <= lag <= len(self._batches):
                raise BatchForgotten(f"batch {sequence + 1} is no longer kept, the newest is {self._newest}")
            return self._batches[-lag] if lag else None

    @contextmanager
    def copying(self) -> Iterator[None]:
        """More room while a snapshot is sent."""
        self._copying += 1
        try:
            yield
        finally:
            self._copying -= 1


def snapshot_chunks(store: KeyValueStore) -> Iterator[bytes]:
    """The whole store as it is when the first chunk is asked for, in encoded batches of about a mebibyte."""
    batch, size = WriteBatch(), 0
    for key, value in store.iterate():
        batch.put(key, value)
        size += len(key) + len(value)
        if size >= CHUNK_BYTES:
            yield batch.encode()
            batch, size = WriteBatch(), 0
    yield batch.encode()
