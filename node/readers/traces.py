"""Traces in a reader: `state.queries` does the work, this brings the clock that ends it."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from state.queries import StateQueries, traces
from state.queries.storage_range import storage_range
from state.tracing import Budget

QUESTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "transaction": traces.trace_transaction,
    "block": traces.trace_block,
    "raw_block": traces.trace_raw_block,
    "call": traces.trace_call,
    "flat": traces.flat_traces,
    "flat_call": traces.flat_call,
    "flat_replay": traces.flat_replay,
    "storage_range": storage_range,
}


def ask_traces(
    queries: StateQueries, question: str, arguments: Mapping[str, Any], limit: int, seconds: float
) -> bytes | list[bytes]:
    """JSON: what the function of that name answers within `limit` bytes and `seconds`.

    Raises TraceTooLarge and TraceTimedOut, with which the reader goes on to the next question.
    """
    deadline = time.monotonic() + seconds
    budget = Budget(limit, lambda: time.monotonic() > deadline)
    answer: bytes | list[bytes] = QUESTIONS[question](queries, budget=budget, **arguments)
    return answer
