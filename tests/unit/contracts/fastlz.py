"""FastLZ level 1 as a compressor, slow and plain: the oracle for the oracle's length.

Instructions are written out, and `decompress` proves that they mean the input, so that the length cannot be the
length of nonsense.
"""

from __future__ import annotations


def compress(data: bytes) -> bytes:
    """FastLZ level-1 output of `data`."""
    out = bytearray()
    table: dict[int, int] = {}
    limit = len(data) - 13
    anchor, at = 0, 2

    def slot(position: int) -> int:
        return ((int.from_bytes(data[position : position + 3], "little") * 2654435769) >> 19) & 0x1FFF

    while at < limit:
        candidate = table.get(slot(at), 0)
        table[slot(at)] = at
        matched = at - candidate < 0x2000 and data[candidate : candidate + 3] == data[at : at + 3]
        if not matched or at + 1 >= limit:
            at += 1
            continue
        _literals(out, data[anchor:at])
        length = _common(data, candidate + 3, at + 3, limit + 9)
        _match(out, length, at - candidate - 1)
        at += length
        for _ in range(2):
            table[slot(at)] = at
            at += 1
        anchor = at
    _literals(out, data[anchor:])
    return bytes(out)


def decompress(packed: bytes) -> bytes:
    """The bytes that the instructions stand for."""
    out = bytearray()
    at = 0
    while at < len(packed):
        kind, low = packed[at] >> 5, packed[at] & 31
        at += 1
        if kind == 0:
            out += packed[at : at + low + 1]
            at += low + 1
            continue
        length = kind + 2
        if kind == 7:
            length += packed[at]
            at += 1
        start = len(out) - (low << 8 | packed[at]) - 1
        at += 1
        for i in range(length):
            out.append(out[start + i])
    return bytes(out)


def _literals(out: bytearray, run: bytes) -> None:
    for i in range(0, len(run), 32):
        piece = run[i : i + 32]
        out.append(len(piece) - 1)
        out += piece


def _common(data: bytes, old: int, new: int, end: int) -> int:
    """Two less than the bytes a match copies; the comparison's last step counts a differing byte."""
    length = 0
    while length < end - new:
        length += 1
        if data[old + length - 1] != data[new + length - 1]:
            break
    return length


def _match(out: bytearray, length: int, distance: int) -> None:
    length -= 1
    while length > 262 - 1:
        out += bytes([(7 << 5) + (distance >> 8), 253, distance & 255])
        length -= 262
    if length < 6:
        out += bytes([(length + 1 << 5) + (distance >> 8), distance & 255])
    else:
        out += bytes([(7 << 5) + (distance >> 8), length - 6, distance & 255])
