"""One reader process seen from the node: started, brought level, fed, asked, and started again when it dies.

Batches and questions stand in one row. What was taken off the row and not answered when the process dies is asked
again; batches need not be, since a new process is brought level from the backlog first.
"""

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from node.readers.backlog import Backlog, snapshot_chunks
from node.readers.errors import FrameError, QueryTimedOut, ReaderBug, ReaderCrashed, ReadersBusy
from node.readers.frames import encode_frame, receive_frame
from node.readers.wire import unpack, unpack_error
from state.database import ChainDatabase
from state.execution.port import ChainRules

MAX_WAITING: Final = 1_024
"""Questions that one reader has before it, asked or not."""
WINDOW: Final = 32
"""Questions in the pipe at once; a dying reader loses at most these, and they are asked again."""
MAX_ATTEMPTS: Final = 2
PATIENCE_SECONDS: Final = 15.0
"""How long JSON-RPC waits for an answer; a question that is older when its turn comes would be worked on for nobody."""
READY_SECONDS: Final = 120.0
"""LevelDB may have a log to replay."""
FAILURES_UNTIL_REFUSING: Final = 5
"""Processes in a row that died before any answer; questions are then refused instead of kept waiting."""
LONGEST_PAUSE_SECONDS: Final = 5.0

_ROOT: Final = Path(__file__).parents[2]
_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class Question:
    """A question on its way."""

    number: int
    method: str
    parameters: bytes
    answer: asyncio.Future[Any]
    expires_at: float
    """On the monotonic clock, which this machine's processes share: a reader that comes to it later skips it."""
    attempts: int = 0


class _ReaderGone(Exception):
    """The process is to be replaced."""


class Reader:
    """The row of one reader, and the processes that work it off one after the other."""

    def __init__(
        self, index: int, path: Path, db: ChainDatabase, backlog: Backlog, rules: ChainRules, cap_seconds: float
    ) -> None:
        self._index = index
        self._path = path
        self._db = db
        self._backlog = backlog
        self._rules = rules
        self._cap_seconds = cap_seconds
        self._loop = asyncio.get_running_loop()
        self._row: deque[bytes | Question] = deque()
        self._wake = asyncio.Event()
        self._taken: dict[int, Question] = {}
        self._working_on: Question | None = None
        self._asked = 0
        self._failures = 0
        self._stopped = False
        self.waiting = 0
        self.process_id: int | None = None
        """Of the process that serves now; None between two."""

    def feed(self, batch: bytes) -> None:
        """Puts an encoded batch, already in the backlog, at the end of the row. Any thread."""
        if self._stopped:
            return
        self._row.append(batch)
        self._loop.call_soon_threadsafe(self._wake.set)

    async def ask(self, method: str, parameters: bytes) -> Any:
        """The answer to a question, or its error. Raises ReadersBusy, QueryTimedOut, ReaderCrashed, ReaderBug."""
        if self._stopped:
            raise ReaderCrashed("the reader has stopped")
        if self.waiting >= MAX_WAITING:
            raise ReadersBusy(f"too many state questions at once: {self.waiting} are waiting")
        self._asked += 1
        question = Question(
            number=self._asked,
            method=method,
            parameters=parameters,
            answer=self._loop.create_future(),
            expires_at=time.monotonic() + max(PATIENCE_SECONDS, self._cap_seconds),
        )
        self.waiting += 1
        try:
            self._row.append(question)
            self._wake.set()
            return await question.answer
        finally:
            self.waiting -= 1

    async def run(self) -> None:
        """Keeps a process serving until this is cancelled; then stops it and fails what is waiting."""
        try:
            while True:
                await self._serve_once()
                self._ask_again()
                self._failures += 1
                if self._failures >= FAILURES_UNTIL_REFUSING:
                    self._refuse_waiting("reader processes keep dying: see the log")
                await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, 0.05 * 2 ** min(self._failures, 10)))
        except Exception as error:
            _log.error("readers.failed", reader=self._index, reason=str(error))
            raise
        finally:
            self._stopped = True
            self._row.extend(self._taken.values())
            self._refuse_waiting("the reader has stopped")

    def _refuse_waiting(self, reason: str) -> None:
        for item in list(self._row):
            if isinstance(item, Question) and not item.answer.done():
                item.answer.set_exception(ReaderCrashed(reason))

    def _ask_again(self) -> None:
        """Puts back what the dead process had taken, but not what has now killed a process twice."""
        for question in sorted(self._taken.values(), key=lambda taken: taken.number, reverse=True):
            if question is self._working_on:
                question.attempts += 1
            if question.attempts < MAX_ATTEMPTS:
                self._row.appendleft(question)
            elif not question.answer.done():
                question.answer.set_exception(ReaderCrashed(f"reader process ended during {question.method}, twice"))
        self._taken.clear()
        self._working_on = None

    # --- one process -----------------------------------------------------------------------------------------

    async def _serve_once(self) -> None:
        """Starts a process and works the row off with it until it ends or has to be ended."""
        try:
            process = await self._spawn()
        except OSError as error:
            _log.warning("readers.restarting", reader=self._index, reason=str(error))
            return
        try:
            await self._bring_level(process)
            self.process_id = process.pid
            _log.debug("readers.ready", reader=self._index, pid=process.pid)
            await self._until_gone(process)
        except (_ReaderGone, FrameError, ConnectionError, TimeoutError) as error:
            _log.warning("readers.restarting", reader=self._index, pid=process.pid, reason=str(error))
        finally:
            self.process_id = None
            await _stop(process)

    async def _spawn(self) -> Process:
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_ROOT), environment.get("PYTHONPATH"))))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "node.readers.process", stdin=PIPE, stdout=PIPE, env=environment
        )

    async def _bring_level(self, process: Process) -> None:
        settings = (str(self._path), self._rules.chain_id, self._rules.is_optimism, int(self._cap_seconds * 1000))
        await _send(process, "open", *settings)
        assert process.stdout is not None  # noqa: S101 - it was asked for
        async with asyncio.timeout(READY_SECONDS):
            ready = await receive_frame(process.stdout)
        if ready is None or ready[0] != "ready":
            raise _ReaderGone("the process ended before it was ready")
        _, sequence, genesis = ready
        self._drop_batches()
        missing = self._backlog.since(sequence) if genesis in (None, self._db.canonical_hash(0)) else None
        if missing is None:
            await self._send_snapshot(process)
            return
        for batch in missing:
            await _send(process, "batch", batch)

    def _drop_batches(self) -> None:
        """Takes batches out of the row: all of them are in the backlog, or in the snapshot."""
        for _ in range(len(self._row)):
            item = self._row.popleft()
            if isinstance(item, Question):
                self._row.append(item)

    async def _send_snapshot(self, process: Process) -> None:
        _log.info("readers.copying", reader=self._index)
        await _send(process, "snapshot")
        chunks = snapshot_chunks(self._db.store)
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            await _send(process, "chunk", chunk)
        await _send(process, "level")

    async def _until_gone(self, process: Process) -> None:
        window = asyncio.Semaphore(WINDOW)
        tasks = [asyncio.create_task(self._write(process, window)), asyncio.create_task(self._read(process, window))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        errors = [result for result in results if isinstance(result, Exception)]
        if errors:
            raise errors[0]

    async def _write(self, process: Process, window: asyncio.Semaphore) -> None:
        while True:
            self._wake.clear()
            while self._row:
                await self._write_next(process, window, self._row.popleft())
            await self._wake.wait()

    async def _write_next(self, process: Process, window: asyncio.Semaphore, item: bytes | Question) -> None:
        if isinstance(item, bytes):
            await _send(process, "batch", item)
        elif not item.answer.done():
            self._taken[item.number] = item
            await window.acquire()
            await _send(process, "ask", item.number, item.expires_at, item.method, item.parameters)

    async def _read(self, process: Process, window: asyncio.Semaphore) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        while True:
            try:
                async with asyncio.timeout(None if self._working_on is None else self._cap_seconds):
                    message = await receive_frame(process.stdout)
            except TimeoutError:
                self._give_up_on_current()
            if message is None:
                raise _ReaderGone("the process ended")
            if message[0] == "started":
                self._working_on = self._taken.get(message[1])
            else:
                self._failures = 0
                self._working_on = None
                window.release()
                _settle(self._taken.pop(message[1]), message[0], message[2])

    def _give_up_on_current(self) -> None:
        question = self._working_on
        if question is not None:
            self._taken.pop(question.number, None)
            if not question.answer.done():
                question.answer.set_exception(
                    QueryTimedOut(f"execution aborted (timeout = {self._cap_seconds:g}s) in {question.method}")
                )
        self._working_on = None
        raise _ReaderGone("a question took too long")


def _settle(question: Question, kind: str, payload: Any) -> None:
    if question.answer.done():  # whoever asked is gone
        return
    if kind == "answer":
        question.answer.set_result(unpack(payload))
    elif kind == "error":
        question.answer.set_exception(unpack_error(payload))
    else:
        question.answer.set_exception(ReaderBug(f"{question.method} failed in a reader:\n{payload}"))


async def _send(process: Process, *message: Any) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    process.stdin.write(encode_frame(message))
    await process.stdin.drain()


async def _stop(process: Process) -> None:
    """Ends the process by force: it may be deep in a question, and its database is made for that."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
