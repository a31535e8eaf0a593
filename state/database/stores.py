"""The key-value port, the write batch, and a store in memory."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final, Protocol

import msgpack

from state.errors import DecodeError

MAX_BATCH_BYTES: Final = 1 << 30
"""An encoded batch larger than this is refused: no block writes a tenth of it."""


class WriteBatchError(DecodeError):
    """Bytes that are no encoded write batch."""


class WriteBatch:
    """Puts and deletes that become visible together. The last operation on a key wins.

    Encoded: msgpack `[key, value | nil, key, value | nil, …]`, nil deletes.
    """

    __slots__ = ("operations",)

    def __init__(self) -> None:
        self.operations: dict[bytes, bytes | None] = {}

    def __len__(self) -> int:
        return len(self.operations)

    def put(self, key: bytes, value: bytes) -> None:
        """Sets `key` when the batch is written."""
        self.operations[key] = value

    def delete(self, key: bytes) -> None:
        """Removes `key`, which need not exist, when the batch is written."""
        self.operations[key] = None

    def merge(self, other: "WriteBatch") -> None:
        """Appends the operations of `other`."""
        self.operations.update(other.operations)

    def encode(self) -> bytes:
        """The batch in the form that reader processes are fed."""
        flat: list[bytes | None] = []
        for key, value in self.operations.items():
            flat += (key, value)
        return bytes(msgpack.packb(flat))

    @classmethod
    def decode(cls, data: bytes) -> "WriteBatch":
        """The batch that `data` holds. Raises WriteBatchError; msgpack's own limits bound counts by the bytes given."""
        if len(data) > MAX_BATCH_BYTES:
            raise WriteBatchError(f"write batch too large: got {len(data)} bytes, expected at most {MAX_BATCH_BYTES}")
        try:
            flat = msgpack.unpackb(data)
        except (ValueError, msgpack.exceptions.UnpackException, RecursionError) as error:
            raise WriteBatchError(f"write batch is not msgpack: {error}") from error
        if not isinstance(flat, list) or len(flat) % 2:
            raise WriteBatchError("write batch is not a list of pairs")
        batch = cls()
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            if not isinstance(key, bytes) or not (value is None or isinstance(value, bytes)):
                raise WriteBatchError("write batch holds something that is neither bytes nor a deletion")
            batch.operations[key] = value
        return batch


class KeyValueStore(Protocol):
    """Ordered bytes to bytes. Reads are safe from any thread, also beside a write."""

    def get(self, key: bytes, /) -> bytes | None:
        """The value, None where there is none. Raises StorageError for damage."""

    def write(self, batch: WriteBatch, /, *, sync: bool) -> None:
        """Applies the whole batch or nothing; with `sync` it survives a power cut once this returns."""

    def iterate(
        self, *, start: bytes | None = None, stop: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop in key order, as they were when the iteration began."""

    def close(self) -> None:
        """Releases the store; closing twice is fine."""


class MemoryStore:
    """A store that forgets everything, for tests and short-lived chains."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []

    def get(self, key: bytes, /) -> bytes | None:
        return self._values.get(key)

    def write(self, batch: WriteBatch, /, *, sync: bool) -> None:
        del sync
        for key, value in batch.operations.items():
            if value is not None:
                if key not in self._values:
                    insort(self._keys, key)
                self._values[key] = value
            elif self._values.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]

    def iterate(
        self, *, start: bytes | None = None, stop: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        first = 0 if start is None else bisect_left(self._keys, start)
        last = len(self._keys) if stop is None else bisect_left(self._keys, stop)
        pairs = [(key, self._values[key]) for key in self._keys[first:last]]
        return reversed(pairs) if reverse else iter(pairs)

    def close(self) -> None:
        """Nothing to release; the values stay readable."""
