"""Batcher transactions and frames, byte by byte."""

import pytest

from rollup.codec import Frame, FrameError, decode_frames, encode_frames

CHANNEL = b"\x0a" * 16


def frame(number: int = 0, data: bytes = b"data", *, is_last: bool = False) -> Frame:
    return Frame(channel_id=CHANNEL, number=number, data=data, is_last=is_last)


def test_layout_is_version_id_number_length_data_last() -> None:
    encoded = encode_frames([frame(258, b"xyz", is_last=True)])
    assert encoded == b"\x00" + CHANNEL + b"\x01\x02" + b"\x00\x00\x00\x03" + b"xyz" + b"\x01"


def test_several_frames_come_back_in_order() -> None:
    frames = (frame(0), frame(1, b""), frame(2, b"end", is_last=True))
    assert decode_frames(encode_frames(frames)) == frames


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x01" + encode_frames([frame()])[1:],
        encode_frames([frame()]) + b"\x00",
        encode_frames([frame()])[:-1],
        encode_frames([frame()])[:-1] + b"\x02",
        b"\x00" + CHANNEL + b"\x00\x00" + b"\xff\xff\xff\xff" + b"data\x00",
        b"\x00" + CHANNEL + b"\x00\x00" + (1_000_001).to_bytes(4, "big") + bytes(1_000_001) + b"\x00",
    ],
    ids=["empty", "no frame", "version", "trailing byte", "cut", "is_last 2", "length past the end", "over a million"],
)
def test_refuses_the_whole_transaction_for_one_bad_byte(data: bytes) -> None:
    with pytest.raises(FrameError):
        decode_frames(data)


def test_accepts_a_frame_of_exactly_a_million_bytes() -> None:
    full = frame(0, bytes(1_000_000))
    assert decode_frames(encode_frames([full])) == (full,)


def test_refuses_to_encode_what_the_format_can_not_hold() -> None:
    for bad in (frame(65_536), frame(0, bytes(1_000_001)), Frame(channel_id=b"", number=0, data=b"", is_last=True)):
        with pytest.raises(FrameError):
            bad.encode()
    with pytest.raises(FrameError, match="at least one"):
        encode_frames([])
