"""A node that is killed anywhere comes back with the same heads; finality follows L1's and is never taken back."""

from contextlib import closing
from pathlib import Path

import pytest

from state.database import LevelDBStore
from tests.actions.chain.world import NOBODY, OPERATOR, World, heads
from tests.actions.network.world import FragileStore, Node


async def _chain(world: World, epochs: int = 6) -> None:
    """Some epochs with transactions and a deposit, of which the follower has derived nothing."""
    world.deposit(OPERATOR, NOBODY, mint=5, value=5)
    for number in range(epochs):
        world.send(number % 4)
        world.act_l1_block()
        await world.sequencer.derive()
        await world.act_sequence(3)
        await world.act_batch()
    world.act_l1_block()
    await world.sequencer.derive()


async def test_follower_killed_after_every_step_of_derivation_reaches_the_same_heads(world: World) -> None:
    await _chain(world)
    for _ in range(500):
        await world.follower.driver.poll()
        progress = True
        while progress and world.follower.engine.safe_head.number < world.sequencer.engine.safe_head.number:
            before = world.follower.engine.safe_head
            progress = await world.follower.driver.advance()
            if world.follower.engine.safe_head != before:
                break
        if world.follower.engine.safe_head == world.sequencer.engine.safe_head:
            break
        safe = world.follower.engine.safe_head
        world.restart_follower()
        assert world.follower.engine.safe_head == safe
    world.assert_agreement()
    assert world.user_deposits()


@pytest.mark.parametrize("stop", range(0, 30, 3))
async def test_follower_killed_once_at_any_step_goes_on_like_one_that_never_was(world: World, stop: int) -> None:
    await _chain(world, epochs=4)
    await world.follower.driver.poll()
    for _ in range(stop):
        await world.follower.driver.advance()
    world.restart_follower()
    await world.follower.derive()
    fresh = world.new_follower()
    await fresh.derive()
    assert fresh.engine.safe_head == world.follower.engine.safe_head
    await world.follower.driver.poll()
    await fresh.driver.poll()
    assert heads(fresh.driver) == heads(world.follower.driver)
    world.assert_agreement()


async def test_sequencer_on_an_empty_disk_derives_its_chain_before_it_builds(world: World) -> None:
    await _chain(world)
    known = world.sequencer.engine.safe_head
    world.sequencer = Node(world, FragileStore(), sequences=True)
    driver = world.sequencer.driver
    await driver.poll()
    while world.sequencer.engine.safe_head != known:
        assert not driver.started, "whoever built now would build beside the batches that are on L1"
        assert await driver.advance()
    assert not await driver.advance()
    assert driver.started
    driver.request_reset("L1 was reorganised")
    assert not driver.started
    await world.sequencer.derive()
    assert driver.started
    await world.act_sequence()
    await world.act_safe()


async def test_heads_on_a_real_disk_are_those_in_memory_and_survive_closing_it(world: World, tmp_path: Path) -> None:
    await _chain(world)
    await world.follower.derive()
    for _ in range(3):
        with closing(LevelDBStore(tmp_path / "chain")) as store:
            on_disk = Node(world, store, sequences=False)
            await on_disk.driver.poll()
            for _ in range(9):
                await on_disk.driver.advance()
            reached = heads(on_disk.driver)
        with closing(LevelDBStore(tmp_path / "chain")) as store:
            assert heads(Node(world, store, sequences=False).driver) == reached
    with closing(LevelDBStore(tmp_path / "chain")) as store:
        on_disk = Node(world, store, sequences=False)
        await on_disk.derive()
        assert on_disk.engine.safe_head == world.follower.engine.safe_head


async def test_finality_moves_with_l1_finality_only_and_survives_a_restart(world: World) -> None:
    await _chain(world)
    world.chain.set_finality_distance(1_000)
    await world.follower.derive()
    await world.follower.driver.poll()
    held = world.follower.engine.finalized_head.number
    assert held < world.follower.engine.safe_head.number
    world.act_l1_block(5)
    await world.follower.derive()
    await world.follower.driver.poll()
    assert world.follower.engine.finalized_head.number == held, "L1's finalized block did not move"
    world.chain.set_finality_distance(2)
    world.act_l1_block()
    world.restart_follower()
    assert world.follower.engine.finalized_head.number == held
    await world.follower.derive()
    await world.follower.driver.poll()
    final = world.follower.engine.finalized_head.number
    assert final > held
    world.restart_follower()
    assert world.follower.engine.finalized_head.number == final


async def test_block_is_final_when_the_l1_block_that_it_came_from_is(world: World) -> None:
    await _chain(world)
    world.act_l1_block(8)
    await world.act_derive()
    await world.follower.driver.poll()
    finalized_l1 = world.follower.driver.status.finalized_l1
    assert finalized_l1 is not None
    found = {n: _derived_from(world, n) for n in range(1, world.follower.engine.safe_head.number + 1)}
    final = [n for n, origin in found.items() if origin is None or origin <= finalized_l1.number]
    assert world.follower.engine.finalized_head.number == max(final)


def _derived_from(world: World, number: int) -> int | None:
    found = world.follower.driver._index.derived_from(number)
    return None if found is None else found.number
