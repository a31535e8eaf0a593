"""npm's packages for tests, in a folder outside of the repository. What can't be had is skipped with its reason."""

import fcntl
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

ANVIL_PACKAGE: Final = "@foundry-rs/anvil-linux-amd64@1.7.1"
CACHE: Final = Path(os.environ.get("OPENLEDGER_TEST_CACHE", Path(tempfile.gettempdir()) / "openledger-test-cache"))
NPM_SECONDS: Final = 600


def npm_packages(name: str, *packages: str) -> Path:
    """A folder of the cache in whose node_modules `packages` ("name@version") are; installed once for all runs."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    folder = CACHE / name
    with _alone(name):
        done = folder / "installed.txt"
        if not done.exists() or done.read_text() != "\n".join(packages):
            _npm(folder, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", ".", *packages)
            done.write_text("\n".join(packages))
    return folder


def anvil_binary() -> Path:
    """Anvil from the path, or else from its npm package."""
    found = shutil.which("anvil")
    if found is not None:
        return Path(found)
    folder = CACHE / "anvil"
    binary = folder / "package" / "bin" / "anvil"
    with _alone("anvil"):
        if not binary.exists():
            _npm(folder, "pack", ANVIL_PACKAGE)
            unpacked = Path(tempfile.mkdtemp(dir=folder))
            with tarfile.open(next(folder.glob("*.tgz"))) as archive:
                archive.extractall(unpacked, filter="data")
            (unpacked / "package" / "bin" / "anvil").chmod(0o755)
            (unpacked / "package").rename(folder / "package")  # at once: a killed run leaves no half program
    return binary


def copied(folder: Path, *scripts: Path) -> Path:
    """`folder` with the scripts in it, each there as a whole at any time: other runs use the same folder."""
    for script in scripts:
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(script.read_bytes())
        os.replace(file.name, folder / script.name)
    return folder


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Other test runs and workers wait here, and find the packages installed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _npm(folder: Path, *arguments: str) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm {' '.join(arguments)} did not end within {NPM_SECONDS} s")
    if done.returncode != 0:
        pytest.skip(f"npm {' '.join(arguments)} failed: {done.stderr[-300:]}")
