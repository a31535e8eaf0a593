"""Channel data -> batches, and L2 blocks -> channel data -> frames.

    channel data = compressed(RLP string ++ RLP string …), each string a batch: version ++ content

`read_batches` is derivation's side: it decompresses as far as the next batch and no further. `ChannelOut` is the
batcher's: it collects consecutive L2 blocks into one span batch, says about how large the channel is, and cuts it
into frames. Source: specs/protocol/derivation.md "Channel Format".
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import brotli

from rollup.codec.batches import Batch, encode_batch
from rollup.codec.compression import MAX_RLP_BYTES_PER_CHANNEL, ChannelError, compress_brotli, decompress
from rollup.codec.frames import CHANNEL_ID_LENGTH, FRAME_OVERHEAD, MAX_FRAME_LENGTH, MAX_FRAME_NUMBER, Frame
from rollup.codec.span_batch import span_batch_of
from rollup.errors import CodecError
from rollup.types import L2BlockRef, RollupConfig
from state.primitives import rlp
from state.transactions import DEPOSIT_TYPE

_BLOCK_ESTIMATE: Final = 3
"""Bytes that a block adds to a span batch beside its transactions: its count and its share of the bit lists."""
_SPAN_PREFIX_ESTIMATE: Final = 72


def read_batches(data: bytes, limit: int = MAX_RLP_BYTES_PER_CHANNEL) -> Iterator[bytes]:
    """The encoded batches of a complete channel, in order, each as version ++ content.

    Raises ChannelError where the channel stops being a row of RLP strings, or where the clipping at `limit` bytes
    cuts through a batch; the batches before it were good.
    """
    plain = _PlainReader(decompress(data, limit), limit)
    while plain.wait_for(1):
        yield plain.read_string()


class _PlainReader:
    """Plain bytes, decompressed as far as somebody wants to read."""

    def __init__(self, pieces: Iterator[bytes], limit: int) -> None:
        self._pieces = pieces
        self._left = limit
        self._buffer = bytearray()

    def wait_for(self, size: int) -> bool:
        """True once `size` bytes are at hand; false if the channel ends before."""
        while len(self._buffer) < size:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._buffer += piece
        return True

    def read_string(self) -> bytes:
        start, length = self._string_bounds()
        end = start + length
        if end > self._left:
            raise ChannelError(f"batch runs past the channel's limit: got {end} bytes, expected at most {self._left}")
        if not self.wait_for(end):
            raise ChannelError(f"channel ends inside a batch: got {len(self._buffer)} bytes, expected {end}")
        with memoryview(self._buffer) as view:
            string = bytes(view[start:end])
        if length == 1 and start == 1 and string[0] < 0x80:
            raise ChannelError("non-canonical RLP: a single byte below 0x80 has no prefix")
        del self._buffer[:end]
        self._left -= end
        return string

    def _string_bounds(self) -> tuple[int, int]:
        first = self._buffer[0]
        if first >= 0xC0:
            raise ChannelError("channel holds an RLP list where a batch was expected")
        if first < 0x80:
            return 0, 1
        if first < 0xB8:
            return 1, first - 0x80
        size = first - 0xB7
        if not self.wait_for(1 + size):
            raise ChannelError("channel ends inside an RLP length")
        length = int.from_bytes(self._buffer[1 : 1 + size], "big")
        if length < 56 or self._buffer[1] == 0:
            raise ChannelError("non-canonical RLP: length not in its shortest form")
        return 1 + size, length


def encode_channel(batches: Iterable[Batch], config: RollupConfig, quality: int = 10) -> bytes:
    """Channel data, brotli-compressed, of `batches` in their order."""
    plain = b"".join([rlp.encode_string(encode_batch(batch, config)) for batch in batches])
    if len(plain) > MAX_RLP_BYTES_PER_CHANNEL:
        raise ChannelError(f"channel too large: got {len(plain)}, expected at most {MAX_RLP_BYTES_PER_CHANNEL} bytes")
    return compress_brotli(plain, quality)


def split_frames(channel_id: bytes, data: bytes, max_frame_size: int) -> tuple[Frame, ...]:
    """The frames of a closed channel, each at most `max_frame_size` bytes long with its overhead of 23."""
    room = min(max_frame_size - FRAME_OVERHEAD, MAX_FRAME_LENGTH)
    if room < 1:
        raise CodecError(f"frames need more than {FRAME_OVERHEAD} bytes: got {max_frame_size}")
    pieces = [data[start : start + room] for start in range(0, len(data), room)] or [b""]
    if len(pieces) > MAX_FRAME_NUMBER + 1:
        raise CodecError(f"channel needs too many frames: got {len(pieces)}, expected at most {MAX_FRAME_NUMBER + 1}")
    last = len(pieces) - 1
    return tuple(
        Frame(channel_id=channel_id, number=number, data=piece, is_last=number == last)
        for number, piece in enumerate(pieces)
    )


class ChannelOut:
    """A channel that the batcher fills with consecutive L2 blocks and then cuts into frames."""

    def __init__(self, channel_id: bytes, config: RollupConfig, *, quality: int = 10) -> None:
        """`channel_id` is 16 bytes that were not used lately; `quality` is brotli's, 10 for size or 5 for speed."""
        if len(channel_id) != CHANNEL_ID_LENGTH:
            raise CodecError(f"channel id: got {len(channel_id)} bytes, expected {CHANNEL_ID_LENGTH}")
        self.channel_id = channel_id
        self._config = config
        self.quality = quality
        """May be set until the channel is closed: by then its size is known."""
        self._blocks: list[tuple[L2BlockRef, tuple[bytes, ...]]] = []
        self._meter = brotli.Compressor(quality=1)
        self._measured = 0
        self._plain_size = 0

    @property
    def blocks(self) -> tuple[L2BlockRef, ...]:
        """The blocks so far, oldest first."""
        return tuple(ref for ref, _ in self._blocks)

    @property
    def plain_size(self) -> int:
        """About the channel's size in bytes before compression; never less than the truth."""
        return _SPAN_PREFIX_ESTIMATE + self._plain_size

    @property
    def estimated_size(self) -> int:
        """About the channel's size in bytes after compression, from a quick compressor: rarely less than the truth."""
        return _SPAN_PREFIX_ESTIMATE + self._measured + len(self._blocks) // 4

    def add_block(self, ref: L2BlockRef, transactions: Sequence[bytes]) -> None:
        """Takes the block after the last one; deposits among its raw `transactions` are left out.

        Raises CodecError, and changes nothing, if the block doesn't follow or the channel would exceed its limit.
        """
        if self._blocks and self._blocks[-1][0].hash != ref.parent_hash:
            raise CodecError(f"block {ref.number} doesn't follow the channel's last block")
        sequenced = tuple(raw for raw in transactions if raw[0] != DEPOSIT_TYPE)
        size = sum(map(len, sequenced)) + len(sequenced) * 8 + _BLOCK_ESTIMATE
        if self.plain_size + size > MAX_RLP_BYTES_PER_CHANNEL:
            raise CodecError(f"channel is full: block {ref.number} would exceed {MAX_RLP_BYTES_PER_CHANNEL} bytes")
        self._blocks.append((ref, sequenced))
        self._plain_size += size
        if sequenced:
            self._measured += len(self._meter.process(b"".join(sequenced))) + len(self._meter.flush())

    def close(self) -> bytes:
        """The channel's data: one span batch of all blocks, compressed. Raises CodecError if there is no block."""
        return encode_channel((span_batch_of(self._blocks, self._config),), self._config, self.quality)

    def frames(self, max_frame_size: int) -> tuple[Frame, ...]:
        """The closed channel cut into frames of at most `max_frame_size` bytes each, overhead included."""
        return split_frames(self.channel_id, self.close(), max_frame_size)
