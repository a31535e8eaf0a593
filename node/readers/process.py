"""The reader itself: `python -m node.readers.process`, spoken to on stdin and stdout (see frames.py).

One thread, one row of messages: batches are applied and questions answered in the order in which they came. It ends
when its stdin does, so that it never outlives the node, and a timer ends it should a question never end.
"""

import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from node.readers.errors import QueryTimedOut
from node.readers.frames import encode_frame, read_frame
from node.readers.methods import METHODS
from node.readers.wire import pack, pack_error, unpack
from state.database import ChainDatabase, DatabaseCorrupt, LevelDBStore, SchemaMismatch, WriteBatch, schema
from state.errors import NodeError
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.queries import StateQueries

NICENESS: Final = 10
"""Once it answers. Before that everybody waits for it: nice from its first instruction, a process that takes another's
place took half a minute of a busy machine to import."""
ORPHAN_GRACE_SECONDS: Final = 5.0
"""How long after its cap a question that nobody stopped stops itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSettings:
    """What the node says first."""

    path: Path
    rules: ChainRules
    cap_seconds: float


class ReaderProcess:
    """A copy of the chain database and the row of messages that it lives by."""

    def __init__(self, settings: ReaderSettings, output: BinaryIO) -> None:
        self._settings = settings
        self._output = output
        self._snapshot_tail: WriteBatch | None = None
        self._open()

    def _open(self) -> None:
        try:
            self._db = ChainDatabase(LevelDBStore(self._settings.path))
        except (DatabaseCorrupt, SchemaMismatch) as error:
            # It is a copy: it is thrown away aloud and made anew, which the main database never is.
            print(f"reader database is made anew: {error}", file=sys.stderr)
            shutil.rmtree(self._settings.path)
            self._db = ChainDatabase(LevelDBStore(self._settings.path))
        self._queries = StateQueries(self._db, FastExecutor(), self._settings.rules)

    def serve(self, stream: BinaryIO) -> None:
        """Handles messages until the stream ends."""
        handlers: dict[str, Callable[..., None]] = {
            "batch": self._apply,
            "snapshot": self._begin_snapshot,
            "chunk": self._take_chunk,
            "level": self._finish_snapshot,
            "ask": self._answer,
        }
        self._send("ready", self._db.sequence, self._db.canonical_hash(0))
        while (message := read_frame(stream)) is not None:
            handlers[message[0]](*message[1:])
        self._db.close()

    def _send(self, *message: Any) -> None:
        self._output.write(encode_frame(message))
        self._output.flush()

    def _apply(self, encoded: bytes) -> None:
        batch = WriteBatch.decode(encoded)
        sequence = int.from_bytes(batch.operations[schema.SEQUENCE_KEY] or b"", "big")
        # A batch may be both in the snapshot (or the backlog) and behind it in the row.
        if sequence > self._db.sequence:
            self._db.apply_batch(batch)

    def _begin_snapshot(self) -> None:
        self._db.close()
        shutil.rmtree(self._settings.path)
        self._open()
        self._snapshot_tail = WriteBatch()

    def _take_chunk(self, encoded: bytes) -> None:
        batch = WriteBatch.decode(encoded)
        # The sequence goes in last: until then this database says that it is empty, whatever happens.
        sequence = batch.operations.pop(schema.SEQUENCE_KEY, None)
        if sequence is not None and self._snapshot_tail is not None:
            self._snapshot_tail.put(schema.SEQUENCE_KEY, sequence)
        self._db.store.write(batch, sync=False)

    def _finish_snapshot(self) -> None:
        if self._snapshot_tail is not None:
            self._db.store.write(self._snapshot_tail, sync=True)
        self._snapshot_tail = None
        self._db.close()
        self._open()

    def _answer(self, number: int, expires_at: float, method: str, parameters: bytes) -> None:
        if time.monotonic() > expires_at:  # whoever asked has gone, or will hear of it now
            waited = QueryTimedOut(f"{method} waited too long for its turn")
            self._send("error", number, pack_error(waited))
            return
        self._send("started", number)
        signal.setitimer(signal.ITIMER_REAL, self._settings.cap_seconds + ORPHAN_GRACE_SECONDS)
        try:
            answer = pack(self._run(method, unpack(parameters)))
        except NodeError as error:
            self._send("error", number, pack_error(error))
        except Exception:
            self._send("bug", number, traceback.format_exc())
        else:
            self._send("answer", number, answer)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _run(self, method: str, parameters: dict[str, Any]) -> Any:
        if method == "audit":
            from node.readers.audit import audit  # noqa: PLC0415 - other readers load no more than they need

            evidence = Path(parameters["evidence"])
            return audit(self._db, self._settings.rules, parameters["block_hash"], evidence)
        return METHODS[method](self._queries, **parameters)


def main() -> None:
    """Runs a reader until its stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    # Whatever prints must not land between two messages.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    hello = read_frame(sys.stdin.buffer)
    if hello is None:
        return
    _, path, chain_id, is_optimism, cap_milliseconds = hello
    settings = ReaderSettings(
        path=Path(path),
        rules=ChainRules(chain_id=chain_id, is_optimism=is_optimism),
        cap_seconds=cap_milliseconds / 1000,
    )
    try:
        ReaderProcess(settings, output).serve(sys.stdin.buffer)
    except BrokenPipeError:
        os._exit(0)  # the node is gone, and with it whoever could want an answer


if __name__ == "__main__":
    main()
