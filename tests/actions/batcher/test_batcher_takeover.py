"""Candidates that lead in turn, each with a disk of its own and all with the batcher's one key.

What a leader left behind (calldata on L1, waiting in L1's pool, or only in its outbox) must neither leave a gap nor be
posted again and again.
"""

from collections import Counter
from typing import Any

import pytest

from rollup.batcher import Outbox
from tests.actions.batcher.world import BATCHER, Disk, World

STEP = 23
"""Of the moments at which a leader may die, one in so many is tried; a prime meets all kinds of them."""


def take_over(world: World, disk: Disk) -> None:
    """Another leader's batcher begins, as `node/sequencing.py` starts it after somebody else has led."""
    world.disk, world.salt = disk, b"" if world.salt else b"the other"
    Outbox(disk, b"\x21").abandon_all()
    world.restart()


async def _lead(world: World) -> None:
    for _ in range(2):
        world.l2.build(6, transactions=2)
        await world.round()
    await world.settle()


def _assert_complete(world: World, at_most: int) -> None:
    """Every block is safe and was posted, none of them more often than `at_most`."""
    posted = Counter(number for first, last in world.l2.derived().ranges for number in range(first, last + 1))
    head = len(world.l2.chain) - 1
    assert world.l2.derived().safe == head
    assert set(posted) >= set(range(1, head + 1))
    assert max(posted.values()) <= at_most


async def _assert_quiet(world: World) -> None:
    """With nothing to post, nothing is sent."""
    spent = await world.l1.nonce(BATCHER)
    for _ in range(20):
        await world.round()
    assert await world.l1.nonce(BATCHER) == spent


async def _takes_turns(world: World, killed: type[BaseException], moment: int, *, loses_pool: bool) -> None:
    first, second = world.disk, Disk(world.fuse)
    world.fuse.left = moment
    with pytest.raises(killed):
        await _lead(world)
    world.fuse.left = None
    if loses_pool:
        world.l1.pool.clear()
    take_over(world, second)
    await _lead(world)
    _assert_complete(world, at_most=2)
    take_over(world, first)
    await _lead(world)
    take_over(world, second)
    await _lead(world)
    _assert_complete(world, at_most=3)
    await _assert_quiet(world)


@pytest.mark.parametrize("loses_pool", [False, True])
async def test_a_leader_killed_at_any_moment_is_followed_without_gap_and_returns_without_harm(
    make_world: Any, killed: type[BaseException], loses_pool: bool
) -> None:
    world = make_world(window=1_000)
    await _lead(world)
    moments = world.fuse.moments
    assert moments > 40
    for moment in range(int(loses_pool), moments, STEP):
        await _takes_turns(make_world(window=1_000), killed, moment, loses_pool=loses_pool)


async def test_a_leader_that_was_paused_with_calldata_in_its_outbox_spends_no_nonce_on_it_twice(world: World) -> None:
    first, second = world.disk, Disk(world.fuse)
    world.l2.build(6, transactions=2)
    await world.round()  # derivation must first have read what L1 had
    world.l1.capacity = 0
    for _ in range(3):
        await world.round()
    assert world.l1.pool
    world.l1.pool.clear()
    world.l1.capacity = 100
    take_over(world, second)
    await world.settle()
    safe = world.l2.derived().safe
    assert safe == 6
    take_over(world, first)
    world.l2.build(3)
    await world.settle()
    _assert_complete(world, at_most=1)
    await _assert_quiet(world)
