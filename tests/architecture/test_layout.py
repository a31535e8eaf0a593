"""The layout that DESIGN.md section 3 fixes."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BANNED = {"utils", "helpers", "manager", "base", "common"}
PACKAGES = ["node", "rollup", "state", "rpc", "contracts", "client"]


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_are_concepts_and_files_are_nouns(package: str) -> None:
    names = {path.stem for path in (ROOT / package).rglob("*.py")} | {p.name for p in (ROOT / package).rglob("*")}
    assert names & BANNED == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_grows_beyond_500_lines(package: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / package).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}
