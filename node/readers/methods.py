"""What may be asked of a reader, by name; the parameters are those of the `StateQueries` method."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from node.readers.economy import ask_economy
from node.readers.traces import ask_traces
from state.queries import StateQueries

METHODS: Final[Mapping[str, Callable[..., Any]]] = {
    "account": StateQueries.account,
    "code": StateQueries.code,
    "storage": StateQueries.storage,
    "call": StateQueries.call,
    "estimate_gas": StateQueries.estimate_gas,
    "proof": StateQueries.proof,
    "search_logs": StateQueries.search_logs,
    "economy": ask_economy,
    "traces": ask_traces,
}
