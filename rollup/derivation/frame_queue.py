"""Frame Queue: the frames of one batcher transaction, pruned to contiguous runs by Holocene's rules."""

from collections import deque
from collections.abc import Iterable

from rollup.codec.frames import Frame, FrameError, decode_frames


class FrameQueue:
    """Frames that wait for the channel bank. Source: holocene/derivation.md "Frame Queue"."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()

    def reset(self) -> None:
        """Forgets all frames."""
        self._frames.clear()

    def load(self, data: bytes) -> None:
        """Takes a batcher transaction's calldata; one bad byte and all of it is ignored."""
        try:
            frames = decode_frames(data)
        except FrameError:
            return
        self._frames.extend(prune_frames(frames))

    def next_frame(self) -> Frame | None:
        """The next frame; None once the transaction is exhausted."""
        return self._frames.popleft() if self._frames else None


def prune_frames(frames: Iterable[Frame]) -> list[Frame]:
    """The frames that are in order: a later frame continues the one before, a first one ends what was left open."""
    kept: list[Frame] = []
    for frame in frames:
        if _makes_room(kept, frame):
            kept.append(frame)
    return kept


def _makes_room(kept: list[Frame], frame: Frame) -> bool:
    """True if `frame` may follow `kept`, from which a channel that it interrupts has been dropped."""
    while kept:
        previous = kept[-1]
        if previous.channel_id == frame.channel_id:
            return not previous.is_last and frame.number == previous.number + 1
        if frame.number != 0:
            return False
        if previous.is_last:
            return True
        kept.pop()
    return True
