"""A queue bounded by count and bytes."""

import asyncio

from p2p.sized_queue import SizedQueue
from tests.unit.p2p.transport.peering import SECONDS


async def test_gives_back_in_order() -> None:
    queue: SizedQueue[str] = SizedQueue(most=3, most_bytes=100)
    assert all(queue.offer(item, 1) for item in "abc")
    assert [await queue.get() for _ in range(3)] == ["a", "b", "c"]
    assert queue.bytes == 0


async def test_refuses_what_is_too_much() -> None:
    queue: SizedQueue[str] = SizedQueue(most=2, most_bytes=100)
    assert queue.offer("a", 60)
    assert not queue.offer("b", 41)
    assert queue.offer("c", 40)
    assert not queue.offer("d", 0)
    assert (len(queue), queue.bytes) == (2, 100)


async def test_takes_one_large_item_when_empty() -> None:
    queue: SizedQueue[str] = SizedQueue(most=2, most_bytes=100)
    assert queue.offer("a", 1_000)
    assert not queue.offer("b", 0)


async def test_who_waits_for_room_gets_it_and_who_waits_for_items_too() -> None:
    queue: SizedQueue[int] = SizedQueue(most=1, most_bytes=100)

    async def put() -> None:
        for number in range(50):
            await queue.put(number, 1)

    async with asyncio.timeout(SECONDS):
        putting = asyncio.create_task(put())
        assert [await queue.get() for _ in range(50)] == list(range(50))
        await putting
