"""LevelDB through plyvel, with its failures as errors that say what to do."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event, RLock
from typing import Final, NoReturn

import plyvel

from state.database.stores import WriteBatch
from state.errors import StorageError

WRITE_BUFFER_BYTES: Final = 32 << 20
BLOCK_CACHE_BYTES: Final = 64 << 20
MAX_OPEN_FILES: Final = 256
BLOOM_BITS: Final = 10
"""About one needless disk read in a hundred for a key that is not there."""

ITERATION_CHUNK: Final = 64
"""Pairs that an iteration takes at a time; between two chunks the database may be closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelStatistics:
    """One level of the tree, as LevelDB counts it since the database was opened."""

    files: int
    megabytes: float
    compaction_seconds: float
    megabytes_read: float
    megabytes_written: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatistics:
    """How large a database is and how it fares."""

    disk_bytes: int
    """Of all files in its directory."""
    memory_bytes: int
    """Write buffers and block cache."""
    levels: dict[int, LevelStatistics]
    """Levels without files or compactions are left out."""


class DatabaseLocked(StorageError):
    """Another process has this database open."""


class DatabaseCorrupt(StorageError):
    """LevelDB found a wrong checksum or a damaged file; nothing was repaired."""


class LevelDBStore:
    """A LevelDB directory, owned by this process alone while it is open.

    Raises DatabaseLocked if another process has it, DatabaseCorrupt for damage, StorageError for a path that can't be
    used. Every read checks LevelDB's checksums. Any thread may read, write and close;
    what comes after closing is a StorageError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._usage = _Usage(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._db = plyvel.DB(
                str(path),
                create_if_missing=True,
                paranoid_checks=True,
                write_buffer_size=WRITE_BUFFER_BYTES,
                lru_cache_size=BLOCK_CACHE_BYTES,
                max_open_files=MAX_OPEN_FILES,
                bloom_filter_bits=BLOOM_BITS,
            )
        except (plyvel.Error, OSError) as error:
            self._refuse(error)

    def _refuse(self, error: Exception) -> NoReturn:
        text = str(error)
        if "error: lock" in text.lower() and not isinstance(error, plyvel.CorruptionError):
            raise DatabaseLocked(
                f"database {self.path} is open in another process: stop that process, or choose another data directory"
            ) from error
        if isinstance(error, plyvel.CorruptionError) or "corrupt" in text.lower():
            raise DatabaseCorrupt(
                f"database {self.path} is damaged ({text}): restore a backup, or move the directory away and start "
                "again from L1"
            ) from error
        raise StorageError(f"database {self.path} can't be used: {text}") from error

    def get(self, key: bytes, /) -> bytes | None:
        with self._usage:
            try:
                value: bytes | None = self._db.get(key, verify_checksums=True)
            except plyvel.Error as error:
                self._refuse(error)
            return value

    def write(self, batch: WriteBatch, /, *, sync: bool) -> None:
        with self._usage:
            try:
                with self._db.write_batch(transaction=True, sync=sync) as writes:
                    for key, value in batch.operations.items():
                        if value is None:
                            writes.delete(key)
                        else:
                            writes.put(key, value)
            except plyvel.Error as error:
                self._refuse(error)

    def iterate(
        self, *, start: bytes | None = None, stop: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        with self._usage:
            pairs = self._db.iterator(start=start, stop=stop, reverse=reverse, verify_checksums=True)
        try:
            while chunk := self._next_chunk(pairs):
                yield from chunk
        finally:
            with suppress(StorageError), self._usage:
                pairs.close()

    def _next_chunk(self, pairs: Iterator[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        with self._usage:
            try:
                return list(islice(pairs, ITERATION_CHUNK))
            except plyvel.Error as error:
                self._refuse(error)

    def statistics(self) -> StoreStatistics:
        """Size and LevelDB's own statistics. Raises StorageError when closed."""
        with self._usage:
            memory: bytes | None = self._db.get_property(b"leveldb.approximate-memory-usage")
            table: bytes | None = self._db.get_property(b"leveldb.stats")
        return StoreStatistics(
            disk_bytes=_directory_bytes(self.path),
            memory_bytes=int(memory or b"0"),
            levels=_levels((table or b"").decode()),
        )

    def close(self) -> None:
        if self._usage.end():
            self._db.close()


def _directory_bytes(path: Path) -> int:
    total = 0
    with os.scandir(path) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # a compaction has just deleted it
                total += entry.stat().st_size
    return total


def _levels(table: str) -> dict[int, LevelStatistics]:
    """The rows of the property `leveldb.stats`: level, files, MB, s, MB read, MB written."""
    levels = {}
    for line in table.splitlines():
        fields = line.split()
        if len(fields) == 6 and fields[0].isdigit():
            files, megabytes, seconds, read, written = (float(field) for field in fields[1:])
            levels[int(fields[0])] = LevelStatistics(
                files=int(files),
                megabytes=megabytes,
                compaction_seconds=seconds,
                megabytes_read=read,
                megabytes_written=written,
            )
    return levels


class _Usage:
    """Who is inside the database: plyvel crashes the process if it is closed under another thread's feet.

    Re-entrant, because the garbage collector may close an iterator anywhere, also in here.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        self._inside = 0
        self._ended = False
        self._left = Event()

    def __enter__(self) -> None:
        with self._lock:
            if self._ended:
                raise StorageError(f"database {self._path} is closed")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._ended and not self._inside:
                self._left.set()

    def end(self) -> bool:
        """Lets nobody in any more and waits until all are out; False if that has happened before."""
        with self._lock:
            if self._ended:
                return False
            self._ended = True
            if not self._inside:
                self._left.set()
        self._left.wait()
        return True
