"""One reader process seen from the node: started, brought level, fed, asked, and started again when it dies.

Questions stand in two rows, short ones and long ones; batches stay in the backlog, and before each question all that
are there go first. What was taken off a row and not answered when the process dies is asked again. A process that works
for nobody any more, or for too long, is ended; one that falls further behind than batches are kept gets a snapshot.
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

from node.readers.backlog import Backlog, BatchForgotten, snapshot_chunks
from node.readers.errors import FrameError, QueryTimedOut, ReaderBug, ReaderCrashed, ReadersBusy
from node.readers.frames import encode_frame, receive_frame
from node.readers.wire import unpack, unpack_error
from state.database import ChainDatabase
from state.execution.port import ChainRules

MAX_WAITING: Final = 1_024
"""Questions that one reader has before it, asked or not."""
MAX_WAITING_BYTES: Final = 64 << 20
"""Of their parameters: a question may be megabytes long."""
ABANDONED_SECONDS: Final = 3.0
"""How long a process may go on with a question after whoever asked has left; then it is ended, and its work with it."""
WINDOW: Final = 32
"""Questions in the pipe at once; a dying reader loses at most these, and they are asked again."""
LONG_WINDOW: Final = 2
"""Of which so many may take long: what is in the pipe can't be overtaken, and short ones shall overtake long ones."""
SHORT_METHODS: Final = frozenset(("account", "code", "storage", "proof"))
"""A few look-ups each."""
MAX_ATTEMPTS: Final = 2
PATIENCE_SECONDS: Final = 12.0
"""A question that is older when its turn comes is not begun: JSON-RPC waits for 15 s, and it would be worked on for
nobody."""
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

    @property
    def is_short(self) -> bool:
        return self.method in SHORT_METHODS


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
        self._short: deque[Question] = deque()
        self._long: deque[Question] = deque()
        self._wake = asyncio.Event()
        self._taken: dict[int, Question] = {}
        self._working_on: Question | None = None
        self._patience: asyncio.Timeout | None = None
        """Of the answer that is being waited for."""
        self._level = 0
        """The sequence number of the last batch that the process was sent."""
        self._asked = 0
        self._failures = 0
        self._stopped = False
        self.waiting = 0
        self.waiting_bytes = 0
        """Of the parameters of questions that are waiting."""
        self.answered_at = time.monotonic()
        """When the process last showed life: an answer, or its start."""
        self.restarts = 0
        """Since start; the first process is none."""
        self.process_id: int | None = None
        """Of the process that serves now; None between two."""

    @property
    def name(self) -> str:
        """For people and metrics."""
        return self._path.name

    @property
    def behind(self) -> int:
        """Batches that the process was not sent yet."""
        return max(0, self._backlog.newest - self._level)

    def feed(self) -> None:
        """There is a new batch in the backlog. Any thread."""
        if not self._stopped:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def ask(self, method: str, parameters: bytes) -> Any:
        """The answer to a question, or its error. Raises ReadersBusy, QueryTimedOut, ReaderCrashed, ReaderBug."""
        if self._stopped:
            raise ReaderCrashed("the reader has stopped")
        if self.waiting >= MAX_WAITING or (self.waiting and self.waiting_bytes + len(parameters) > MAX_WAITING_BYTES):
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
        self.waiting_bytes += len(parameters)
        try:
            self._row_of(question).append(question)
            self._wake.set()
            return await question.answer
        finally:
            self.waiting -= 1
            self.waiting_bytes -= len(parameters)
            self._hurry(question)

    def _row_of(self, question: Question) -> deque[Question]:
        return self._short if question.is_short else self._long

    def _hurry(self, question: Question) -> None:
        """Nobody waits for `question` any more: a process that is still at it gets a moment, no more."""
        if question is self._working_on and self._patience is not None and not self._patience.expired():
            self._patience.reschedule(self._loop.time() + ABANDONED_SECONDS)

    async def run(self) -> None:
        """Keeps a process serving until this is cancelled; then stops it and fails what is waiting."""
        try:
            while True:
                await self._serve_once()
                self._ask_again()
                self.restarts += 1
                self._failures += 1
                if self._failures >= FAILURES_UNTIL_REFUSING:
                    self._refuse_waiting("reader processes keep dying: see the log")
                await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, 0.05 * 2 ** min(self._failures, 10)))
        except Exception as error:
            _log.error("readers.failed", reader=self._index, reason=str(error))
            raise
        finally:
            self._stopped = True
            self._long.extend(self._taken.values())
            self._refuse_waiting("the reader has stopped")

    def _refuse_waiting(self, reason: str) -> None:
        for question in (*self._short, *self._long):
            if not question.answer.done():
                question.answer.set_exception(ReaderCrashed(reason))
        self._short.clear()
        self._long.clear()

    def _ask_again(self) -> None:
        """Puts back what the dead process had taken, but not what has now killed a process twice."""
        for question in sorted(self._taken.values(), key=lambda taken: taken.number, reverse=True):
            if question is self._working_on:
                question.attempts += 1
            if question.attempts < MAX_ATTEMPTS:
                self._row_of(question).appendleft(question)
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
            self.answered_at = time.monotonic()
            _log.debug("readers.ready", reader=self._index, pid=process.pid)
            await self._until_gone(process)
        except (_ReaderGone, BatchForgotten, FrameError, ConnectionError, TimeoutError) as error:
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
        is_copy = genesis in (None, self._db.canonical_hash(0))
        if is_copy and self._backlog.holds_all_after(sequence):
            self._level = sequence
        else:
            await self._send_snapshot(process)

    async def _send_snapshot(self, process: Process) -> None:
        _log.info("readers.copying", reader=self._index)
        with self._backlog.copying():
            self._level = self._backlog.newest  # the snapshot has at least that; what it has beyond is skipped there
            await _send(process, "snapshot")
            chunks = snapshot_chunks(self._db.store)
            while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                await _send(process, "chunk", chunk)
            await _send(process, "level")
            await self._send_batches(process)

    async def _send_batches(self, process: Process) -> None:
        """All that the backlog has beyond what the process was sent. Raises BatchForgotten."""
        while (batch := self._backlog.after(self._level)) is not None:
            self._level += 1
            await _send(process, "batch", batch)

    async def _until_gone(self, process: Process) -> None:
        tasks = [asyncio.create_task(self._write(process)), asyncio.create_task(self._read(process))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        errors = [result for result in results if isinstance(result, Exception)]
        if errors:
            raise errors[0]

    async def _write(self, process: Process) -> None:
        """Sends what was committed before a question was asked (the backlog has it by now), then the question."""
        while True:
            self._wake.clear()
            await self._send_batches(process)
            while (question := self._next()) is not None:
                self._taken[question.number] = question
                await self._send_batches(process)
                await _send(process, "ask", question.number, question.expires_at, question.method, question.parameters)
            await self._wake.wait()

    def _next(self) -> Question | None:
        """The next question that the pipe has room for, off its row: short ones before long ones."""
        long_ones = sum(not question.is_short for question in self._taken.values())
        rows = [self._short, self._long] if long_ones < LONG_WINDOW else [self._short]
        for row in rows:
            while row and len(self._taken) < WINDOW:
                question = row.popleft()
                if not question.answer.done():
                    return question
        return None

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        while True:
            try:
                async with asyncio.timeout(self._seconds_left()) as self._patience:
                    message = await receive_frame(process.stdout)
            except TimeoutError:
                self._give_up_on_current()
            finally:
                self._patience = None
            if message is None:
                raise _ReaderGone("the process ended")
            if message[0] == "started":
                self._working_on = self._taken.get(message[1])
            else:
                self._failures = 0
                self._working_on = None
                self.answered_at = time.monotonic()
                self._wake.set()
                _settle(self._taken.pop(message[1]), message[0], message[2])

    def _seconds_left(self) -> float | None:
        """What the process has for what it works on; None where it has nothing to do."""
        question = self._working_on
        if question is None:
            return None
        return ABANDONED_SECONDS if question.answer.done() else self._cap_seconds

    def _give_up_on_current(self) -> None:
        question = self._working_on
        self._working_on = None
        self._failures = 0  # it worked, if on the wrong thing: that is no reason to make the others wait
        if question is None or question.answer.done():
            raise _ReaderGone("nobody waits for its answer any more")
        self._taken.pop(question.number, None)
        question.answer.set_exception(
            QueryTimedOut(f"execution aborted (timeout = {self._cap_seconds:g}s) in {question.method}")
        )
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
