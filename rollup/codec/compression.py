"""Channel bytes -> plain bytes, streamed and clipped; plain bytes -> channel bytes.

The first byte names the algorithm: low four bits 8 or 15 begin a zlib stream (15 is then refused by zlib's own
header check), 1 is brotli and not part of the stream. A stream may end early: OP Mainnet channels stop at a zlib
sync flush without final block or checksum. What was decompressed before damage counts, what comes after doesn't.
Source: specs/protocol/derivation.md "Channel Format", fjord/derivation.md "Brotli Channel Compression".
"""

import zlib
from collections.abc import Iterator
from typing import Any, Final

import brotli

from rollup.errors import CodecError

MAX_RLP_BYTES_PER_CHANNEL: Final = 100_000_000
"""Plain bytes after which a channel is clipped; also the bound of its compressed size."""
BROTLI_VERSION: Final = 1
_ZLIB_METHODS: Final = (8, 15)
_CHUNK: Final = 1 << 16
_FIRST_PIECE: Final = 4095
_PIECE: Final = 1 << 15


class ChannelError(CodecError):
    """Channel data whose compression is unknown or damaged, or that is no row of RLP strings."""


def decompress(data: bytes, limit: int = MAX_RLP_BYTES_PER_CHANNEL) -> Iterator[bytes]:
    """Pieces of at most about 64 KiB of the plain bytes of a channel, `limit` bytes in all at most.

    Raises ChannelError at once for an unknown algorithm, and after the last good piece for damaged data.
    """
    if not data:
        raise ChannelError("channel is empty")
    if data[0] & 0x0F in _ZLIB_METHODS:
        pieces = _inflate(data)
    elif data[0] == BROTLI_VERSION:
        pieces = _unbrotli(data[1:])
    else:
        raise ChannelError(f"channel of unknown compression: got first byte {data[0]:#04x}")
    return _clip(pieces, limit)


def compress_brotli(plain: bytes, quality: int = 10) -> bytes:
    """Channel data: the version byte and one brotli stream."""
    return bytes((BROTLI_VERSION,)) + bytes(brotli.compress(plain, quality=quality))


def compress_zlib(plain: bytes, level: int = 9) -> bytes:
    """Channel data as one zlib stream, which older batchers post."""
    return zlib.compress(plain, level)


def _clip(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    left = limit
    for piece in pieces:
        if len(piece) >= left:
            yield piece[:left]
            return
        left -= len(piece)
        yield piece


def _unbrotli(data: bytes) -> Iterator[bytes]:
    # The pieces of input are as large as op-node's buffered reads, so that damage costs the same bytes there and here.
    decompressor = brotli.Decompressor()
    start = yielded = 0
    try:
        while start < len(data) and not decompressor.is_finished():
            end = start + (_PIECE if start else _FIRST_PIECE)
            for plain in _feed_brotli(decompressor, data[start:end]):
                yielded += len(plain)
                yield plain
            start = end
    except brotli.error as error:
        end_of_stream = _find_brotli_end(data, start)
        if end_of_stream is None:
            raise ChannelError(f"channel's brotli stream is damaged: {error}") from error
        yield from _skip(_feed_brotli(brotli.Decompressor(), data[:end_of_stream]), yielded)


def _feed_brotli(decompressor: Any, data: bytes) -> Iterator[bytes]:
    """The plain bytes that `data` adds. Raises brotli.error, and then forgets what that call wrote."""
    plain = decompressor.process(data, output_buffer_limit=_CHUNK)
    yield plain
    # That it would accept more input doesn't mean that it has handed out all of its output.
    while not decompressor.is_finished() and (plain or not decompressor.can_accept_more_data()):
        plain = decompressor.process(b"", output_buffer_limit=_CHUNK)
        yield plain


def _find_brotli_end(data: bytes, start: int) -> int | None:
    """Where the stream ends, if it does so within the piece at `start` and the decoder only minds what comes after."""
    decompressor = brotli.Decompressor()
    try:
        for _ in _feed_brotli(decompressor, data[:start]):
            pass
        for position in range(start, min(start + _PIECE, len(data))):
            for _ in _feed_brotli(decompressor, data[position : position + 1]):
                pass
            if decompressor.is_finished():
                return position + 1
    except brotli.error:
        pass
    return None


def _skip(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    """`pieces` without their first `count` bytes."""
    for piece in pieces:
        yield piece[count:]
        count = max(0, count - len(piece))


def _inflate(data: bytes) -> Iterator[bytes]:
    """Inflates past the zlib header without ever looking at the checksum, which a channel need not have."""
    if len(data) < 2 or data[0] & 0x0F != 8 or data[0] >> 4 > 7 or int.from_bytes(data[:2], "big") % 31:
        raise ChannelError("channel's zlib header is damaged")
    if data[1] & 0x20:
        raise ChannelError("channel's zlib stream wants a preset dictionary")
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    start = 2
    while start < len(data) and not inflater.eof:
        piece = data[start : start + _PIECE]
        start += len(piece)
        while piece and not inflater.eof:
            before = inflater.copy()
            try:
                yield inflater.decompress(piece, _CHUNK)
            except zlib.error as error:
                yield from _inflate_to_damage(before, piece)
                raise ChannelError(f"channel's zlib stream is damaged: {error}") from error
            piece = inflater.unconsumed_tail
    # What one full output buffer held back: the input is consumed, the output is not.
    while not inflater.eof and (rest := inflater.decompress(b"", _CHUNK)):
        yield rest


def _inflate_to_damage(inflater: "zlib._Decompress", piece: bytes) -> Iterator[bytes]:
    """The plain bytes before the damage in `piece`: zlib forgets what it wrote in the call that fails."""
    for position in range(len(piece)):
        try:
            yield inflater.decompress(piece[position : position + 1])
        except zlib.error:
            return
