"""Making a pending block in a reader, within a time."""

import time

from state.database import BlockRecord
from state.queries import PendingRequest, StateQueries


def make_pending(queries: StateQueries, request: PendingRequest, seconds: float) -> BlockRecord:
    """The pending block, its delta left out, with the transactions for which `seconds` sufficed."""
    deadline = time.monotonic() + seconds
    return queries.make_pending(request, lambda: time.monotonic() < deadline)
