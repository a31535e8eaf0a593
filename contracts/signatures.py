"""Human-readable declarations turned into ABI entries.

Two places need them: the `# error Name(uint256 a)` comments of Vyper sources (Vyper has no custom errors of
its own), and the ABIs of assembled contracts. The grammar is the usual one:

    function name(type a, type b) view returns (type x)
    event Name(type indexed a, type b)
    error Name(type a)
    receive() payable
"""

from __future__ import annotations

import re
from typing import Any

from eth_hash.auto import keccak

AbiEntry = dict[str, Any]

_DECLARATION = re.compile(
    r"^(function|event|error)\s+([A-Za-z_]\w*)\s*\(([^()]*)\)\s*"
    r"(view|pure|payable|nonpayable)?\s*(?:returns\s*\(([^()]*)\))?$"
)


def parse_declaration(text: str) -> AbiEntry:
    """The ABI entry of one declaration; ValueError for anything outside the grammar above."""
    text = " ".join(text.split())
    if text == "receive() payable":
        return {"type": "receive", "stateMutability": "payable"}
    match = _DECLARATION.match(text)
    if match is None:
        raise ValueError(f"not a declaration: {text!r}")
    kind, name, inputs, mutability, outputs = match.groups()
    if kind == "function":
        return {
            "type": "function",
            "name": name,
            "stateMutability": mutability or "nonpayable",
            "inputs": _parameters(inputs),
            "outputs": _parameters(outputs or ""),
        }
    entry: AbiEntry = {"type": kind, "name": name, "inputs": _parameters(inputs, indexed=kind == "event")}
    if kind == "event":
        entry["anonymous"] = False
    return entry


def canonical_signature(entry: AbiEntry) -> str:
    """`name(type,type)` with tuples written out: what selectors and topics hash."""
    return f"{entry['name']}({','.join(_canonical_type(p) for p in entry['inputs'])})"


def selector(entry: AbiEntry | str) -> bytes:
    """The first four bytes of the signature's keccak, for functions and errors."""
    signature = entry if isinstance(entry, str) else canonical_signature(entry)
    return keccak(signature.encode())[:4]


def topic(entry: AbiEntry | str) -> bytes:
    """The signature's keccak, for events."""
    signature = entry if isinstance(entry, str) else canonical_signature(entry)
    return keccak(signature.encode())


def _canonical_type(parameter: AbiEntry) -> str:
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_canonical_type(c) for c in parameter["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _parameters(text: str, *, indexed: bool = False) -> list[AbiEntry]:
    parameters: list[AbiEntry] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        words = part.split()
        entry: AbiEntry = {"name": words[-1] if len(words) > 1 else "", "type": words[0]}
        if indexed:
            entry["indexed"] = "indexed" in words[1:]
        parameters.append(entry)
    return parameters
