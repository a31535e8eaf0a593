"""Encrypted key files: Web3 Secret Storage, version 3, as geth, web3.py and wallets write them.

The password is in a file of its own, so that a copy of the keys alone gives nobody the keys.
"""

import json
import os
from pathlib import Path
from typing import Any, Final

import structlog
from eth_account import Account

from node.errors import StartupError

log = structlog.get_logger("node")

STANDARD_ROUNDS: Final = 2**18
LIGHT_ROUNDS: Final = 2**12
"""Geth's `--lightkdf`: milliseconds instead of a second. Enough where the password itself is random."""


def is_keystore(text: str) -> bool:
    """Whether a key file's text is JSON rather than hexadecimal digits."""
    return text.lstrip().startswith("{")


def decrypt(text: str, path: Path, password_file: Path | None) -> bytes:
    """The private key of 32 bytes in a keystore's text; a second of work. Raises StartupError that says what to do."""
    if password_file is None:
        raise StartupError(f"private key {path} is encrypted: name the file with its password by --keystore-password")
    password = read_password(password_file)
    try:
        keystore = json.loads(text)
        if keystore["version"] != 3:
            raise StartupError(f"keystore {path} has version {keystore['version']!r}: expected 3")
        return bytes(Account.decrypt(keystore, password))
    except (KeyError, TypeError, NotImplementedError, json.JSONDecodeError) as error:
        raise StartupError(f"keystore {path} is malformed: {error!r}") from error
    except ValueError as error:
        raise StartupError(f"keystore {path} can't be opened with the password in {password_file}: {error}") from error


def encrypt(key: bytes, password: str, *, rounds: int = STANDARD_ROUNDS) -> str:
    """A keystore's text: scrypt as geth's standard has it, or in fewer rounds for a password that nobody can guess."""
    keystore: dict[str, Any] = Account.encrypt(key, password, kdf="scrypt", iterations=rounds)
    return json.dumps(keystore) + "\n"


def read_password(path: Path) -> str:
    """The password in a file, without the line's end. Raises StartupError if it can't be read or is empty."""
    try:
        password = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise StartupError(f"keystore password {path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StartupError(f"keystore password {path} is no text: {error}") from error
    if not password:
        raise StartupError(f"keystore password {path} is empty")
    warn_if_readable_by_others(path)
    return password


def write_secret(path: Path, text: str) -> None:
    """A new file that only its owner may read. Raises StartupError where one is already: keys are never overwritten."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise StartupError(f"{path} exists: a key is never overwritten") from error
    except OSError as error:
        raise StartupError(f"{path} can't be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def warn_if_readable_by_others(path: Path) -> None:
    """A line in the log for a secret that more than its owner may read."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        log.warning("node.secret_is_open", file=str(path), mode=f"{mode:03o}", expected="600")
