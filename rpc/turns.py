"""Long loops that let the event loop go on between their steps."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")


async def taking_turns(items: Iterable[T], *, every: int = 256) -> AsyncIterator[T]:
    """`items`, with other tasks run after each `every` of them."""
    for index, item in enumerate(items, start=1):
        yield item
        if index % every == 0:
            await asyncio.sleep(0)
