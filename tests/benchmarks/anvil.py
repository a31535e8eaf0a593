"""Anvil, the peer of the end-to-end benchmark: from the path, or from npm into a cache outside the repository."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

VERSION: Final = "1.7.1"
PACKAGE: Final = f"@foundry-rs/anvil@{VERSION}"


class AnvilMissing(Exception):
    """There is no Anvil here and none can be brought; the text says why."""


def cache_directory() -> Path:
    """Where downloads of the benchmarks are kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "openledger-bench"


def find_anvil() -> Path:
    """The binary, installed first if need be. Raises AnvilMissing."""
    directory = cache_directory() / f"anvil-{VERSION}"
    binary = _binary(directory)
    if binary is not None:
        return binary
    on_path = shutil.which("anvil")
    if on_path is not None:
        return Path(on_path)
    _install(directory)
    binary = _binary(directory)
    if binary is None:
        raise AnvilMissing(f"{PACKAGE} has no binary for this platform")
    return binary


def _binary(directory: Path) -> Path | None:
    """npm's launcher is a Node.js script; the platform's package beside it has the program itself."""
    found = sorted(directory.glob("node_modules/@foundry-rs/anvil-*/bin/anvil*"))
    return found[0] if found else None


def _install(directory: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise AnvilMissing("npm is not installed (nor is anvil)")
    directory.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(directory), PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired as error:
        raise AnvilMissing(f"npm did not bring {PACKAGE} within three minutes") from error
    if done.returncode:
        raise AnvilMissing(f"npm can't bring {PACKAGE}: {done.stderr.strip()[-300:]}")
