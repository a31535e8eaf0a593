"""An operator stops and starts sequencer and batcher of a running node."""

import asyncio

import pytest

from rollup.errors import BatcherControlRefused, SequencerControlRefused
from state.primitives.types import Hash32
from tests.actions.chain.test_loops import Sleeps, _end, _loop
from tests.actions.chain.world import World


async def test_stopped_sequencer_builds_nothing_until_it_is_started_on_its_own_head(world: World) -> None:
    sleeps = Sleeps()
    node = world.sequencer
    node.sequencer._sleep = sleeps
    world.act_l1_block()
    await node.derive()
    world.now = float(node.engine.unsafe_head.timestamp + 1)
    task = await _loop(node.sequencer.run, sleeps)
    built = node.engine.unsafe_head
    assert built.number > 0
    assert await node.sequencer.stop() == built.hash
    for _ in range(3):
        world.now += 1
        await sleeps.next_round()
    assert node.engine.unsafe_head == built
    with pytest.raises(SequencerControlRefused, match="not running"):
        await node.sequencer.stop()
    with pytest.raises(SequencerControlRefused, match=f"does not match: head 0x{built.hash.hex()}"):
        await node.sequencer.start(Hash32(b"\x77" * 32))
    await node.sequencer.start(built.hash)
    with pytest.raises(SequencerControlRefused, match="already running"):
        await node.sequencer.start(built.hash)
    await sleeps.next_round()
    assert node.engine.unsafe_head.number > built.number
    await _end(task)


async def test_stop_waits_for_the_block_that_is_being_built(world: World) -> None:
    """Otherwise the hash that it answers would not be the last block's."""
    sequencer, engine = world.sequencer.sequencer, world.sequencer.engine
    await sequencer._building.acquire()  # as the loop does around a step
    stopping = asyncio.ensure_future(sequencer.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    last = await world.act_sequence()
    sequencer._building.release()
    assert await stopping == last.hash == engine.unsafe_head.hash


async def test_stopped_batcher_posts_nothing_and_still_sees_how_far_the_chain_is_ahead(world: World) -> None:
    rounds = Sleeps()
    batcher = world.sequencer.batcher

    async def wait() -> None:
        await rounds(0)

    await batcher.stop()
    with pytest.raises(BatcherControlRefused):
        await batcher.stop()
    task = await _loop(lambda: batcher.run(wait), rounds)
    for _ in range(6):
        world.act_l1_block()
        await world.act_derive()
        await world.act_sequence(2)
        await rounds.next_round()
    assert world.sequencer.engine.safe_head.number == 0
    assert batcher._lag == 12
    batcher.start()
    with pytest.raises(BatcherControlRefused):
        batcher.start()
    for _ in range(40):
        await rounds.next_round()
        world.act_l1_block()
        await world.act_derive()
    assert world.sequencer.engine.safe_head.number > 0
    await _end(task)
