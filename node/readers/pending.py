"""Making a pending block in a reader, within a time."""

import time

from state.database import BlockRecord
from state.queries import PendingRequest, StateQueries


def make_pending(queries: StateQueries, request: PendingRequest, seconds: float) -> tuple[BlockRecord, float]:
    """(the pending block, its delta left out; the seconds that it took), with what could be executed in `seconds`.

    Seconds of this thread's own work: what else runs on the machine makes a pending block neither smaller nor staler.
    """
    began = time.thread_time()
    record = queries.make_pending(request, lambda: time.thread_time() - began < seconds)
    return record, time.thread_time() - began
