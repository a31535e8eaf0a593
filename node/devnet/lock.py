"""One devnet a directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from node.errors import StartupError

FILE_NAME: Final = "devnet.lock"


@contextmanager
def directory_lock(directory: Path) -> Iterator[None]:
    """Holds `directory`, which is made where missing, for this process; the kernel lets go of it at any death.

    Raises StartupError while another devnet holds it. Its processes' databases have locks of their own, but without
    this one a second `openledger devnet` on other ports would get as far as changing the first one's clock.json and
    removing its devnet.json.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = (directory / FILE_NAME).open("ab")
    except OSError as error:
        raise StartupError(f"data directory {directory} can't be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartupError(
                f"a devnet is running in {directory} already: stop it, or choose another directory with --data-dir"
            ) from error
        yield
