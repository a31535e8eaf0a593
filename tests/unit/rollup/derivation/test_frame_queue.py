"""Frame Queue: Holocene's pruning inside one batcher transaction."""

import pytest

from rollup.codec import Frame, encode_frames
from rollup.derivation.frame_queue import FrameQueue, prune_frames


def frames(text: str) -> list[Frame]:
    """`A0 A1! B0`: channel, number, and ! for the last frame."""
    return [
        Frame(channel_id=item[0].encode() * 16, number=int(item[1]), data=b"", is_last=item.endswith("!"))
        for item in text.split()
    ]


@pytest.mark.parametrize(
    ("arriving", "kept"),
    [
        ("A0 A1 A2!", "A0 A1 A2!"),
        ("A0 A2 A1!", "A0 A1!"),
        ("A0 A1 A1 A2!", "A0 A1 A2!"),
        ("A0 A0 A1!", "A0 A1!"),
        ("A0! A1", "A0!"),
        ("A0! A0 A1!", "A0!"),
        ("A0 B1 A1!", "A0 A1!"),
        ("A0 A1 B0 B1!", "B0 B1!"),
        ("A0! B0 C0!", "A0! C0!"),
        ("A0 A1! B0 B1!", "A0 A1! B0 B1!"),
        ("A0! B0 A0", "A0!"),
        ("A1 A2 B0", "B0"),
        ("A3 A4!", "A3 A4!"),
    ],
)
def test_keeps_only_contiguous_runs(arriving: str, kept: str) -> None:
    assert prune_frames(frames(arriving)) == frames(kept)


def test_ignores_a_whole_transaction_for_one_bad_byte() -> None:
    queue = FrameQueue()
    data = encode_frames(frames("A0 A1!"))
    queue.load(data + b"\x00")
    assert queue.next_frame() is None
    queue.load(data)
    assert [queue.next_frame(), queue.next_frame(), queue.next_frame()] == [*frames("A0 A1!"), None]


def test_reset_forgets_all_frames() -> None:
    queue = FrameQueue()
    queue.load(encode_frames(frames("A0!")))
    queue.reset()
    assert queue.next_frame() is None
