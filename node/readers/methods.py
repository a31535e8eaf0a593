"""What may be asked of a reader, by name; the parameters are those of the `StateQueries` method."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from node.readers.economy import ask_economy
from node.readers.logs import render_logs
from node.readers.pending import make_pending
from node.readers.traces import ask_traces
from state.queries import PendingRequest, StateQueries
from state.queries.address_history import address_transactions, block_of_nonce, first_block_with_code


def ask_about_pending(
    queries: StateQueries, request: PendingRequest, method: str, parameters: Mapping[str, Any]
) -> Any:
    """What a question answers whose block is pending; a reader that hasn't got the block makes it first."""
    queries.make_pending(request, lambda: True)
    return METHODS[method](queries, **parameters)


METHODS: Final[Mapping[str, Callable[..., Any]]] = {
    "account": StateQueries.account,
    "code": StateQueries.code,
    "storage": StateQueries.storage,
    "call": StateQueries.call,
    "estimate_gas": StateQueries.estimate_gas,
    "simulate": StateQueries.simulate,
    "access_list": StateQueries.access_list,
    "proof": StateQueries.proof,
    "search_logs": StateQueries.search_logs,
    "render_logs": render_logs,
    "first_block_with_code": first_block_with_code,
    "block_of_nonce": block_of_nonce,
    "address_transactions": address_transactions,
    "economy": ask_economy,
    "traces": ask_traces,
    "make_pending": make_pending,
    "ask_about_pending": ask_about_pending,
}
