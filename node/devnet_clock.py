"""The clock of a network's processes: UNIX time, less the time for which a devnet was stopped.

A devnet that slept for a day would otherwise have to build a day of empty blocks before it goes on. `openledger devnet`
notes the pause beside rollup.json; networks that never pause have no such file and run on UNIX time.
"""

import json
import stat
import time
from collections.abc import Callable, Iterable
from pathlib import Path

FILE_NAME = "clock.json"


def read_pause(directory: Path) -> float:
    """Seconds that the network's clock is behind UNIX time."""
    try:
        return float(json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))["pausedSeconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def write_pause(directory: Path, seconds: float) -> None:
    """Note it for the processes that start next."""
    (directory / FILE_NAME).write_text(json.dumps({"pausedSeconds": seconds}) + "\n", encoding="utf-8")


def last_write(directories: Iterable[Path]) -> float | None:
    """UNIX time of the last write to a file below the directories; None where there is no file."""
    files = (file for directory in directories for file in directory.rglob("*"))
    return max((written for file in files if (written := _written_at(file)) is not None), default=None)


def _written_at(file: Path) -> float | None:
    """None for what is no file, or was removed meanwhile: LevelDB does that while it runs."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime if stat.S_ISREG(status.st_mode) else None


def chain_clock(network_file: Path) -> Callable[[], float]:
    """UNIX seconds on the clock of the network that the file belongs to."""
    pause = read_pause(network_file.parent)
    return lambda: time.time() - pause
