"""The audit of live blocks: a drawn share is executed again by the reference executor, in a process of its own.

The draw is each node's own, so that a sequencer and its followers look at different blocks. When the reference makes
something else of a block than what the chain has, the auditor raises ExecutionDivergence, which stops the node: it must
not build on a state that one of its executors denies. Both results are then in `<data dir>/divergence`, and while they
lie there the node doesn't start again, whatever restarts it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import structlog

from node.errors import UnresolvedDivergence
from node.readers import QueryTimedOut, ReaderCrashed
from state.database import PrunedState
from state.execution.errors import ExecutionDivergence
from state.primitives.types import Hash32

log = structlog.get_logger("node.audit")

DIRECTORY: Final = "divergence"
"""In the data directory: where both results of a divergence are kept."""
MAX_WAITING: Final = 64
"""Drawn blocks that wait; a node that catches up seals faster than the reference executes, and skips the rest."""


def require_no_divergence(data_dir: Path) -> None:
    """Raises UnresolvedDivergence if an audit has left evidence in the data directory."""
    evidence = sorted((data_dir / DIRECTORY).glob("*.json"))
    if evidence:
        raise UnresolvedDivergence(
            f"the executors disagreed on a block of this node before: see {evidence[0]}. It must not build on such a "
            f"state: keep {data_dir} for a report and start on another data directory, or, once `openledger inspect "
            f"{data_dir} --verify N` of a corrected release finds the blocks right, move {data_dir / DIRECTORY} away"
        )


class BlockAuditor(Protocol):
    """Whoever executes a block again."""

    async def audit(self, block_hash: Hash32, evidence: Path) -> None:
        """Raises ExecutionDivergence, QueryTimedOut or ReaderCrashed."""


class Auditor:
    """Draws blocks and has them audited one after the other."""

    def __init__(self, blocks: BlockAuditor, evidence: Path, *, share: float, draw: Callable[[], float]) -> None:
        """`draw` gives a number in [0, 1): the block is audited if it is less than `share`."""
        self._blocks = blocks
        self._evidence = evidence
        self._share = share
        self._draw = draw
        self._waiting: deque[Hash32] = deque()
        self._wake = asyncio.Event()
        self.audited = 0
        """Blocks on which the reference agreed, since start."""
        self.skipped = 0
        """Drawn, but not audited: too many waited, or it took too long."""

    @property
    def waiting(self) -> int:
        """Drawn blocks whose turn has not come."""
        return len(self._waiting)

    def offer(self, block_hash: Hash32) -> None:
        """A block was sealed or derived. On the event loop."""
        if self._draw() >= self._share:
            return
        if len(self._waiting) >= MAX_WAITING:
            self.skipped += 1
            return
        self._waiting.append(block_hash)
        self._wake.set()

    async def run(self) -> None:
        """Audits for ever. Raises ExecutionDivergence."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._audit(self._waiting.popleft())
        finally:
            if self._share > 0:
                left = len(self._waiting)
                log.info("audit.stopped", audited=self.audited, skipped=self.skipped, waiting=left)

    async def _audit(self, block_hash: Hash32) -> None:
        try:
            await self._blocks.audit(block_hash, self._evidence)
        except ExecutionDivergence as error:
            log.critical("audit.diverged", hash=block_hash.hex(), evidence=str(self._evidence), reason=str(error))
            raise
        except (QueryTimedOut, ReaderCrashed, PrunedState) as error:
            self.skipped += 1
            log.warning("audit.skipped", hash=block_hash.hex(), reason=str(error))
        else:
            self.audited += 1
            log.debug("audit.agreed", hash=block_hash.hex())
