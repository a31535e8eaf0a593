"""The fenced blocks of the documentation, and the commands in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GENERATED = {"contracts.md", "json-rpc.md"}
"""Rendered from ABIs and the method registry; tests of those rooms hold them against their sources."""
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    + [page for page in (ROOT / "docs").rglob("*.md") if page.name not in GENERATED]
)
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    language: str
    live: bool
    """Runs against a devnet (`bash live`, `python live`)."""
    sandbox: bool
    """Runs against a sandbox (`python sandbox`), in tests/e2e/sandbox."""
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> list[list[str]]:
        """The words of each command: every line of bash, or after `$ ` in a console transcript, up to a pipe."""
        text = self.text.replace("\\\n", " ")
        lines = [line.strip() for line in text.splitlines()]
        if self.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        pipelines = [shlex.split(line) for line in lines if line and not line.startswith("#")]
        return [words[: words.index("|")] if "|" in words else words for words in pipelines]


def blocks(*languages: str) -> list[Block]:
    """All blocks in these languages, page by page."""
    return [block for page in PAGES for block in _blocks_of(page) if block.language in languages]


def _blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        language, *marks = found["info"].split() or [""]
        line = text.count("\n", 0, found.start()) + 1
        live, sandbox = "live" in marks, "sandbox" in marks
        yield Block(page=page, line=line, language=language, live=live, sandbox=sandbox, text=found["text"])
