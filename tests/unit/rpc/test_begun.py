"""Coroutines whose first step is made at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from rpc.begun import Begun


async def immediate(value: int) -> int:
    return value


async def waiting(steps: list[str], event: asyncio.Event) -> str:
    steps.append("begun")
    await event.wait()
    await asyncio.sleep(0)
    await asyncio.get_running_loop().run_in_executor(None, steps.append, "thread")
    steps.append("over")
    return "result"


async def failing(waits: bool) -> None:
    if waits:
        await asyncio.sleep(0)
    raise LookupError("as it is")


async def test_what_waits_for_nothing_is_over_at_once() -> None:
    begun = Begun(immediate(7))
    assert begun.is_over
    assert begun.result == 7


async def test_what_waits_goes_on_when_it_is_awaited() -> None:
    steps: list[str] = []
    event = asyncio.Event()
    begun = Begun(waiting(steps, event))
    assert (begun.is_over, steps) == (False, ["begun"])
    asyncio.get_running_loop().call_later(0.01, event.set)
    assert await begun == "result"
    assert steps == ["begun", "thread", "over"]


@pytest.mark.parametrize("waits", [False, True])
async def test_errors_are_those_of_the_coroutine(waits: bool) -> None:
    with pytest.raises(LookupError, match="as it is"):
        await Begun(failing(waits))


async def test_a_deadline_ends_it_and_it_hears_of_that() -> None:
    heard: list[str] = []

    async def listening() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            heard.append("cancelled")
            await asyncio.sleep(0)  # it may still wait, as any coroutine may
            heard.append("tidied")
            raise

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await Begun(listening())
    assert heard == ["cancelled", "tidied"]


async def test_it_may_refuse_to_be_cancelled() -> None:
    async def stubborn() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "stays"
        return "never"

    async def outer() -> str:
        return await Begun(stubborn())

    task = asyncio.create_task(outer())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "stays"


@pytest.mark.parametrize("nested", [1, 5])
async def test_begun_within_begun(nested: int) -> None:
    async def around(inner: Coroutine[Any, Any, int]) -> int:
        return await Begun(inner)

    async def core() -> int:
        await asyncio.sleep(0.001)
        return 3

    coroutine: Coroutine[Any, Any, int] = core()
    for _ in range(nested):
        coroutine = around(coroutine)
    assert await asyncio.wait_for(coroutine, 5) == 3
