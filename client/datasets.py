"""Rows of a Datanet: reading them, their content root, and the dataset that ships with the product.

A row is one JSON object with at least `id`, `prompt` and `response`. Its leaf is keccak256 of its canonical JSON (keys
sorted, no spaces, UTF-8); the content root of a contribution is the Merkle root over its rows' leaves in order, an odd
one moving up as it is.
"""

import itertools
import json
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from eth_utils.crypto import keccak

from client.errors import BadInput

SHIPPED_DOMAINS: Final = ("healthcare", "law", "finance", "computing")
MAX_LINE_BYTES: Final = 64 * 1024
MAX_ROWS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One instruction pair."""

    id: str
    prompt: str
    response: str
    leaf: bytes
    """32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A domain's rows."""

    domain: str
    rows: tuple[Row, ...]


def parse_row(line: bytes, where: str) -> Row:
    """The row in one line of JSONL. Raises BadInput naming `where`."""
    if len(line) > MAX_LINE_BYTES:
        raise BadInput(f"{where}: line of {len(line)} bytes, expected at most {MAX_LINE_BYTES}")
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadInput(f"{where}: expected a JSON object")
    for field in ("id", "prompt", "response"):
        if not isinstance(data.get(field), str) or not data[field]:
            raise BadInput(f"{where}: field {field!r} is missing or no text")
    return Row(id=data["id"], prompt=data["prompt"], response=data["response"], leaf=row_leaf(data))


def row_leaf(data: dict[str, Any]) -> bytes:
    """keccak256 of a row's canonical JSON."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return keccak(canonical.encode("utf-8", "surrogatepass"))


def content_root(rows: tuple[Row, ...]) -> bytes:
    """The Merkle root of a contribution. Raises BadInput for no rows."""
    if not rows:
        raise BadInput("a contribution has at least one row")
    level = [row.leaf for row in rows]
    while len(level) > 1:
        paired = [keccak(level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + (level[-1:] if len(level) % 2 else [])
    return level[0]


def load_directory(directory: Path) -> list[Dataset]:
    """One dataset for each `*.jsonl` in a directory, named after the file."""
    files = sorted(directory.glob("*.jsonl"))
    if not files:
        raise BadInput(f"{directory}: no *.jsonl files here")
    return [_load(file, file.stem) for file in files]


def load_rows(file: Path) -> tuple[Row, ...]:
    """The rows of one JSONL file, at least one. Raises BadInput."""
    return _load(file, file.stem).rows


def shipped_datasets() -> list[Dataset]:
    """The four domains that ship with the product (CC0)."""
    folder = resources.files("client") / "data"
    return [_load(folder / f"{domain}.jsonl", domain) for domain in SHIPPED_DOMAINS]


def _load(file: Path | Traversable, domain: str) -> Dataset:
    rows: list[Row] = []
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    rows.append(parse_row(line, f"{file.name}:{number}"))
                if len(rows) > MAX_ROWS:
                    raise BadInput(f"{file.name}: more than {MAX_ROWS} rows")
    except OSError as error:
        raise BadInput(f"{file.name} can't be read: {error}") from error
    if not rows:
        raise BadInput(f"{file.name}: no rows")
    return Dataset(domain=domain, rows=tuple(rows))


def disjoint_parts(rows: tuple[Row, ...], count: int) -> list[tuple[Row, ...]]:
    """`rows` in `count` runs of nearly equal length, each row in exactly one; fewer where there are fewer rows."""
    count = min(count, len(rows))
    bounds = [len(rows) * index // count for index in range(count + 1)]
    return [rows[start:stop] for start, stop in itertools.pairwise(bounds)]
