"""Compile driver, lock file and exported ABIs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts import artifacts
from contracts import compile as driver
from contracts.artifacts import ABI, artifact, artifact_names, code_hash, read_build
from contracts.errors import ArtifactMissing, BytecodeMismatch, CompileFailed
from contracts.reference import DOCUMENT, render
from contracts.signatures import canonical_signature

SOURCE = """# pragma version 0.4.3
# error Nope(uint256 why)
# receive() payable
event Sent:
    from_: indexed(address)
owner: public(address)
@deploy
def __init__(owner: address):
    self.owner = owner
@external
def f():
    log Sent(from_=msg.sender)
"""


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The driver pointed at an empty source tree."""
    for folder in ("l1", "op", "open"):
        (tmp_path / "src" / folder).mkdir(parents=True)
    for module in (driver, artifacts):
        monkeypatch.setattr(module, "BUILD", tmp_path / "build")
        monkeypatch.setattr(module, "LOCK", tmp_path / "lock.json")
    monkeypatch.setattr(driver, "ABI", tmp_path / "abi")
    monkeypatch.setattr(driver, "SOURCES", tmp_path / "src")
    artifact.cache_clear()
    yield tmp_path
    artifact.cache_clear()


def write(workshop: Path, name: str, source: str) -> None:
    (workshop / "src" / "l1" / f"{name}.vy").write_text(source)


def test_compiles_exports_and_locks(workshop: Path) -> None:
    write(workshop, "Thing", SOURCE)
    assert driver.main(["--only", "Thing"]) == 1  # not in the lock yet
    assert driver.main(["--only", "Thing", "--update-lock"]) == 0
    thing = artifact("Thing")
    assert thing.layout["owner"].slot == 0
    exported = json.loads((workshop / "abi" / "Thing.json").read_text())
    assert {"type": "error", "name": "Nope", "inputs": [{"type": "uint256", "name": "why"}]} in exported
    assert {"type": "receive", "stateMutability": "payable"} in exported
    assert thing.entry("event", "Sent")["inputs"][0]["name"] == "from"
    assert driver.main(["--only", "Thing"]) == 0


def test_compiles_again_only_what_changed(workshop: Path) -> None:
    write(workshop, "Thing", SOURCE)
    write(workshop, "Other", SOURCE)
    said: list[str] = []
    driver.compile_all(only=["Thing", "Other"], progress=said.append)
    write(workshop, "Other", SOURCE.replace("Nope", "Never"))
    said.clear()
    driver.compile_all(only=["Thing", "Other"], progress=said.append)
    assert said == ["[1/2] Other", "[2/2] Thing (unchanged)"]


def test_comments_do_not_change_bytecode(workshop: Path) -> None:
    write(workshop, "Thing", SOURCE)
    driver.main(["--only", "Thing", "--update-lock"])
    write(workshop, "Thing", SOURCE + "# a remark\n")
    assert driver.main(["--only", "Thing"]) == 0


def test_different_bytecode_is_refused_with_both_hashes(workshop: Path) -> None:
    write(workshop, "Thing", SOURCE)
    driver.main(["--only", "Thing", "--update-lock"])
    write(workshop, "Thing", SOURCE.replace("self.owner = owner", "self.owner = msg.sender"))
    assert driver.main(["--only", "Thing"]) == 1
    with pytest.raises(BytecodeMismatch) as caught:
        artifact("Thing")
    assert caught.value.part == "creation"
    assert caught.value.got == code_hash(read_build("Thing").creation) != caught.value.expected


def test_reports_every_broken_source(workshop: Path) -> None:
    write(workshop, "First", "nonsense")
    write(workshop, "Second", "also: nonsense")
    write(workshop, "Third", SOURCE)
    with pytest.raises(CompileFailed) as caught:
        driver.compile_all(only=["First", "Second", "Third"], progress=lambda _: None)
    assert "First" in str(caught.value)
    assert "Second" in str(caught.value)
    assert read_build("Third").runtime


def test_refuses_immutables_because_genesis_places_runtime_code(workshop: Path) -> None:
    source = "# pragma version 0.4.3\nA: immutable(uint256)\n@deploy\ndef __init__():\n    A = 1\n"
    write(workshop, "Thing", source + "@external\n@view\ndef f() -> uint256:\n    return A\n")
    with pytest.raises(CompileFailed, match="immutables"):
        driver.compile_all(only=["Thing"], progress=lambda _: None)


def test_says_what_is_missing(workshop: Path) -> None:
    with pytest.raises(ArtifactMissing, match="not compiled"):
        artifact("Nothing")
    with pytest.raises(CompileFailed, match="no such contract: Nothing"):
        driver.compile_all(only=["Nothing"])


def test_every_locked_contract_is_compiled_as_locked_and_exported() -> None:
    assert set(artifact_names()) == set(driver.vyper_sources()) | set(driver.ASSEMBLED)
    for name in artifact_names():
        built = artifact(name)
        assert json.loads((ABI / f"{name}.json").read_text()) == list(built.abi), name
        assert 0 < len(built.runtime) <= 0x6000, name
    assert {path.stem for path in ABI.glob("*.json")} == set(artifact_names())


def test_reference_document_is_in_step_with_the_abis() -> None:
    assert DOCUMENT.read_text() == render(), "run python -m contracts.compile --update-lock"


def test_abis_overload_no_function_of_the_same_signature() -> None:
    for name in artifact_names():
        functions = [canonical_signature(e) for e in artifact(name).abi if e["type"] == "function"]
        assert len(functions) == len(set(functions)), name
