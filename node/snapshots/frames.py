"""A snapshot file: a row of frames, each bounded before memory is taken for it.

    file    "OPENLEDGER SNAPSHOT" ++ version u16 ++ frame* ++ end frame
    frame   length u32 ++ CRC-32 u32 ++ zlib(msgpack([kind, …]))      length and checksum are of the compressed bytes
    end     ["end", SHA-256 of every byte before this frame]          and nothing after it

The checksum finds damage where it lies, the digest finds frames that are missing or in another order. Neither proves
anything: what is in the frames is checked against roots.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgpack

from node.snapshots.errors import SnapshotDamaged, SnapshotMismatch

MAGIC: Final = b"OPENLEDGER SNAPSHOT"
VERSION: Final = 1
MAX_FRAME_BYTES: Final = 64 << 20
"""Decompressed: a block of any gas limit that the specification's batches can carry is smaller."""
END: Final = "end"
_LEVEL: Final = 1
"""Most of a state is hashes, which nothing makes smaller."""
_HEAD: Final = struct.Struct(">II")
_VERSION: Final = struct.Struct(">H")


class FrameWriter:
    """Writes frames to a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._put(MAGIC + _VERSION.pack(VERSION))

    def write(self, kind: str, *content: Any) -> None:
        """One frame."""
        raw = msgpack.packb([kind, *content])
        if len(raw) > MAX_FRAME_BYTES:
            raise SnapshotDamaged(f"frame: {kind} has {len(raw)} bytes, at most {MAX_FRAME_BYTES} can be read again")
        packed = zlib.compress(raw, _LEVEL)
        self._put(_HEAD.pack(len(packed), zlib.crc32(packed)) + packed)

    def end(self) -> None:
        """The last frame."""
        self.write(END, self._digest.digest())

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._stream.write(data)


def read_frames(stream: BinaryIO) -> Iterator[list[Any]]:
    """Every frame as [kind, …], without the end, which is checked. Raises SnapshotDamaged or SnapshotMismatch."""
    digest = hashlib.sha256()
    opening = stream.read(len(MAGIC) + _VERSION.size)
    if opening[: len(MAGIC)] != MAGIC or len(opening) != len(MAGIC) + _VERSION.size:
        raise SnapshotDamaged("format: this is no snapshot file")
    (version,) = _VERSION.unpack(opening[len(MAGIC) :])
    if version != VERSION:
        raise SnapshotMismatch(f"format: the snapshot has version {version}, this release reads {VERSION}")
    digest.update(opening)
    while True:
        before = digest.digest()
        frame = _read_frame(stream, digest)
        if frame[0] != END:
            yield frame
            continue
        if frame[1:] != [before]:
            raise SnapshotDamaged("checksum: frames are missing, doubled or in another order")
        if stream.read(1):
            raise SnapshotDamaged("format: bytes follow the snapshot's end")
        return


def _read_frame(stream: BinaryIO, digest: Any) -> list[Any]:
    head = _exactly(stream, _HEAD.size)
    size, checksum = _HEAD.unpack(head)
    if size > MAX_FRAME_BYTES:
        raise SnapshotDamaged(f"format: a frame claims {size} bytes, expected at most {MAX_FRAME_BYTES}")
    packed = _exactly(stream, size)
    if zlib.crc32(packed) != checksum:
        raise SnapshotDamaged("checksum: a frame's bytes were changed")
    digest.update(head)
    digest.update(packed)
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(packed, MAX_FRAME_BYTES)
        frame = msgpack.unpackb(raw) if inflater.eof and not inflater.unused_data else None
    except (zlib.error, ValueError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise SnapshotDamaged(f"format: a frame can't be read: {error}") from error
    if not isinstance(frame, list) or not frame or not isinstance(frame[0], str):
        raise SnapshotDamaged("format: a frame is too large or no list that begins with its kind")
    return frame


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """Raises SnapshotDamaged at the file's end; what is missing is never allocated."""
    data = stream.read(size)
    if len(data) != size:
        raise SnapshotDamaged("format: the file ends too early: it was cut off, or its export never finished")
    return data
