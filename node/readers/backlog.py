"""The recent write batches, from which a reader that lags a little is brought level."""

from collections import deque
from collections.abc import Iterator
from threading import Lock
from typing import Final

from state.database import KeyValueStore, WriteBatch

MAX_BATCHES: Final = 256
MAX_BYTES: Final = 64 << 20
CHUNK_BYTES: Final = 1 << 20


class Backlog:
    """A ring of encoded batches, bounded by number and bytes. Fed on the committing thread, read on the loop."""

    def __init__(self, sequence: int) -> None:
        """`sequence`: how many batches the main database has when the first one is still to come."""
        self._lock = Lock()
        self._batches: deque[bytes] = deque()
        self._bytes = 0
        self._newest = sequence

    def add(self, sequence: int, batch: bytes) -> None:
        """Appends a batch; the oldest ones go where there is no room, and all that came before a gap."""
        with self._lock:
            if sequence != self._newest + 1:
                self._batches.clear()
                self._bytes = 0
            self._batches.append(batch)
            self._newest = sequence
            self._bytes += len(batch)
            while len(self._batches) > MAX_BATCHES or (self._bytes > MAX_BYTES and len(self._batches) > 1):
                self._bytes -= len(self._batches.popleft())

    def since(self, sequence: int) -> list[bytes] | None:
        """The batches after number `sequence`, None if one of them is no longer here or was never written."""
        with self._lock:
            lag = self._newest - sequence
            if not 0 <= lag <= len(self._batches):
                return None
            return list(self._batches)[len(self._batches) - lag :]


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
