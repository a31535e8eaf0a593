"""A process ends once, cleanly, and with the error that stopped it."""

import asyncio
import os
import signal

import pytest

from node.processes import run_until_signal
from state.execution.errors import ExecutionDivergence


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_and_lets_it_clean_up(number: signal.Signals) -> None:
    steps: list[str] = []

    async def main() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            steps.append("cleaned up")

    run_until_signal(main())
    assert steps == ["cleaned up"]


def test_a_second_signal_does_not_cut_the_clean_up_short() -> None:
    steps: list[str] = []

    async def main() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.05)
            steps.append("cleaned up")

    run_until_signal(main())
    assert steps == ["cleaned up"]


def test_what_stopped_a_task_group_is_what_the_process_ends_with() -> None:
    """An auditor's divergence stops every other task, and is the one line that the operator reads."""
    stopped: list[str] = []

    async def serve() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append("server")

    async def audit() -> None:
        await asyncio.sleep(0)
        raise ExecutionDivergence("executors disagree on a stored block of block 7; both results are in x")

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve())
            async with asyncio.TaskGroup() as inner:
                inner.create_task(audit())

    with pytest.raises(ExecutionDivergence, match="block 7"):
        run_until_signal(main())
    assert stopped == ["server"]
