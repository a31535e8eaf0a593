"""A snapshot's frames come back as they were written, and nothing that they claim is believed before it is bounded."""

import io
import struct
import zlib

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.snapshots import SnapshotDamaged, SnapshotMismatch
from node.snapshots.frames import MAGIC, MAX_FRAME_BYTES, VERSION, FrameWriter, read_frames

OPENING = MAGIC + struct.pack(">H", VERSION)


def written(*frames: list[object]) -> bytes:
    stream = io.BytesIO()
    writer = FrameWriter(stream)
    for frame in frames:
        writer.write(*frame)  # type: ignore[arg-type]
    writer.end()
    return stream.getvalue()


def framed(raw: bytes) -> bytes:
    packed = zlib.compress(raw)
    return struct.pack(">II", len(packed), zlib.crc32(packed)) + packed


@given(st.lists(st.lists(st.binary(max_size=80), max_size=4), max_size=6))
def test_frames_come_back_as_they_were_written(contents: list[list[bytes]]) -> None:
    frames: list[list[object]] = [["state", *content] for content in contents]
    assert list(read_frames(io.BytesIO(written(*frames)))) == frames


@given(st.data())
def test_one_changed_bit_anywhere_is_noticed(data: st.DataObject) -> None:
    whole = written(["manifest", {"a": 1}], ["state", [b"key", b"value" * 40]])
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((SnapshotDamaged, SnapshotMismatch)):
        list(read_frames(io.BytesIO(bytes(changed))))


class Greedy(io.BytesIO):
    """Fails a reader that asks for more than a frame may have."""

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 <= size <= MAX_FRAME_BYTES
        return super().read(size)


def test_a_length_beyond_the_bound_takes_no_memory() -> None:
    with pytest.raises(SnapshotDamaged, match="claims"):
        list(read_frames(Greedy(OPENING + struct.pack(">II", 2**32 - 1, 0))))


def test_a_frame_that_unpacks_to_more_than_the_bound_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.snapshots.frames.MAX_FRAME_BYTES", 10_000)
    bomb = framed(msgpack.packb(["state", bytes(1_000_000)]))
    assert len(bomb) < 10_000
    with pytest.raises(SnapshotDamaged, match="too large"):
        list(read_frames(io.BytesIO(OPENING + bomb)))


@pytest.mark.parametrize("raw", [b"\xc1", b"\x93", msgpack.packb([1]), msgpack.packb("x"), msgpack.packb([])])
def test_a_frame_that_is_no_list_with_a_kind_is_refused(raw: bytes) -> None:
    with pytest.raises(SnapshotDamaged, match="format"):
        list(read_frames(io.BytesIO(OPENING + framed(raw))))


def test_frames_that_are_missing_or_doubled_fail_on_the_digest() -> None:
    first, second = written(["a", 1]), written(["a", 1], ["b", 2])
    frame = second[len(OPENING) : second.index(framed_of("b", 2))]
    with pytest.raises(SnapshotDamaged, match="missing, doubled"):
        list(read_frames(io.BytesIO(second.replace(frame, b""))))
    with pytest.raises(SnapshotDamaged, match="missing, doubled"):
        list(read_frames(io.BytesIO(first.replace(frame, frame * 2))))


def framed_of(*content: object) -> bytes:
    packed = zlib.compress(msgpack.packb(list(content)), 1)
    return struct.pack(">II", len(packed), zlib.crc32(packed)) + packed


def test_another_version_is_named() -> None:
    with pytest.raises(SnapshotMismatch, match="version 9, this release reads 1"):
        list(read_frames(io.BytesIO(MAGIC + struct.pack(">H", 9))))
