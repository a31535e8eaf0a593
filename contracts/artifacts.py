"""Compile results, read back and checked against lock.json: all that a running node knows of a compiler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eth_hash.auto import keccak

from contracts.errors import ArtifactMissing, BytecodeMismatch

ROOT = Path(__file__).resolve().parent
BUILD = ROOT / "build"
ABI = ROOT / "abi"
LOCK = ROOT / "lock.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageVariable:
    """Where a Vyper storage variable lies."""

    type: str
    """Vyper's spelling, for example `HashMap[address, uint256]`."""
    slot: int
    """First slot."""
    n_slots: int
    """How many consecutive slots it takes; 1 for a mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One contract's compile result."""

    name: str
    abi: tuple[dict[str, Any], ...]
    """Entries of the JSON ABI, custom errors included."""
    creation: bytes
    """Initcode without constructor arguments."""
    runtime: bytes
    """Code as it lies on the chain: no contract of ours has immutables."""
    layout: Mapping[str, StorageVariable]
    """Storage variables by dotted name; empty for assembled contracts."""

    def entry(self, kind: str, name: str) -> dict[str, Any]:
        """The one ABI entry of that kind and name; KeyError when there is none."""
        for entry in self.abi:
            if entry["type"] == kind and entry.get("name") == name:
                return entry
        raise KeyError(f"{self.name} has no {kind} {name}")


def code_hash(code: bytes) -> str:
    """0x-prefixed keccak256, as lock.json stores it."""
    return "0x" + keccak(code).hex()


def read_lock() -> dict[str, dict[str, str]]:
    """Contract name → {"creation": hash, "runtime": hash}, empty before the first lock is written."""
    if not LOCK.exists():
        return {}
    contracts: dict[str, dict[str, str]] = json.loads(LOCK.read_text())["contracts"]
    return contracts


@cache
def artifact(name: str) -> Artifact:
    """The compile result of `name`, its bytecode verified against lock.json.

    Raises ArtifactMissing when it was never compiled, BytecodeMismatch when it differs from the lock.
    """
    loaded = read_build(name)
    expected = read_lock().get(name)
    if expected is None:
        raise ArtifactMissing(f"lock.json has no entry for {name}: run python -m contracts.compile --update-lock")
    for part, code in (("creation", loaded.creation), ("runtime", loaded.runtime)):
        if code_hash(code) != expected[part]:
            raise BytecodeMismatch(name=name, part=part, got=code_hash(code), expected=expected[part])
    return loaded


def artifact_names() -> tuple[str, ...]:
    """All contracts that lock.json knows, sorted."""
    return tuple(sorted(read_lock()))


def read_build(name: str) -> Artifact:
    """The compile result of `name` without the check against lock.json."""
    path = BUILD / f"{name}.json"
    try:
        raw = json.loads(path.read_text())
    except FileNotFoundError:
        raise ArtifactMissing(f"{name} is not compiled: run python -m contracts.compile") from None
    layout = {variable: StorageVariable(**place) for variable, place in raw["layout"].items()}
    return Artifact(
        name=name,
        abi=tuple(raw["abi"]),
        creation=bytes.fromhex(raw["bytecode"][2:]),
        runtime=bytes.fromhex(raw["runtime"][2:]),
        layout=MappingProxyType(layout),
    )
