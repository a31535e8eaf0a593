"""Batcher transactions <-> frames.

    batcher transaction = version 0x00 ++ frame ++ frame …
    frame               = channel id 16 ++ number uint16 ++ length uint32 ++ data ++ is_last 0 or 1

Source: specs/protocol/derivation.md "Batcher Transaction Format", "Frame Format".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rollup.errors import CodecError

DERIVATION_VERSION: Final = 0
CHANNEL_ID_LENGTH: Final = 16
FRAME_OVERHEAD: Final = 23
"""Bytes of a frame that are not its data."""
MAX_FRAME_LENGTH: Final = 1_000_000
"""Bytes of data in one frame."""
MAX_FRAME_NUMBER: Final = 0xFFFF

_LENGTH_END: Final = CHANNEL_ID_LENGTH + 2 + 4


class FrameError(CodecError):
    """A batcher transaction that is not one version byte and then whole frames: all of it is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A piece of a channel, as one batcher transaction carries it."""

    channel_id: bytes
    """16 bytes, chosen by the batcher."""
    number: int
    """Place in its channel, from 0."""
    data: bytes
    is_last: bool
    """True closes the channel."""

    def encode(self) -> bytes:
        """The frame's bytes. Raises FrameError for a field that the format can't hold."""
        if len(self.channel_id) != CHANNEL_ID_LENGTH or not 0 <= self.number <= MAX_FRAME_NUMBER:
            raise FrameError(f"frame has no such channel id or number: 0x{self.channel_id.hex()}, {self.number}")
        if len(self.data) > MAX_FRAME_LENGTH:
            raise FrameError(f"frame too long: got {len(self.data)} bytes, expected at most {MAX_FRAME_LENGTH}")
        head = self.channel_id + self.number.to_bytes(2, "big") + len(self.data).to_bytes(4, "big")
        return head + self.data + bytes((self.is_last,))


def encode_frames(frames: Iterable[Frame]) -> bytes:
    """The calldata of the batcher transaction that carries `frames`, of which there must be one at least."""
    body = b"".join([frame.encode() for frame in frames])
    if not body:
        raise FrameError("a batcher transaction carries at least one frame")
    return bytes((DERIVATION_VERSION,)) + body


def decode_frames(data: bytes) -> tuple[Frame, ...]:
    """The frames in a batcher transaction's calldata. Raises FrameError if any byte is out of place."""
    if not data:
        raise FrameError("batcher transaction is empty")
    if data[0] != DERIVATION_VERSION:
        raise FrameError(f"batcher transaction of unknown version: got {data[0]}, expected {DERIVATION_VERSION}")
    if len(data) == 1:
        raise FrameError("batcher transaction carries no frame")
    frames = []
    position = 1
    while position < len(data):
        frame, position = _decode_frame(data, position)
        frames.append(frame)
    return tuple(frames)


def _decode_frame(data: bytes, start: int) -> tuple[Frame, int]:
    left = len(data) - start
    if left < FRAME_OVERHEAD:
        raise FrameError(f"frame cut short: got {left} bytes, expected at least {FRAME_OVERHEAD}")
    number_at = start + CHANNEL_ID_LENGTH
    length = int.from_bytes(data[number_at + 2 : number_at + 6], "big")
    if length > MAX_FRAME_LENGTH:
        raise FrameError(f"frame too long: got {length} bytes, expected at most {MAX_FRAME_LENGTH}")
    if length > left - FRAME_OVERHEAD:
        raise FrameError(f"frame runs past the transaction: got {left - FRAME_OVERHEAD} bytes, expected {length}")
    data_at = start + _LENGTH_END
    is_last = data[data_at + length]
    if is_last > 1:
        raise FrameError(f"frame's is_last is not a boolean: got {is_last}")
    frame = Frame(
        channel_id=bytes(data[start:number_at]),
        number=int.from_bytes(data[number_at : number_at + 2], "big"),
        data=bytes(data[data_at : data_at + length]),
        is_last=bool(is_last),
    )
    return frame, data_at + length + 1
