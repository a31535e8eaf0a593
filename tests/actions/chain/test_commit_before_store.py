"""A sealed block is asked about before it is stored: what several sequencers agree on stands before it is heard of."""

from collections.abc import Callable
from typing import Any

import pytest

from rollup.sequencer import Sequencer
from state.errors import NodeError
from state.transition import SealedBlock
from tests.actions.chain.world import World


class Log:
    """What `commit` is asked, and what it says."""

    def __init__(self, world: World) -> None:
        self._engine = world.sequencer.engine
        self.asked: list[SealedBlock] = []
        self.produced: list[SealedBlock] = []
        self.says: Callable[[], bool] = lambda: True

    async def commit(self, sealed: SealedBlock) -> bool:
        assert self._engine.unsafe_head.hash == sealed.record.header.parent_hash  # nothing is stored yet
        self.asked.append(sealed)
        return self.says()

    def on_produced(self, sealed: SealedBlock) -> None:
        assert self._engine.unsafe_head.hash == sealed.record.hash
        self.produced.append(sealed)


@pytest.fixture
async def log(world: World) -> Log:
    found = Log(world)
    sequencer = world.sequencer.sequencer
    sequencer._commit, sequencer._on_produced = found.commit, found.on_produced
    world.act_l1_block()
    await world.sequencer.derive()
    return found


async def _step(world: World) -> Any:
    world.now = max(world.now, float(world.sequencer.engine.unsafe_head.timestamp + 1))
    return await world.sequencer.sequencer.step()


async def test_a_committed_block_is_stored_and_told_of(world: World, log: Log) -> None:
    world.send(0)
    produced = await _step(world)
    assert produced.transactions == 1
    assert [one.record.hash for one in log.asked] == [produced.ref.hash] == [one.record.hash for one in log.produced]


def _refuses() -> bool:
    return False


def _fails() -> bool:
    raise NodeError("etcd is away")


@pytest.mark.parametrize("says", [_refuses, _fails])
async def test_a_block_that_was_not_committed_is_nowhere_and_nothing_more_is_built(
    world: World, log: Log, says: Callable[[], bool]
) -> None:
    sent = world.send(0)
    head = world.sequencer.engine.unsafe_head
    log.says = says
    assert await _step(world) is None
    assert world.sequencer.engine.unsafe_head == head
    assert not log.produced
    sequencer: Sequencer = world.sequencer.sequencer
    assert not sequencer.running
    assert world.sequencer.pool.transaction(sent.hash) is not None
    log.says = lambda: True
    await sequencer.start(head.hash)
    assert (await _step(world)).transactions == 1


async def test_a_block_whose_parent_was_replaced_meanwhile_is_dropped(world: World, log: Log) -> None:
    engine = world.sequencer.engine
    await _step(world)
    genesis = engine.ref_by_number(0)
    assert genesis is not None

    def the_driver_goes_back() -> bool:
        engine.reset_heads(unsafe=genesis, safe=genesis)
        return True

    log.says = the_driver_goes_back
    assert await _step(world) is None
    assert engine.unsafe_head == genesis
    assert len(log.produced) == 1
    assert world.sequencer.sequencer.running
    log.says = lambda: True
    assert (await _step(world)).ref.number == 1
