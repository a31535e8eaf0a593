"""The pieces of a span batch's columns: bounded reading, unsigned varints, bit lists.

uvarint     LEB128 as in protobuf, at most 64 bits
bit list    ⌈n/8⌉ bytes, a big-endian integer whose bit i, from the least, is entry i; no bit set beyond n
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.codec.batch_error import BatchError
from state.primitives.types import UINT64_MAX


class ColumnReader:
    """Reads a batch from its front; every read is checked against the bytes that are left."""

    __slots__ = ("_data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data = data
        self.position = position

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self.position

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        if size > self.left:
            raise BatchError(f"batch cut short: got {self.left} bytes, expected {size}")
        start = self.position
        self.position = start + size
        return self._data[start : self.position]

    def uvarint(self) -> int:
        """The next unsigned varint; longer forms than needed are accepted, as clients do."""
        data, position, end = self._data, self.position, len(self._data)
        value = shift = 0
        while position < end:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value > UINT64_MAX:
                    raise BatchError("uvarint exceeds 64 bits")
                self.position = position
                return value
            shift += 7
            if shift > 63:
                raise BatchError("uvarint exceeds 64 bits")
        raise BatchError("batch ends inside a uvarint")

    def bits(self, count: int) -> "Bits":
        """The next bit list, of `count` entries."""
        return Bits(self.take((count + 7) // 8), count)


@dataclass(frozen=True, slots=True)
class Bits:
    """A bit list as it comes: one bit an entry in memory too."""

    data: bytes
    count: int

    def __post_init__(self) -> None:
        if self.count % 8 and self.data[0] >> (self.count % 8):
            raise BatchError(f"bit list has bits beyond its {self.count} entries")

    @classmethod
    def of(cls, entries: Sequence[bool]) -> "Bits":
        """The bit list of `entries`."""
        out = bytearray((len(entries) + 7) // 8)
        for index, entry in enumerate(entries):
            if entry:
                out[-1 - (index >> 3)] |= 1 << (index & 7)
        return cls(bytes(out), len(entries))

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> bool:
        if not 0 <= index < self.count:
            raise IndexError(index)
        return bool(self.data[-1 - (index >> 3)] >> (index & 7) & 1)

    def ones(self) -> int:
        """How many entries are set."""
        return int.from_bytes(self.data, "big").bit_count()


def encode_uvarint(value: int) -> bytes:
    """The shortest unsigned varint of a number below 2^64."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
