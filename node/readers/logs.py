"""Log searches in a reader, answered as finished JSON: the node's event loop only passes the bytes on.

A search may find tens of thousands of logs; made into objects, sent over the pipe and made into JSON on the event loop
they would hold blocks up for a second.
"""

from collections.abc import Sequence

import orjson

from rpc.values import LocatedLog
from rpc.views.receipts import log_json
from state.database import LogEntry, TooManyLogs
from state.primitives.types import Address, Hash32
from state.queries import StateQueries


def render_logs(
    queries: StateQueries,
    from_block: int,
    to_block: int,
    addresses: Sequence[Address],
    topics: Sequence[Sequence[Hash32] | None],
    limit: int,
    max_bytes: int,
) -> bytes:
    """The JSON array that eth_getLogs answers. Raises TooManyLogs beyond `limit` logs or `max_bytes` of them."""
    db, size = queries.database, 0
    rendered: list[bytes] = []
    for entry in db.iterate_logs(from_block, to_block, addresses, topics):
        if len(rendered) == limit:
            raise TooManyLogs(f"query returned more than {limit} results; narrow the range or the filter")
        rendered.append(orjson.dumps(log_json(_log_view(entry), db.require_header(entry.block_hash).timestamp)))
        size += len(rendered[-1])
        if size > max_bytes:
            raise TooManyLogs(f"query returned more than {max_bytes} bytes; narrow the range or the filter")
    return b"[" + b",".join(rendered) + b"]"


def _log_view(entry: LogEntry) -> LocatedLog:
    return LocatedLog(
        log=entry.log,
        block_hash=entry.block_hash,
        block_number=entry.block_number,
        transaction_hash=entry.transaction_hash,
        transaction_index=entry.transaction_index,
        log_index=entry.log_index,
    )
