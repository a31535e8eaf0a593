"""docs/glossary.md and the code speak the same words."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("node", "rollup", "state", "rpc", "contracts", "client", "p2p", "ai")
BANNED = {
    r"\brollback\b": "say reorg, reset or revert",
    r"\bmempool\b": "say txpool or pool",
    r"\bconfirmed head\b": "say safe or finalized head",
    r"\blatest head\b": "say unsafe head",
}
ALLOWED_LINES = re.compile(r"geth|op-node|anvil", re.I)


def _terms() -> list[str]:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.M)
    return [row.strip() for row in rows if row.strip() not in {"term", "---"}]


def _sources() -> dict[Path, str]:
    return {p: p.read_text(encoding="utf-8") for package in PACKAGES for p in (ROOT / package).rglob("*.py")}


@pytest.mark.parametrize("term", _terms())
def test_every_term_stands_in_the_code(term: str) -> None:
    words = re.compile(r"[_\s-]*".join(map(re.escape, re.split(r"[\s-]+", term))), re.I)
    assert any(words.search(text) for text in _sources().values()), f"{term!r} is in the glossary but not in the code"


@pytest.mark.parametrize("pattern", BANNED)
def test_no_banned_word_stands_in_the_code(pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in _sources().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(pattern, line, re.I) and not ALLOWED_LINES.search(line)
    ]
    assert found == [], BANNED[pattern]
