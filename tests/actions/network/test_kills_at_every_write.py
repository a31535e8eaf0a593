"""Processes die just before or just after a write to disk: no sealed block is lost, no range is posted twice."""

import random

import pytest

from tests.actions.network.world import Network


async def _live(network: Network, killed: type[BaseException], seconds: int) -> int:
    """Seconds of life under load; whoever dies is started again. Returns how often that was."""
    kills = 0
    for _ in range(seconds):
        try:
            await network.second(load=1)
        except killed:
            kills += 1
            network.kill_l1()
            sealed = network.sequencer.db.heads().unsafe
            network.kill_sequencer()
            assert network.sequencer.engine.unsafe_head.hash == sealed
    return kills


@pytest.mark.parametrize("seed", range(10))
async def test_random_kills_of_the_sequencer_lose_and_repeat_nothing(
    network: Network, killed: type[BaseException], seed: int
) -> None:
    chance = random.Random(seed)
    kills = 0
    for _ in range(8):
        network.sequencer.store.writes_left = chance.randrange(0, 60) / 2
        kills += await _live(network, killed, chance.randrange(4, 10))
    network.sequencer.store.writes_left = float("inf")
    await network.settle()
    assert kills >= 2
    network.assert_no_range_twice()


@pytest.mark.parametrize("seed", range(5))
async def test_random_kills_of_l1_lose_no_batch(network: Network, killed: type[BaseException], seed: int) -> None:
    chance = random.Random(seed)
    kills = 0
    for _ in range(6):
        network.l1_store.writes_left = chance.randrange(0, 6) / 2
        kills += await _live(network, killed, chance.randrange(6, 12))
    network.l1_store.writes_left = float("inf")
    await network.settle()
    assert kills >= 3
    network.assert_no_range_twice()
