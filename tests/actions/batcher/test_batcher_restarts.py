"""The batcher is killed at every dangerous moment: no block is posted twice, none is skipped."""

from typing import Any

import pytest

from tests.actions.batcher.world import World


async def _traffic(world: World) -> None:
    """Several channels of several transactions each, with what goes on beside them."""
    for _ in range(2):
        world.l2.build(6, transactions=2)
        await world.round()
    await world.settle()


async def _count_moments(make_world: Any) -> int:
    world = make_world()
    await _traffic(world)
    moments: int = world.fuse.moments
    return moments


async def test_posts_each_block_once_whenever_it_is_killed(make_world: Any, killed: type[BaseException]) -> None:
    moments = await _count_moments(make_world)
    assert moments > 40
    for moment in range(moments):
        world = make_world()
        world.fuse.left = moment
        with pytest.raises(killed):
            await _traffic(world)
        world.restart()
        await world.settle()
        world.assert_each_block_posted_once()


async def test_posts_each_block_once_when_killed_again_and_again(make_world: Any, killed: type[BaseException]) -> None:
    for every in (5, 7, 11, 13):
        world = make_world(window=1_000)
        world.l2.build(30, transactions=2)
        for _ in range(400):
            world.fuse.left = every
            try:
                await world.settle()
                break
            except killed:
                world.restart()
                world.l1.mine()
                world.now += 12
        world.assert_each_block_posted_once()


async def test_waits_after_restart_until_derivation_has_read_what_is_on_l1(make_world: Any) -> None:
    world = make_world()
    world.l2.build(5)
    await world.settle()
    world.disk.values.clear()  # even a lost disk must not post again what L1 has
    world.l2.derivation_stopped_at = 0
    world.restart()
    for _ in range(5):
        await world.round()
    assert len(world.l2.derived().ranges) == 0
    world.l2.derivation_stopped_at = None
    world.l2.build(5)
    await world.settle()
    world.assert_each_block_posted_once()


async def test_channel_ids_are_never_used_twice(make_world: Any) -> None:
    world = make_world(window=1_000)
    ids = set()
    for _ in range(5):
        world.l2.build(3)
        await world.settle()
        world.restart()
    for _, data in world.l1.calldata():
        ids.add(data[1:17])
    assert len(ids) == 5
