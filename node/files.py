"""The files that a process is started with: rollup.json, genesis.json, addresses, keys."""

import json
from pathlib import Path

from node.errors import StartupError
from node.keystores import decrypt, is_keystore, warn_if_readable_by_others
from rollup.types import RollupConfig
from state.primitives.types import Address
from state.transition import GenesisSpec


def read_text(path: Path, what: str) -> str:
    """The file's text. Raises StartupError that names the file and what it is for."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StartupError(f"{what} {path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StartupError(f"{what} {path} is no text: {error}") from error


def load_rollup(path: Path) -> RollupConfig:
    """rollup.json. Raises StartupError or RollupConfigError."""
    return RollupConfig.from_json(read_text(path, "rollup configuration"))


def load_genesis(path: Path) -> GenesisSpec:
    """genesis.json. Raises StartupError or GenesisInvalid."""
    return GenesisSpec.from_json(read_text(path, "genesis").encode())


def load_addresses(path: Path) -> dict[str, Address]:
    """L1 contract name -> address."""
    text = read_text(path, "L1 addresses")
    try:
        data = json.loads(text)
        return {str(name): Address(bytes.fromhex(value.removeprefix("0x"))) for name, value in data.items()}
    except (ValueError, AttributeError) as error:
        raise StartupError(f"L1 addresses {path} are malformed: {error}") from error


def load_key(path: Path, password_file: Path | None = None) -> bytes:
    """A 32-byte private key: from a file of hexadecimal digits, or from a keystore and the file with its password."""
    text = read_text(path, "private key").strip()
    warn_if_readable_by_others(path)
    if is_keystore(text):
        return decrypt(text, path, password_file)
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise StartupError(f"private key {path} is malformed: expected 64 hexadecimal digits, or a keystore (JSON)")
    return key
