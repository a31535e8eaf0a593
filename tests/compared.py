"""Every block that a test's processes built, executed by both executors and compared.

Nodes that tests start audit each block while they live (`AUDITING`, the share is 1). What they do not come to before
they stop or are killed, and what the simulated L1 built, is executed by the reference after the last test, from the
databases that lie there then, blocks that reorgs dropped among them. Nothing is sampled.

    both_executors       for blocks that a test builds in its own process: compared as they are built
    watch(directory)     the databases somewhere below it are to be compared; `devnet` or a node will run there
    compare_everything   called once, when all processes have ended (tests/conftest.py)
"""

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.inspection import open_stopped, rules_of
from state.database import ChainDatabase, schema
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.execution.reference import ReferenceExecutor
from state.primitives.types import Hash32
from state.transition import CheckedExecutor, audit_block

AUDITING: Final = {"OPENLEDGER_NODE_AUDIT_SHARE": "1"}
"""For the environment of every process that a test starts."""
MANY_REPORTS: Final = 5
"""So many nodes can't all have ended before their first audit."""
GENESIS_FILES: Final = ("genesis.json", "l1-genesis.json")

_watched: list[Path] = []
_left_out: dict[Path, str] = {}


def environment() -> dict[str, str]:
    """This process's, with the audit of every block."""
    return os.environ | AUDITING


def both_executors() -> CheckedExecutor:
    """For blocks that a test builds in its own process: executed by both, compared at once."""
    evidence = Path(tempfile.gettempdir()) / "openledger-test-divergence"
    return CheckedExecutor(FastExecutor(), ReferenceExecutor(), evidence)


def watch(directory: Path) -> Path:
    """`directory`, whose databases will be compared at the end."""
    if directory not in _watched:
        _watched.append(directory)
    return directory


def leave_out(place: Path, reason: str) -> None:
    """Not the database in the data directory `place`, nor `place`.log: its blocks are wrong on purpose."""
    _left_out[place] = reason


@dataclass(slots=True)
class Comparison:
    """What `compare_everything` found."""

    chains: int = 0
    blocks: int = 0
    """Distinct ones: a follower's copy of the sequencer's block is the same block."""
    audited_live: int = 0
    """Audits that the nodes reported when they stopped; killed ones could not."""
    skipped_live: int = 0
    reports: int = 0
    """Of nodes that stopped by themselves."""

    def __str__(self) -> str:
        left_out = "".join(f"; left out: {reason}" for reason in _left_out.values())
        live = f"{self.audited_live} audits by running nodes, {self.skipped_live} skipped there{left_out}"
        return f"compared all {self.blocks} blocks of {self.chains} databases with the reference executor ({live})"


def compare_everything() -> Comparison:
    """Raises ExecutionDivergence for a block on which the executors differ. The processes must have ended."""
    found = Comparison()
    done: set[Hash32] = set()
    for directory in _watched:
        _read_logs(directory, found)
        for place in sorted(one.parent.parent for one in directory.rglob("chain/CURRENT")):
            if place not in _left_out:
                _compare_chain(place, done)
                found.chains += 1
    found.blocks = len(done)
    assert found.audited_live or found.reports < MANY_REPORTS, "nodes ran, and not one audit was done"
    return found


def _compare_chain(place: Path, done: set[Hash32]) -> None:
    db = open_stopped(place)
    try:
        rules = _rules(db, place)
        executor = ReferenceExecutor()
        for block_hash in _built(db):
            if block_hash not in done:
                audit_block(db, executor, rules, block_hash, place / "divergence")
                done.add(block_hash)
    finally:
        db.close()


def _rules(db: ChainDatabase, place: Path) -> ChainRules:
    candidates = [path for root in _watched for name in GENESIS_FILES for path in sorted(root.rglob(name))]
    rules = next((rules for path in candidates if (rules := rules_of(db, place, path)) is not None), None)
    assert rules is not None, f"no genesis.json of a watched directory is that of {place}"
    return rules


def _built(db: ChainDatabase) -> Iterator[Hash32]:
    """All blocks but genesis, those that are not canonical any more too."""
    genesis = db.canonical_hash(0)
    for key, _ in db.store.iterate(start=schema.BODY, stop=schema.prefix_end(schema.BODY)):
        if key[1:] != genesis:
            yield Hash32(key[1:])


def _read_logs(directory: Path, found: Comparison) -> None:
    for path in sorted(directory.rglob("*.log")):
        if path.parent.name == "chain" or path.with_suffix("") in _left_out:
            continue  # LevelDB's own, and what is wrong on purpose
        text = path.read_text(errors="replace")
        assert "audit.diverged" not in text, f"a node's auditor found a difference: see {path}"
        for audited, skipped in re.findall(r"audit\.stopped +audited=(\d+) skipped=(\d+)", text):
            found.reports += 1
            found.audited_live += int(audited)
            found.skipped_live += int(skipped)
