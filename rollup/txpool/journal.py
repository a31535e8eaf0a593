"""Admitted transactions on disk, so that a restart brings them back.

A file of records `length uint32 ++ raw bytes`. Appending is best effort: a transaction is promised to nobody before it
is in a block. A record that was cut off by a crash ends the file; the next rotation drops it.
"""

import os
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import Final

_MAX_RECORD: Final = 256 * 1024


class Journal:
    """Append as they come, rewrite with what is left now and then."""

    def __init__(self, path: Path, *, rotate_after: int = 10_000) -> None:
        self._path = path
        self._rotate_after = rotate_after
        self._appended = 0
        self._file: FileIO | None = None

    def load(self) -> Iterator[bytes]:
        """Every whole record of the last run."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            while len(prefix := file.read(4)) == 4:
                length = int.from_bytes(prefix, "big")
                if length > _MAX_RECORD or len(raw := file.read(length)) != length:
                    return
                yield raw

    def append(self, raw: bytes) -> None:
        """Note one admitted transaction."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
        self._file.write(len(raw).to_bytes(4, "big") + raw)
        self._appended += 1

    @property
    def wants_rotation(self) -> bool:
        """Whether it has grown enough since the last one."""
        return self._appended >= self._rotate_after

    def rotate(self, remaining: Iterable[bytes]) -> None:
        """Replace the file, at once, by one with only `remaining`."""
        self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        with temporary.open("wb") as file:
            for raw in remaining:
                file.write(len(raw).to_bytes(4, "big") + raw)
        os.replace(temporary, self._path)
        self._appended = 0

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
