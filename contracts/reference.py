"""docs/contracts.md, rendered from the ABIs: written with every `--update-lock`, compared by a test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contracts.addresses import (
    BEACON_ROOTS,
    CREATE2_DEPLOYER,
    FEE_VAULTS,
    HISTORY_STORAGE,
    MULTICALL3,
    OP_PREDEPLOYS,
    OPEN_IMPLEMENTATIONS,
    OPEN_PREDEPLOYS,
    PERMIT2,
    SIMULATED_L1,
    checksum,
)
from contracts.artifacts import ROOT, Artifact, read_build

DOCUMENT = ROOT.parent / "docs" / "contracts.md"

_HEAD = """# Contracts

Rendered from the exported ABIs (`contracts/abi/*.json`) by `python -m contracts.compile --update-lock`; do not edit.
Sources: `contracts/src` (Vyper) and `contracts/assembled` (our assembler). How they are compiled, locked and laid out
in genesis is described in `contracts/__init__.py`.
"""

_ASSEMBLED = {
    "BatchInbox": "Takes calldata from SystemConfig's batcher only and commits to it. Whatever the batcher sends is a "
    "batch, so the views answer everybody else.",
    "BeaconRoots": "EIP-4788's system contract, byte for byte.",
    "Create2Deployer": "The deterministic deployment proxy: calldata is a salt and initcode.",
    "HistoryStorage": "EIP-2935's system contract, byte for byte.",
    "L2ToL1MessagePasser": "What leaves L2. `sentMessages[hash]` lies at keccak256(hash ++ bytes32(0)).",
    "Permit2": "Token allowances and transfers by signature, at its usual address. Delegates to Permit2Logic.",
    "Multicall3": "Many calls in one, on L1 and L2.",
    "Proxy": "EIP-1967, transparent: these functions answer the admin (and calls without a sender), everything else is "
    "delegated.",
}


def render() -> str:
    """The whole document."""
    sections = [
        (
            "On L2: the OP Stack's",
            [*_vaults_once(), "Permit2", "Multicall3", "Create2Deployer", "BeaconRoots", "HistoryStorage"],
        ),
        ("On L2: OPEN's", ["Proxy", *OPEN_PREDEPLOYS]),
        ("On L1", [name for name in SIMULATED_L1 if name != "Multicall3"]),
    ]
    parts = [_HEAD]
    for title, names in sections:
        parts.append(f"## {title}\n")
        parts += [_contract(name) for name in names]
    return "\n".join(parts)


def write() -> None:
    """Rewrite the document."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(render())


def _vaults_once() -> Iterator[str]:
    for name in OP_PREDEPLOYS:
        if name == FEE_VAULTS[0]:
            yield "FeeVault"
        elif name not in FEE_VAULTS:
            yield name


def _contract(name: str) -> str:
    built = read_build(name)
    lines = [f"### {name}\n", _summary(name), "", *_addresses(name), ""]
    functions = sorted(_function(entry) for entry in built.abi if entry["type"] == "function")
    if functions:
        lines += ["| function | returns | |", "|---|---|---|", *functions, ""]
    for kind, title in (("event", "Events"), ("error", "Errors")):
        found = sorted(f"`{entry['name']}({_parameters(entry)})`" for entry in _of(built, kind))
        if found:
            lines += [f"{title}: {' · '.join(found)}", ""]
    return "\n".join(lines)


def _of(built: Artifact, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in built.abi if entry["type"] == kind]


def _function(entry: dict[str, Any]) -> str:
    outputs = ", ".join(_typed(parameter) for parameter in entry["outputs"])
    mutability = "" if entry["stateMutability"] == "nonpayable" else entry["stateMutability"]
    returned = f"`{outputs}`" if outputs else ""
    return f"| `{entry['name']}({_parameters(entry)})` | {returned} | {mutability} |"


def _parameters(entry: dict[str, Any]) -> str:
    return ", ".join(_typed(parameter) for parameter in entry["inputs"])


def _typed(parameter: dict[str, Any]) -> str:
    kind = parameter["type"]
    if kind.startswith("tuple"):
        inner = ", ".join(_typed(component) for component in parameter["components"])
        kind = f"({inner}){kind.removeprefix('tuple')}"
    words = [kind, "indexed" if parameter.get("indexed") else "", parameter["name"]]
    return " ".join(filter(None, words))


def _addresses(name: str) -> list[str]:
    if name == "FeeVault":
        places = [f"{vault} `{checksum(OP_PREDEPLOYS[vault])}`" for vault in FEE_VAULTS]
        return [", ".join(places) + "."]
    if name in OPEN_PREDEPLOYS:
        proxy, code = checksum(OPEN_PREDEPLOYS[name]), checksum(OPEN_IMPLEMENTATIONS[name])
        return [f"Proxy `{proxy}`, implementation `{code}`."]
    fixed = {
        **OP_PREDEPLOYS,
        "Permit2": PERMIT2,
        "Multicall3": MULTICALL3,
        "Create2Deployer": CREATE2_DEPLOYER,
        "BeaconRoots": BEACON_ROOTS,
        "HistoryStorage": HISTORY_STORAGE,
    }
    if name in fixed:
        return [f"`{checksum(fixed[name])}`."]
    if name in SIMULATED_L1:
        return [f"On the simulated L1 `{checksum(SIMULATED_L1[name])}`."]
    return []


def _summary(name: str) -> str:
    if name in _ASSEMBLED:
        return _ASSEMBLED[name]
    for folder in ("l1", "op", "open"):
        path: Path = ROOT / "src" / folder / f"{name}.vy"
        if path.exists():
            match = re.search(r"@notice (.*?)(?=\n@|\n\"\"\")", path.read_text(), re.DOTALL)
            return " ".join(match[1].split()) if match else ""
    return ""
