"""L1 reorgs, L2 reorgs, expired channels, dropped batches: all becomes safe in the end, and no money is burnt."""

from typing import Any

import pytest

from tests.actions.batcher.world import World


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("lost", [True, False])
async def test_resubmits_what_an_l1_reorg_dropped(world: World, depth: int, lost: bool) -> None:
    for _ in range(10):
        world.l2.build(4, transactions=2)
        await world.round()
    world.l1.reorg(depth, lose_transactions=lost)
    await world.settle()
    world.assert_each_block_posted_once()


async def test_survives_a_reorg_deeper_than_what_it_remembers(make_world: Any) -> None:
    world = make_world(depth=4)
    for _ in range(3):
        world.l2.build(4)
        await world.round()
    for _ in range(8):
        await world.round()
    assert world.outbox() == []
    world.l2.build(4)
    await world.round()
    world.l1.reorg(12)
    world.l2.build(4)
    await world.settle()
    assert world.l2.derived().safe == len(world.l2.chain) - 1


async def test_reposts_the_new_chain_after_an_l2_reorg(world: World) -> None:
    world.l2.build(10)
    world.l1.capacity = 0
    await world.round()
    await world.round()
    world.l2.reorg(6)
    world.l2.build(10)
    world.l1.capacity = 100
    await world.settle()
    assert world.l2.derived().safe == 15


async def test_cancels_what_is_stale_instead_of_posting_it(world: World) -> None:
    world.l1.capacity = 0
    world.l2.build(10, transactions=2)
    await world.round()
    await world.round()
    world.l2.reorg(1)
    await world.round()
    world.l1.capacity = 100
    await world.settle(20)
    assert world.l1.calldata() == []
    assert sum(len(block.transactions) for block in world.l1.chain) >= 3, "the nonces were freed"


async def test_rebuilds_a_channel_that_timed_out(world: World) -> None:
    world.l2.build(12, transactions=3)
    world.l1.capacity = 1
    await world.round()
    await world.round()
    world.l1.capacity = 0
    for _ in range(world.rollup.channel_timeout + 2):
        await world.round()
    world.l1.capacity = 100
    await world.settle(80)
    assert world.l2.derived().safe == 12
    valid = [span for span in world.l2.derived().ranges if span[0] == 1]
    assert len(valid) == 1, "the torn channel gave nothing, the new one everything, once"


async def test_never_posts_again_what_is_safe_when_a_later_batch_was_dropped(world: World) -> None:
    world.l2.build(4)
    await world.settle()

    def drop_once(first: int) -> bool:
        return first == 5 and len(world.l2.l1.calldata()) <= 2

    world.l2.drops = drop_once
    world.l2.build(4)
    await world.settle()
    firsts = [first for first, _ in world.l2.derived().ranges]
    assert firsts.count(1) == 1
    assert 5 in firsts


async def test_posts_ever_more_rarely_what_derivation_keeps_dropping(world: World) -> None:
    world.l2.drops = lambda _first: True
    world.l2.build(3)
    for _ in range(36):
        await world.round()
    channels = {data[1:17] for _, data in world.l1.calldata()}
    assert 3 <= len(channels) <= 4, "pauses of 2, 4, 8 and 16 L1 blocks"


async def test_does_not_pay_for_blocks_whose_sequencing_window_has_closed(world: World) -> None:
    world.l1.mine(2)
    world.l2.build(3)
    world.l1.mine(world.rollup.seq_window_size + 5)
    for _ in range(5):
        await world.round()
    assert world.l1.calldata() == []


async def test_posts_in_time_when_the_window_is_about_to_close(make_world: Any) -> None:
    world = make_world(max_channel_duration=1_000)
    world.l2.build(3)
    for _ in range(world.rollup.seq_window_size):
        await world.round()
    assert world.l2.derived().safe == 3
