"""ABIs as the product exports them, and custom errors by their selector."""

import json
from functools import cache
from importlib import resources
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from contracts.signatures import canonical_signature, selector

AbiEntry = dict[str, Any]


@cache
def abi(name: str) -> list[AbiEntry]:
    """The JSON ABI of one contract, custom errors included."""
    text = (resources.files("contracts") / "abi" / f"{name}.json").read_text(encoding="utf-8")
    entries: list[AbiEntry] = json.loads(text)
    return entries


@cache
def _errors() -> dict[bytes, AbiEntry]:
    folder = resources.files("contracts") / "abi"
    names = [file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json")]
    return {selector(entry): entry for name in sorted(names) for entry in abi(name) if entry["type"] == "error"}


def decode_error(data: bytes) -> str | None:
    """`Name(argument, ...)` of a custom error of ours in revert data, None for anything else."""
    entry = _errors().get(data[:4])
    if entry is None:
        return None
    inner = canonical_signature(entry).removeprefix(entry["name"])[1:-1]
    types = [part for part in inner.split(",") if part]
    try:
        values = decode(types, data[4:]) if types else ()
    except DecodingError:
        return str(entry["name"])
    return f"{entry['name']}({', '.join(_shown(value) for value in values)})"


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
