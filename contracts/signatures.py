"""Human-readable declarations turned into ABI entries.

Two places need them: the `# error Name(uint256 a)` comments of Vyper sources (Vyper has no custom errors of
its own), and the ABIs of assembled contracts. The grammar is the usual one:

    function name(type a, type b) view returns (type x)
    event Name(type indexed a, type b)
    error Name(type a)
    function name((type a, type b)[] list)
    receive() payable
"""

from __future__ import annotations

import re
from typing import Any

from eth_hash.auto import keccak

AbiEntry = dict[str, Any]

_DECLARATION = re.compile(
    r"^(function|event|error)\s+([A-Za-z_]\w*)\s*\((.*?)\)\s*"
    r"(?:(view|pure|payable|nonpayable)\b\s*)?(?:returns\s*\((.*)\))?$"
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
    return [_parameter(part, indexed=indexed) for part in _split(text)]


def _parameter(text: str, *, indexed: bool) -> AbiEntry:
    """One `type [indexed] [name]`; a type in parentheses is a tuple."""
    entry: AbiEntry = {}
    if text.startswith("("):
        inner, _, rest = text[1:].rpartition(")")
        array, *words = rest.split(" ") if rest else [""]
        entry = {"type": "tuple" + array, "components": _parameters(inner)}
    else:
        kind, *words = text.split()
        entry = {"type": kind}
    names = [w for w in words if w != "indexed"]
    entry["name"] = names[-1] if names else ""
    if indexed:
        entry["indexed"] = "indexed" in words
    return entry


def _split(text: str) -> list[str]:
    """The parts between commas that lie outside of parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]
