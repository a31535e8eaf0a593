"""Channel Bank: since Holocene, one staging channel that grows frame by frame or is dropped."""

from typing import Final

from rollup.codec.compression import MAX_RLP_BYTES_PER_CHANNEL
from rollup.codec.frames import Frame
from rollup.types import L1BlockNumber

FRAME_OVERHEAD_IN_BANK: Final = 200
"""Bytes that a frame counts beside its data against the channel's size."""


class ChannelBank:
    """The staging channel. Source: holocene/derivation.md "Channel Bank"."""

    def __init__(self, channel_timeout: int, max_size: int = MAX_RLP_BYTES_PER_CHANNEL) -> None:
        """`channel_timeout` is in L1 blocks, `max_size` in compressed bytes with each frame's overhead."""
        self._timeout = channel_timeout
        self._max_size = max_size
        self._channel_id: bytes | None = None
        self._opened = L1BlockNumber(0)
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def is_open(self) -> bool:
        """True while a channel waits for more frames."""
        return self._channel_id is not None

    def reset(self) -> None:
        """Drops the staging channel."""
        self._channel_id = None
        self._pieces = []
        self._size = 0

    def prune(self, origin: L1BlockNumber) -> None:
        """Drops the staging channel if it has timed out at L1 block `origin`."""
        if self.is_open and origin > self._opened + self._timeout:
            self.reset()

    def add_frame(self, frame: Frame, origin: L1BlockNumber) -> bytes | None:
        """The channel's data if `frame`, read at L1 block `origin`, closes it; else None, kept or dropped."""
        self.prune(origin)
        if frame.number == 0:
            self.reset()
            self._channel_id, self._opened = frame.channel_id, origin
        if frame.channel_id != self._channel_id or frame.number != len(self._pieces):
            return None
        self._pieces.append(frame.data)
        self._size += len(frame.data) + FRAME_OVERHEAD_IN_BANK
        if self._size > self._max_size:
            self.reset()
            return None
        if not frame.is_last:
            return None
        data = b"".join(self._pieces)
        self.reset()
        return data
