"""Reader processes: state questions answered from a LevelDB of their own, so that no read ever delays a block.

LevelDB belongs to one process. A reader therefore keeps a copy under `<data dir>/readers/<i>`, is fed every write batch
of the main database in order, and answers on it at lower priority.

    pool.py      ReaderPool: what the node uses; picks a reader, or answers in this process where there is none
    reader.py    one reader seen from the node: start, level, feed, ask, kill, start again
    backlog.py   the recent batches, and whether they bring a copy level or a snapshot is needed
    process.py   the reader itself: `python -m node.readers.process`; methods.py: what it may be asked
    audit.py     what the auditor, one more reader, is asked: to execute a block again with the reference executor
    traces.py    transactions run again with tracers; from the first one on, the tracer, one more reader, answers these
    frames.py    length-prefixed messages on the pipes; wire.py: typed values and errors in them

What flows in: batches (`ChainDatabase.on_batch`), which wait in one bounded backlog, and questions, short ones before
long ones. Before a question is sent, every batch goes that was there when it was asked. That is the guarantee: one
asked after a commit is answered after the reader has applied that commit. A question that takes longer than its cap, or
that nobody waits for any more, costs the reader its life; questions behind it are asked again.

Start reading at `pool.py`.
"""

from node.readers.errors import QueryTimedOut, ReaderBug, ReaderCrashed, ReadersBusy
from node.readers.pool import QUERY_SECONDS, ReaderPool
from node.readers.reader import Reader

__all__ = ["QUERY_SECONDS", "QueryTimedOut", "Reader", "ReaderBug", "ReaderCrashed", "ReaderPool", "ReadersBusy"]
