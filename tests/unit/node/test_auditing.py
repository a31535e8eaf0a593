"""A drawn share of blocks is executed again elsewhere, and a difference stops everything and leaves both results."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node.auditing import MAX_WAITING, Auditor
from node.readers import QueryTimedOut, ReaderPool
from state.database import ChainDatabase, LevelDBStore
from state.errors import Severity
from state.execution.errors import ExecutionDivergence
from state.execution.fast import FastExecutor
from state.execution.port import Executor
from state.primitives.types import Hash32
from tests.unit.state.transition.network import L2, Network
from tests.unit.state.transition.test_audit import Twisted


class OnDisk(Network):
    """A network whose blocks `executor` makes, in a LevelDB that readers copy."""

    def __init__(self, directory: Path, executor: Executor) -> None:
        super().__init__(L2, executor)
        self.db = ChainDatabase(LevelDBStore(directory / "main"))
        self.db.initialise(self.genesis)

    def transfer(self) -> Hash32:
        sealed = self.seal([self.sign()])
        self.commit(sealed)
        return sealed.record.hash


@pytest.fixture
async def network(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OnDisk]:
    network = OnDisk(tmp_path, request.param)
    yield network
    network.db.close()


async def audit(network: OnDisk, directory: Path, blocks: int) -> Auditor:
    """Blocks are made and audited; returns when all are done. Raises what the auditor raises."""
    pool = ReaderPool(network.db, directory, L2, count=0, auditor=True)
    await pool.start()
    auditor = Auditor(pool, directory / "divergence", share=1.0, draw=lambda: 0.5)
    task = asyncio.create_task(auditor.run())
    try:
        for _ in range(blocks):
            auditor.offer(network.transfer())
        async with asyncio.timeout(120):
            while auditor.audited + auditor.skipped < blocks and not task.done():  # noqa: ASYNC110 - counters
                await asyncio.sleep(0.02)
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()
    return auditor


@pytest.mark.parametrize("network", [FastExecutor()], indirect=True)
async def test_honest_blocks_are_agreed_upon(network: OnDisk, tmp_path: Path) -> None:
    auditor = await audit(network, tmp_path, blocks=3)
    assert (auditor.audited, auditor.skipped) == (3, 0)
    assert not (tmp_path / "divergence").exists()


@pytest.mark.parametrize("network", [Twisted("changes")], indirect=True)
async def test_blocks_of_a_wrong_executor_stop_the_auditor_and_leave_both_results(
    network: OnDisk, tmp_path: Path
) -> None:
    with pytest.raises(ExecutionDivergence) as caught:
        await audit(network, tmp_path, blocks=1)
    assert caught.value.severity is Severity.CRITICAL
    (file,) = (tmp_path / "divergence").iterdir()
    assert str(file) in str(caught.value)
    facts = json.loads(file.read_text())
    assert facts["block"] == 1
    assert "state_root" in facts["oracle"]
    assert "state_root" in facts["header"]


class Stubborn:
    """Never finishes the first block, refuses the others."""

    def __init__(self) -> None:
        self.asked = 0
        self.started = asyncio.Event()

    async def audit(self, block_hash: Hash32, evidence: Path) -> None:
        self.asked += 1
        self.started.set()
        if self.asked == 1:
            await asyncio.Event().wait()


async def test_a_node_that_seals_faster_than_the_reference_skips_blocks(tmp_path: Path) -> None:
    blocks = Stubborn()
    auditor = Auditor(blocks, tmp_path, share=1.0, draw=lambda: 0.0)
    task = asyncio.create_task(auditor.run())
    auditor.offer(Hash32(bytes(32)))
    await blocks.started.wait()
    for _ in range(MAX_WAITING + 7):
        auditor.offer(Hash32(bytes(32)))
    assert auditor.skipped == 7
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Slow:
    async def audit(self, block_hash: Hash32, evidence: Path) -> None:
        raise QueryTimedOut("execution aborted (timeout = 120s) in audit")


async def test_a_block_that_takes_too_long_is_counted_as_skipped(tmp_path: Path) -> None:
    auditor = Auditor(Slow(), tmp_path, share=1.0, draw=lambda: 0.0)
    task = asyncio.create_task(auditor.run())
    auditor.offer(Hash32(bytes(32)))
    while not auditor.skipped:  # noqa: ASYNC110 - a counter
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(("share", "drawn"), [(0.0, 0), (0.3, 3), (1.0, 10)])
async def test_the_share_decides_how_many_are_drawn(tmp_path: Path, share: float, drawn: int) -> None:
    numbers = iter(range(10))
    auditor = Auditor(Slow(), tmp_path, share=share, draw=lambda: next(numbers) / 10)
    task = asyncio.create_task(auditor.run())
    for _ in range(10):
        auditor.offer(Hash32(bytes(32)))
    for _ in range(50):
        await asyncio.sleep(0)
    assert auditor.skipped == drawn
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
