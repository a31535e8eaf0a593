"""Accidents of every kind in random order: in the end all nodes have one chain and no transaction is lost."""

import random
from collections.abc import Awaitable, Callable

import pytest

from rollup.errors import L1Unavailable
from tests.actions.chain.world import NOBODY, OPERATOR, World


class _Accidents:
    """One seed's life of a network."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.deposits = 0

    async def happen(self) -> None:
        """One accident, or a quiet second."""
        acts: list[Callable[[], Awaitable[None]]] = [
            self.reorg,
            self.restart_follower,
            self.stop_follower_midway,
            self.kill_sequencer,
            self.outage,
            self.silence,
            self.deposit,
            self.configure,
        ]
        await self.chance.choice(acts)()
        for _ in range(self.chance.randrange(1, 8)):
            await self.world.second(load=self.chance.randrange(3))

    async def reorg(self) -> None:
        chain = self.world.chain
        head = chain.db.require_header(chain.db.flat_head()).number
        final = chain.db.require_header(chain.db.heads().finalized).number
        if head > final:
            chain.reorg(self.chance.randrange(1, head - final + 1))

    async def restart_follower(self) -> None:
        self.world.restart_follower()
        await self._tolerant(self.world.follower.derive)

    async def stop_follower_midway(self) -> None:
        async def some_steps() -> None:
            await self.world.follower.driver.poll()
            for _ in range(self.chance.randrange(40)):
                await self.world.follower.driver.advance()

        await self._tolerant(some_steps)
        self.world.restart_follower()

    async def kill_sequencer(self) -> None:
        self.world.kill_sequencer()

    async def outage(self) -> None:
        self.world.l1.away = True
        await self.world.seconds(self.chance.randrange(1, 6), load=1)
        self.world.l1.away = False

    async def silence(self) -> None:
        self.world.posting = False
        await self.world.seconds(self.chance.randrange(1, 50), load=self.chance.randrange(2))
        self.world.posting = True

    async def deposit(self) -> None:
        self.world.deposit(OPERATOR, NOBODY, mint=1, value=1)
        self.deposits += 1

    async def configure(self) -> None:
        self.world.configure("setGasLimit(uint64)", self.chance.randrange(5_000_000, 30_000_000))

    async def _tolerant(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except L1Unavailable:
            assert self.world.l1.away


@pytest.mark.parametrize("seed", range(4))
async def test_accidents_of_all_kinds_lose_nothing_and_end_in_one_chain(
    make_world: Callable[..., World], seed: int
) -> None:
    await _live_through(make_world(window=12, l1_confirmations=seed % 3), seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1_000, 1_300))
async def test_many_more_accidents(make_world: Callable[..., World], seed: int) -> None:
    await _live_through(make_world(window=8 + seed % 9, l1_confirmations=seed % 3), seed)


async def _live_through(world: World, seed: int) -> None:
    accidents = _Accidents(world, seed)
    for _ in range(20):
        await accidents.happen()
    await world.seconds(30)  # so that the last deposit's L1 block is some block's origin ...
    world.transfer()  # ... in a block that `settle` waits for
    await world.settle(200)
    world.assert_agreement()
    fresh = world.new_follower()
    await fresh.derive()
    assert world.safe_hashes(fresh) == world.safe_hashes(world.follower)
    amounts = [one.value for deposits in world.user_deposits().values() for one in deposits]
    assert sum(amounts) == accidents.deposits, "each deposit exactly once"
