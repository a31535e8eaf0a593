"""LevelDB through plyvel, with its failures as errors that say what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import plyvel

from state.database.stores import WriteBatch
from state.errors import StorageError

WRITE_BUFFER_BYTES: Final = 32 << 20
BLOCK_CACHE_BYTES: Final = 64 << 20
MAX_OPEN_FILES: Final = 256
BLOOM_BITS: Final = 10
"""About one needless disk read in a hundred for a key that is not there."""


class DatabaseLocked(StorageError):
    """Another process has this database open."""


class DatabaseCorrupt(StorageError):
    """LevelDB found a wrong checksum or a damaged file; nothing was repaired."""


class LevelDBStore:
    """A LevelDB directory, owned by this process alone while it is open.

    Raises DatabaseLocked if another process has it, DatabaseCorrupt for damage, StorageError for a path that can't be
    used. Every read checks LevelDB's checksums.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
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
        try:
            value: bytes | None = self._db.get(key, verify_checksums=True)
        except (plyvel.Error, RuntimeError) as error:
            self._refuse(error)
        return value

    def write(self, batch: WriteBatch, /, *, sync: bool) -> None:
        try:
            with self._db.write_batch(transaction=True, sync=sync) as writes:
                for key, value in batch.operations.items():
                    if value is None:
                        writes.delete(key)
                    else:
                        writes.put(key, value)
        except (plyvel.Error, RuntimeError) as error:
            self._refuse(error)

    def iterate(
        self, *, start: bytes | None = None, stop: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        try:
            with self._db.iterator(start=start, stop=stop, reverse=reverse, verify_checksums=True) as pairs:
                yield from pairs
        except (plyvel.Error, RuntimeError) as error:
            self._refuse(error)

    def close(self) -> None:
        self._db.close()
