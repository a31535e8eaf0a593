"""Storage words of Vyper variables, computed from the compiler's layout: genesis writes what constructors would.

Vyper keeps every variable in slots of its own (never packed, except by hand), hashes a mapping's slot as
keccak256(slot ‖ key), Solidity's the other way round, and stores a byte string as its length followed by its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from eth_hash.auto import keccak

from contracts.artifacts import Artifact

Storage = dict[int, int]
Value = int | bool | bytes | str | Sequence[Any] | Mapping[Any, Any]

_WORD = 1 << 256


def mapping_slot(slot: int, key: int | bytes | str) -> int:
    """Slot of `key` in the Vyper mapping at `slot`.

    Keys: an integer, 20 bytes (address, right-aligned), 32 bytes, or text (String keys are hashed first).
    """
    return _to_int(keccak(slot.to_bytes(32, "big") + _key_word(key)))


def solidity_mapping_slot(slot: int, key: int | bytes) -> int:
    """Slot of `key` in a Solidity mapping: keccak256(key ‖ slot). The message passer's order."""
    return _to_int(keccak(_key_word(key) + slot.to_bytes(32, "big")))


def storage_words(artifact: Artifact, values: Mapping[str, Value]) -> Storage:
    """Non-zero slots when the named variables hold `values` and all others are zero.

    Integers, bools, addresses (20 bytes), bytes32, structs and fixed arrays (sequences of one-slot fields),
    dynamic arrays of one-slot items, strings, and mappings (nested dicts). KeyError for an unknown variable.
    """
    words: Storage = {}
    for name, value in values.items():
        variable = artifact.layout[name]
        words |= variable_words(variable.type, variable.slot, value)
    return {slot: word for slot, word in words.items() if word}


def variable_words(kind: str, slot: int, value: Value) -> Storage:
    """Slots of one variable of Vyper type `kind` that starts at `slot`; zero words included."""
    if isinstance(value, Mapping):
        inner = _mapping_value_type(kind)
        words: Storage = {}
        for key, item in value.items():
            words |= variable_words(inner, mapping_slot(slot, key), item)
        return words
    if kind.startswith(("String", "Bytes[")):
        raw = value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[arg-type]
        return _byte_string_words(slot, raw)
    if isinstance(value, bool | int | bytes | str):
        return {slot: word(value)}
    if kind.startswith("DynArray"):
        return {slot: len(value)} | {slot + 1 + i: word(item) for i, item in enumerate(value)}
    return {slot + i: word(item) for i, item in enumerate(value)}


def word(value: Any) -> int:
    """The 256-bit word of a static value: bytes32 as it is, an address right-aligned, negatives in two's complement."""
    if isinstance(value, bytes):
        if len(value) not in (20, 32):
            raise ValueError(f"{len(value)} bytes are neither an address nor a bytes32")
        return _to_int(value)
    if isinstance(value, int):
        if not -(_WORD >> 1) <= value < _WORD:
            raise ValueError(f"{value} does not fit a word")
        return value % _WORD
    raise TypeError(f"{type(value).__name__} is not a static value")


def _byte_string_words(slot: int, raw: bytes) -> Storage:
    words = {slot: len(raw)}
    for i in range(0, len(raw), 32):
        words[slot + 1 + i // 32] = _to_int(raw[i : i + 32].ljust(32, b"\0"))
    return words


def _key_word(key: int | bytes | str) -> bytes:
    if isinstance(key, str):
        return keccak(key.encode())
    if isinstance(key, bytes):
        return word(key).to_bytes(32, "big")
    return (key % _WORD).to_bytes(32, "big")


def _mapping_value_type(kind: str) -> str:
    match = re.match(r"^HashMap\[[^,]+, (.*)\]$", kind)
    if match is None:
        raise TypeError(f"{kind} is not a mapping")
    return match[1]


def _to_int(raw: bytes) -> int:
    return int.from_bytes(raw, "big")
