"""A wallet can name every revert: each custom error that a source raises is in its contract's ABI, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.addresses import OPEN_PREDEPLOYS
from contracts.artifacts import ROOT, artifact
from contracts.signatures import canonical_signature

SOURCES = ROOT / "src"
RAISED = re.compile(r'method_id\(\s*"(\w+\([^"]*\))"\s*\)')
IMPORTED = re.compile(r"^from open\.lib import (\w+)", re.MULTILINE)


def sources(path: Path) -> dict[Path, str]:
    """The source and all modules below it."""
    found = {path: path.read_text()}
    for name in IMPORTED.findall(found[path]):
        found |= sources(SOURCES / "open" / "lib" / f"{name}.vy")
    return found


@pytest.mark.parametrize("name", OPEN_PREDEPLOYS)
def test_every_error_that_is_raised_is_declared_and_every_declared_one_raised(name: str) -> None:
    texts = sources(SOURCES / "open" / f"{name}.vy")
    raised = {signature for text in texts.values() for signature in RAISED.findall(text)}
    declared = {canonical_signature(entry) for entry in artifact(name).abi if entry["type"] == "error"}
    assert raised == declared


@pytest.mark.parametrize("name", OPEN_PREDEPLOYS)
def test_every_function_reverts_with_an_error_and_never_by_a_bare_assert(name: str) -> None:
    for path, text in sources(SOURCES / "open" / f"{name}.vy").items():
        for line in text.splitlines():
            if line.strip().startswith("assert "):
                assert line.rstrip().endswith('"'), f"{path.name}: {line.strip()} has no named reason"
