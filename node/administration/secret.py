"""The admin port's secret: 32 bytes in hexadecimal digits, in a file that only its owner may read."""

import os
import secrets
from pathlib import Path
from typing import Final

import structlog

from node.errors import StartupError
from node.files import read_text

log = structlog.get_logger("node")

SECRET_BYTES: Final = 32


def admin_secret(path: Path) -> bytes:
    """The secret in the file, which is made with a new one if it isn't there.

    Raises StartupError where it can't be read or made, or holds anything else.
    """
    try:
        _make(path)
    except FileExistsError:
        pass
    except OSError as error:
        raise StartupError(f"admin secret {path} can't be written: {error.strerror}") from error
    secret = read_secret(path)
    if path.stat().st_mode & 0o077:
        log.warning("node.admin_secret_readable", path=str(path), effect="others on this machine can use admin_*")
    return secret


def _make(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as output:
        output.write("0x" + secrets.token_hex(SECRET_BYTES) + "\n")
    log.info("node.admin_secret_made", path=str(path))


def read_secret(path: Path) -> bytes:
    """The secret in a file. Raises StartupError."""
    text = read_text(path, "admin secret").strip().removeprefix("0x")
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise StartupError(f"admin secret {path} is malformed: expected {2 * SECRET_BYTES} hexadecimal digits")
    return secret
