"""SenderRecovery: the recovering process seen from the node."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from node.readers.errors import FrameError
from node.readers.frames import encode_frame, receive_frame
from state.primitives.types import Address

log = structlog.get_logger("node.recovery")

FEWEST: Final = 8
"""Transactions that are worth asking for."""
MOST_WAITING: Final = 64
"""Batches under way; what comes then is recovered by whoever asks."""
ANSWER_SECONDS: Final = 5.0
_ROOT: Final = Path(__file__).resolve().parents[2]


class SenderRecovery:
    """One process, started with the first question. Belongs to one event loop."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._serving: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[Sequence[bytes]]] = deque()
        self._closed = False

    @property
    def process_id(self) -> int | None:
        """Of the process that answers now."""
        return None if self._process is None else self._process.pid

    async def senders(self, raws: Sequence[bytes]) -> dict[bytes, Address]:
        """Raw transaction -> sender, of as many as could be found out; nothing while the process isn't there."""
        if self._serving is None and not self._closed:
            self._serving = asyncio.create_task(self._serve(), name="recovery")
        process = self._process
        if process is None or process.stdin is None or len(self._waiting) >= MOST_WAITING:
            return {}
        answer: asyncio.Future[Sequence[bytes]] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        process.stdin.write(encode_frame(("recover", list(raws))))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                found = await answer
        except TimeoutError:
            log.warning("recovery.slow", transactions=len(raws))
            return {}
        return {raw: Address(sender) for raw, sender in zip(raws, found, strict=False) if sender}

    async def _serve(self) -> None:
        """One life of the process; its end leaves the node recovering by itself until the next question."""
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_ROOT), environment.get("PYTHONPATH"))))
        process: Process | None = None
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "node.recovery.process", stdin=PIPE, stdout=PIPE, env=environment
            )
            self._process = process
            await self._read_answers(process)
            log.warning("recovery.ended", pid=process.pid)
        except (OSError, FrameError) as error:
            log.warning("recovery.ended", reason=str(error))
        finally:
            self._process = self._serving = None
            while self._waiting:
                _settle(self._waiting.popleft(), ())
            if process is not None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _read_answers(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        while (message := await receive_frame(process.stdout)) is not None:
            _settle(self._waiting.popleft(), message[1])

    async def close(self) -> None:
        """Ends the process. Questions that wait are answered with nothing."""
        self._closed = True
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)


def _settle(answer: asyncio.Future[Sequence[bytes]], found: Sequence[bytes]) -> None:
    if not answer.done():  # whoever asked is gone
        answer.set_result(found)
