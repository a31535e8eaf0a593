"""Recursive Length Prefix, strict: only the one canonical encoding of an item is accepted.

    item   = string | list
    string = byte < 0x80 | 0x80+len ++ bytes | 0xb7+len(len) ++ len ++ bytes
    list   = 0xc0+len ++ items | 0xf7+len(len) ++ len ++ items

Decoding checks every length against the bytes that are left before it takes memory, and bounds the depth.
Source: Ethereum yellow paper, appendix B.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from state.errors import DecodeError

Item: TypeAlias = bytes | Sequence["Item"]
DecodedItem: TypeAlias = "bytes | list[DecodedItem]"

MAX_DEPTH: Final = 16


class RLPError(DecodeError):
    """Bytes that are not the canonical RLP of what is expected."""


def _length_prefix(length: int, short: int, long: int) -> bytes:
    if length < 56:
        return bytes((short + length,))
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((long + len(size),)) + size


def encode_string(data: bytes) -> bytes:
    """The RLP of a byte string."""
    if len(data) == 1 and data[0] < 0x80:
        return data
    return _length_prefix(len(data), 0x80, 0xB7) + data


def encode_int(value: int) -> bytes:
    """The RLP of a non-negative integer: big-endian without leading zeros, zero is the empty string."""
    if value < 0x80:
        return bytes((value,)) if value else b"\x80"
    return encode_string(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def wrap_list(payload: bytes) -> bytes:
    """The RLP of a list whose items are already encoded and joined in `payload`."""
    return _length_prefix(len(payload), 0xC0, 0xF7) + payload


def encode(item: Item) -> bytes:
    """The RLP of nested sequences of byte strings."""
    if isinstance(item, bytes | bytearray | memoryview):
        return encode_string(bytes(item))
    return wrap_list(b"".join([encode(child) for child in item]))


def int_to_bytes(value: int) -> bytes:
    """Big-endian without leading zeros; zero is empty."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode(data: bytes) -> DecodedItem:
    """The one item that `data` holds. Raises RLPError for anything malformed, non-canonical or trailing."""
    item, end = decode_item(data, 0)
    if end != len(data):
        raise RLPError(f"trailing bytes after RLP item: got {len(data)}, expected {end}")
    return item


def decode_list(data: bytes) -> list[DecodedItem]:
    """The items of the one list that `data` holds."""
    item = decode(data)
    if not isinstance(item, list):
        raise RLPError("expected an RLP list, got a string")
    return item


def item_bounds(data: bytes, position: int, end: int) -> tuple[bool, int, int]:
    """(is_list, payload start, payload end) of the item at `position`, whose bytes must lie before `end`."""
    if position >= end:
        raise RLPError("RLP input ends where an item was expected")
    first = data[position]
    if first < 0x80:
        return False, position, position + 1
    is_list = first >= 0xC0
    tag = first - (0xC0 if is_list else 0x80)
    start = position + 1
    if tag < 56:
        length = tag
        if not is_list and length == 1 and start < end and data[start] < 0x80:
            raise RLPError("non-canonical RLP: a single byte below 0x80 has no prefix")
    else:
        size = tag - 55
        length, start = _long_length(data, start, size, end), start + size
    if length > end - start:
        raise RLPError(f"RLP length runs past the input: got {length}, expected at most {end - start}")
    return is_list, start, start + length


def _long_length(data: bytes, start: int, size: int, end: int) -> int:
    if size > end - start:
        raise RLPError("RLP length prefix runs past the input")
    length = int.from_bytes(data[start : start + size], "big")
    if length < 56 or data[start] == 0:
        raise RLPError("non-canonical RLP: length not in its shortest form")
    return length


def decode_item(data: bytes, position: int, end: int | None = None, depth: int = 0) -> tuple[DecodedItem, int]:
    """(item, position after it) for the item at `position`."""
    if depth > MAX_DEPTH:
        raise RLPError(f"RLP nested deeper than {MAX_DEPTH}")
    is_list, start, stop = item_bounds(data, position, len(data) if end is None else end)
    if not is_list:
        return bytes(data[start:stop]), stop
    items: list[DecodedItem] = []
    while start < stop:
        first = data[start]
        end = start + (1 if first < 0x80 else first - 0x7F)
        if first < 0x80:
            items.append(bytes(data[start:end]))
        elif first == 0x81 or first > 0xB7 or end > stop:
            item, end = decode_item(data, start, stop, depth + 1)
            items.append(item)
        else:  # a short string that lies within the list: what nearly all fields of transactions are
            items.append(bytes(data[start + 1 : end]))
        start = end
    return items, stop


def to_int(item: DecodedItem, *, max_bytes: int = 32) -> int:
    """A canonical big-endian integer of at most `max_bytes` bytes."""
    if not isinstance(item, bytes):
        raise RLPError("expected an RLP integer, got a list")
    if len(item) > max_bytes:
        raise RLPError(f"integer too large: got {len(item)} bytes, expected at most {max_bytes}")
    if item and item[0] == 0:
        raise RLPError("integer has leading zeros")
    return int.from_bytes(item, "big")


def to_bytes(item: DecodedItem, *, length: int | None = None) -> bytes:
    """A byte string, of exactly `length` bytes if that is given."""
    if not isinstance(item, bytes):
        raise RLPError("expected an RLP string, got a list")
    if length is not None and len(item) != length:
        raise RLPError(f"wrong string length: got {len(item)}, expected {length}")
    return item


def to_list(item: DecodedItem, *, length: int | None = None) -> list[DecodedItem]:
    """A list, of exactly `length` items if that is given."""
    if not isinstance(item, list):
        raise RLPError("expected an RLP list, got a string")
    if length is not None and len(item) != length:
        raise RLPError(f"wrong number of items: got {len(item)}, expected {length}")
    return item
