"""Every package says what it is for, and no file says where it was written."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("node", "rpc", "p2p", "rollup", "state", "contracts", "client", "ai", "studio")
TEXT = {".py", ".md", ".toml", ".vy", ".vyi", ".json", ".jsonl", ".yml", ".yaml", ".sh", ".mjs", ".ts", ".cfg", ""}
FEWEST_MODULES = 3
"""A package with fewer needs no more than a sentence."""


def packages() -> list[Path]:
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob("__init__.py"))


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def modules(path: Path) -> int:
    """Python files of the package and of those below it, without `__init__`."""
    return sum(1 for found in path.parent.rglob("*.py") if found.name != "__init__.py")


@pytest.mark.parametrize("path", packages(), ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_every_package_says_what_it_is_for(path: Path) -> None:
    lines = docstring(path).splitlines()
    assert lines, "no docstring"
    assert lines[0].rstrip().endswith((".", ":")), "the first line is a sentence"
    assert len(lines) <= 30, f"{len(lines)} lines: a package's docstring is a page, not a book"
    is_room = path.parent.parent == ROOT and modules(path) > 0
    least = 10 if is_room else 5
    if modules(path) >= FEWEST_MODULES:
        assert len(lines) >= least, f"{len(lines)} lines do not say what flows in and out and where to start reading"


def tracked_files() -> list[Path]:
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # whoever else the checkout may belong to
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
    return [ROOT / name for name in names if name] or [path for path in ROOT.rglob("*") if path.is_file()]


FOREIGN = {
    r"(?<![\w.])/(home|Users|root|work|workspace|mnt)/\w": "a path of somebody's machine",
    r"(?i)\b(files\.pythonhosted|registry\.npmjs|pypi\.org/simple|ghcr\.io|docker\.io)\b": "a registry's host",
    r"(?i)index-url|extra-index": "a registry's address",
}


@pytest.mark.parametrize("pattern", FOREIGN)
def test_no_file_names_a_machine_or_a_registry(pattern: str) -> None:
    found = []
    for path in tracked_files():
        if path.suffix not in TEXT or path == Path(__file__) or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if re.search(pattern, line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == [], FOREIGN[pattern]
