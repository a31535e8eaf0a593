"""What the auditor's process does with a block. A module of its own: no other reader needs the reference executor."""

from contextlib import suppress
from pathlib import Path

from state.database import ChainDatabase, PrunedState
from state.errors import InvalidBlock
from state.execution.errors import ExecutionDivergence
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.execution.reference import ReferenceExecutor
from state.primitives.types import Hash32
from state.transition import CheckedExecutor, audit_block, execute_block


def audit(db: ChainDatabase, rules: ChainRules, block_hash: Hash32, evidence: Path) -> None:
    """Executes a stored block again with the reference executor. Raises ExecutionDivergence, evidence written.

    Where both executors differ here too, the evidence names the transaction and has both outcomes; where they don't,
    what was stored is not what this software makes of the block, and the evidence has the header and the difference.
    Raises PrunedState where the state to execute it on has been let go meanwhile.
    """
    header = db.require_header(block_hash)
    db.require_state(header.number - 1)
    if db.is_full and db.canonical_hash(header.number) != block_hash:
        raise PrunedState(f"block {header.number} was reorganised away, and with it the state that it stands on")
    try:
        audit_block(db, ReferenceExecutor(), rules, block_hash, evidence)
    except ExecutionDivergence:
        block = db.block(block_hash)
        if block is not None:
            checked = CheckedExecutor(FastExecutor(), ReferenceExecutor(), evidence)
            with suppress(InvalidBlock):
                execute_block(db, checked, rules, block)
        raise
