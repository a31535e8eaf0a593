"""L1 reorgs and kills under load: transactions come back, the safe head follows, no range is posted twice."""

import random
from typing import Any

import pytest

from tests.actions.network.world import Network


@pytest.mark.parametrize("depth", range(1, 9))
async def test_user_transactions_survive_an_l1_reorg(network: Network, depth: int) -> None:
    await network.seconds(36, load=2)
    network.chain.reorg(depth)
    await network.seconds(10, load=2)
    await network.settle()
    assert network.follower.engine.safe_head.number > 40


async def test_reorg_after_reorg(network: Network) -> None:
    await network.seconds(30, load=1)
    for depth in (1, 3, 2, 5):
        network.chain.reorg(depth)
        await network.seconds(6, load=1)
    await network.settle(150)


async def test_sequencer_killed_every_few_seconds_posts_nothing_twice(network: Network) -> None:
    chance = random.Random(7)
    for _ in range(12):
        await network.seconds(chance.randrange(1, 7), load=1)
        sealed = network.sequencer.engine.unsafe_head
        network.kill_sequencer()
        assert network.sequencer.engine.unsafe_head == sealed
    await network.settle()
    network.assert_no_range_twice()


async def test_l1_killed_again_and_again_loses_no_batch(network: Network) -> None:
    for _ in range(6):
        await network.seconds(5, load=1)
        network.kill_l1()
    await network.settle()
    network.assert_no_range_twice()


async def test_batcher_account_is_not_emptied_by_an_l1_that_reorganises_all_the_time(network: Network) -> None:
    await network.seconds(27)
    for _ in range(12):
        network.chain.reorg(2)
        await network.seconds(3)
    await network.settle()
    assert len(network.spans()) < 45


async def test_silent_batcher_costs_the_unsafe_chain_but_not_the_node(make_network: Any) -> None:
    network = make_network(window=10)
    network.posting = False
    await network.seconds(60)
    await network.follower.derive()
    assert network.follower.engine.safe_head.number > 0, "the window closed: empty blocks were forced"
    network.posting = True
    await network.seconds(60, load=1)
    await network.settle(120)
