"""ReaderPool: where the node takes state questions."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from node.readers.backlog import Backlog
from node.readers.errors import FrameError, QueryTimedOut, ReaderCrashed
from node.readers.methods import METHODS
from node.readers.reader import Reader
from node.readers.wire import pack
from state.database import ChainDatabase, WriteBatch, schema
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.primitives.types import Hash32
from state.queries import StateQueries

DEFAULT_CAP_SECONDS: Final = 5.0
QUERY_SECONDS: Final = 12.0
"""What a node gives a question: readers run at low priority, and an estimate runs a call several times."""
THREADS: Final = 4
"""Questions at once where there is no reader and this process answers."""
AUDIT_SECONDS: Final = 120.0
"""What the reference executor gets for one block. A full one takes it some ten seconds; batches wait in memory."""
FEED_POLL_SECONDS: Final = 0.001
TRACING: Final = "traces"
"""The method that has a reader of its own."""


class ReaderPool:
    """Reader processes over one chain database; with `count` 0 this process answers, from tries only, in threads.

        pool = ReaderPool(db, data_dir, rules)
        await pool.start()
        outcome = await pool.query("call", {"block_hash": head, "message": message})

    Methods and parameters are those of `StateQueries`: account, code, storage, call, estimate_gas, proof, search_logs.
    """

    def __init__(
        self,
        db: ChainDatabase,
        data_dir: Path,
        rules: ChainRules,
        *,
        count: int = 1,
        cap_seconds: float = DEFAULT_CAP_SECONDS,
        auditor: bool = False,
    ) -> None:
        """`auditor`: one more process, for `audit` alone, so that an audit never delays a question."""
        self._db = db
        self._directory = data_dir / "readers"
        self._rules = rules
        self._count = count
        self._cap_seconds = cap_seconds
        self._wants_auditor = auditor
        self._auditor: Reader | None = None
        self._tracer: Reader | None = None
        self._readers: list[Reader] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._local = StateQueries(db, FastExecutor(), rules, trust_flat=False)
        self._threads = asyncio.Semaphore(THREADS)
        self._fed = db.sequence
        self._backlog: Backlog | None = None
        self._closed = False

    async def start(self) -> None:
        """Starts the readers and listens to the database's batches. Questions may come at once; they wait."""
        if not self._count and not self._wants_auditor:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        self._backlog = backlog = Backlog(self._db.sequence)
        self._fed = self._db.sequence
        self._readers = [
            Reader(index, self._directory / str(index), self._db, backlog, self._rules, self._cap_seconds)
            for index in range(self._count)
        ]
        if self._wants_auditor:
            path = self._directory / "audit"
            self._auditor = Reader(self._count, path, self._db, backlog, self._rules, AUDIT_SECONDS)
        self._db.on_batch = self.feed
        self._tasks = [asyncio.create_task(reader.run(), name=f"reader-{i}") for i, reader in enumerate(self._fed_ones)]

    @property
    def _fed_ones(self) -> list[Reader]:
        apart = (self._auditor, self._tracer)
        return self._readers + [reader for reader in apart if reader is not None]

    def feed(self, batch: WriteBatch) -> None:
        """Hands a batch that was just written to every reader. Called on the writing thread, in order."""
        if self._closed or self._backlog is None:
            return
        encoded = batch.encode()
        sequence = int.from_bytes(batch.operations[schema.SEQUENCE_KEY] or b"", "big")
        self._backlog.add(sequence, encoded)
        for reader in self._fed_ones:
            reader.feed()
        self._fed = sequence

    async def _everything_visible_is_fed(self) -> None:
        """Waits while the database shows a batch that `feed` has not put in the rows yet.

        The writing thread writes first and feeds then; a question about the block that became visible in between
        would overtake it. The sequence is in each batch, so it is visible as soon as anything of the batch is.
        """
        visible = int.from_bytes(self._db.store.get(schema.SEQUENCE_KEY) or b"", "big")
        while self._fed < visible and not self._closed:  # noqa: ASYNC110 - set on another thread, within milliseconds
            await asyncio.sleep(FEED_POLL_SECONDS)

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Those that are fed, auditor and tracer among them: for metrics."""
        return tuple(self._fed_ones)

    @property
    def serving(self) -> tuple[Reader, ...]:
        """Those that answer questions."""
        return tuple(self._readers)

    @property
    def backlog_bytes(self) -> int:
        """What is kept of write batches for readers that lag."""
        return 0 if self._backlog is None else self._backlog.bytes_held

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the readers that serve now."""
        return tuple(reader.process_id for reader in self._fed_ones if reader.process_id is not None)

    async def query(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """What the `StateQueries` method of that name returns, or raises, after everything committed until now.

        Also raises QueryTimedOut, ReadersBusy, ReaderCrashed.
        """
        if method not in METHODS:
            raise FrameError(f"readers know no method {method}")
        if self._closed:
            raise ReaderCrashed("the node is stopping")
        if not self._readers:
            return await self._answer_here(method, parameters)
        await self._everything_visible_is_fed()
        tracer = self._tracing_reader() if method == TRACING else None
        reader = tracer or min(self._readers, key=lambda candidate: candidate.waiting)
        return await reader.ask(method, pack(parameters))

    def _tracing_reader(self) -> Reader | None:
        """One more process, begun with the first trace: each takes seconds, and nothing else shall wait behind it.

        None while it doesn't serve yet, or not just now.
        """
        if self._tracer is None and self._backlog is not None:
            path, place = self._directory / "traces", self._count + 1
            self._tracer = Reader(place, path, self._db, self._backlog, self._rules, self._cap_seconds)
            self._tasks.append(asyncio.create_task(self._tracer.run(), name="reader-traces"))
        return None if self._tracer is None or self._tracer.process_id is None else self._tracer

    async def audit(self, block_hash: Hash32, evidence: Path) -> None:
        """The reference executor runs a block again in the auditor's process.

        Raises ExecutionDivergence, both results then being under `evidence`; also QueryTimedOut, ReaderCrashed.
        """
        if self._auditor is None or self._closed:
            raise ReaderCrashed("there is no auditor")
        await self._everything_visible_is_fed()
        await self._auditor.ask("audit", pack({"block_hash": block_hash, "evidence": str(evidence)}))

    async def _answer_here(self, method: str, parameters: Mapping[str, Any]) -> Any:
        async with self._threads:
            try:
                async with asyncio.timeout(self._cap_seconds):
                    return await asyncio.to_thread(METHODS[method], self._local, **parameters)
            except TimeoutError:
                # The thread runs on until its gas is used up; only a reader process can be stopped.
                raise QueryTimedOut(f"execution aborted (timeout = {self._cap_seconds:g}s) in {method}") from None

    async def close(self) -> None:
        """Stops the readers; questions that wait end in ReaderCrashed. Closing twice is fine."""
        self._closed = True
        if self._tasks:
            self._db.on_batch = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
