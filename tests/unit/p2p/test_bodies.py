"""Blocks in order out of answers that come as they like, in bounded memory."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from p2p.asking import Asking
from p2p.bodies import WINDOW, Bodies
from p2p.errors import NoPeerLeft
from state.blocks import Block
from state.primitives.types import Hash32
from tests.unit.p2p.networks import branch

BLOCKS = branch(700)
HASHES = [made.header.hash for made in BLOCKS]


class Shuffled(Asking):
    """Answers late, in any order, and with fewer blocks than asked for."""

    def __init__(self, blocks: Sequence[Block], seed: int) -> None:
        self.blocks_there = blocks
        self.random = random.Random(seed)
        self.under_way = 0
        self.most_under_way = 0
        self.given: list[int] = []

    async def blocks(self, first: int, hashes: Sequence[Hash32]) -> list[Block]:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        for _ in range(self.random.randrange(20)):
            await asyncio.sleep(0)
        self.under_way -= 1
        count = self.random.randint(1, len(hashes))
        self.given += range(first, first + count)
        return list(self.blocks_there[first : first + count])


def hash_at(number: int) -> Hash32 | None:
    return HASHES[number] if number < len(HASHES) else None


@pytest.mark.parametrize("seed", range(5))
async def test_blocks_come_in_order_and_each_is_asked_for_once(seed: int) -> None:
    asking = Shuffled(BLOCKS, seed)
    found = []
    async with Bodies(asking, first=3, hash_at=hash_at) as bodies:
        while (made := await bodies.next()) is not None:
            found.append(made)
    assert found == BLOCKS[3:]
    assert sorted(asking.given) == list(range(3, 700))
    assert asking.most_under_way == 4
    assert bodies.most_held <= WINDOW


async def test_what_is_here_is_not_asked_for() -> None:
    here = {HASHES[number]: BLOCKS[number] for number in range(0, 700, 3)}
    asking = Shuffled(BLOCKS, 1)
    async with Bodies(asking, first=0, hash_at=hash_at, have=here.get) as bodies:
        found = [await bodies.next() for _ in range(700)]
    assert found == BLOCKS
    assert not any(number % 3 == 0 for number in asking.given)


async def test_what_was_here_and_is_forgotten_is_asked_for() -> None:
    here = {HASHES[number]: BLOCKS[number] for number in range(700)}
    async with Bodies(Shuffled(BLOCKS, 1), first=0, hash_at=hash_at, have=here.get) as bodies:
        assert await bodies.next() == BLOCKS[0]
        here.clear()
        assert [await bodies.next() for _ in range(699)] == BLOCKS[1:]


async def test_bytes_are_bounded_and_the_block_that_is_due_comes_all_the_same() -> None:
    large = branch(100, size=100_000)
    hashes = [made.header.hash for made in large]
    asking = Shuffled(large, 3)
    async with Bodies(
        asking, first=0, hash_at=lambda number: hashes[number] if number < 100 else None, most_bytes=300_000
    ) as bodies:
        for _ in range(1_000):
            await asyncio.sleep(0)
        held = len(bodies._held)
        assert held < 100
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert len(bodies._held) == held
        assert [await bodies.next() for _ in large] == large
        assert await bodies.next() is None


async def test_a_failure_is_told_to_who_waits_and_nothing_stays_under_way() -> None:
    class Failing(Shuffled):
        async def blocks(self, first: int, hashes: Sequence[Hash32]) -> list[Block]:
            if first >= 10:
                raise NoPeerLeft("nobody")
            return BLOCKS[first:10]

    found = []

    async def take_all(bodies: Bodies) -> None:
        async with bodies:
            while (made := await bodies.next()) is not None:
                found.append(made)

    bodies = Bodies(Failing(BLOCKS, 1), first=0, hash_at=hash_at)
    with pytest.raises(NoPeerLeft, match="nobody"):
        await take_all(bodies)
    assert found == BLOCKS[:10]
    assert all(worker.done() for worker in bodies._workers)
