"""PendingPort over the pool and the readers: the next block, executed ahead off the sequencing path."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from node.adapters.chain import block_view, receipts_view
from node.readers import QueryTimedOut, ReaderCrashed, ReaderPool, ReadersBusy
from rpc.ports import PoolPort
from rpc.values import PendingBlock
from state.database import BlockRecord, ChainDatabase, UnknownBlock
from state.primitives.types import Hash32, UnixSeconds
from state.queries import PendingRequest

MAX_TRANSACTIONS: Final = 1_000
MAX_SECONDS: Final = 1.0
"""Of executing transactions ahead, in a reader's own time; those after that are left out."""
ALWAYS_FRESH_SECONDS: Final = 0.02
"""A pending block that took no longer is made anew for every question that finds the pool changed."""
REST_FACTOR: Final = 8
"""One that took longer is good for this many times as long, so that readers and event loop have time for others."""

log = structlog.get_logger("node.pending")


_Mark = tuple[Hash32, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The newest pending block."""

    wanted: PendingRequest
    """What it was made of: all that the pool chose."""
    mark: _Mark | None
    """While head and arrivals are these, there is nothing new to choose from."""
    request: PendingRequest
    """That makes the very same block again."""
    block: PendingBlock
    at: float
    seconds: float
    """That a reader worked on it."""


class PendingView:
    """The pending block, kept until head or pool change, and questions to readers that may be about it."""

    def __init__(
        self,
        db: ChainDatabase,
        pool: PoolPort,
        readers: ReaderPool,
        *,
        block_time: int,
        arrivals: Callable[[], int] | None = None,
        wishes: Callable[[PendingRequest], PendingRequest] = lambda request: request,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`arrivals`: a number that moves whenever the pool takes something in; without it the pool is asked each time
        for all that it would give a block. `wishes`: what the next block's producer changes in it, on a sandbox."""
        self._db = db
        self._pool = pool
        self._readers = readers
        self._block_time = block_time
        self._arrivals = arrivals
        self._wishes = wishes
        self._clock = clock
        self._lock = asyncio.Lock()
        self._made: _Made | None = None
        self._older: dict[Hash32, PendingRequest] = {}
        self._too_slow_on: Hash32 | None = None
        """The head on which the pool's choice took a reader too long: nothing is executed ahead until it has moved."""

    async def block(self) -> PendingBlock:
        """The next block of what the pool has now. One is made at a time; who waits gets the newest."""
        async with self._lock:
            made, mark = self._made, self._mark()
            if made is not None and mark is not None and made.mark == mark:
                return made.block
            wanted = self._wanted()
            if made is None or not self._is_good(made, wanted):
                made = self._made = await self._make(wanted, mark)
                self._older[made.block.block.hash] = made.request
                while len(self._older) > 2:
                    del self._older[next(iter(self._older))]
            return made.block

    async def query(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """`ReaderPool.query`; a reader that doesn't have the pending block which the question names makes it first."""
        try:
            return await self._readers.query(method, parameters)
        except UnknownBlock:
            request = self._older.get(parameters.get("block_hash", b""))
            if request is None:
                raise
        question = {"request": request, "method": method, "parameters": parameters}
        return await self._readers.query("ask_about_pending", question)

    def _mark(self) -> _Mark | None:
        return None if self._arrivals is None else (self._db.heads().unsafe, self._arrivals())

    def _is_good(self, made: _Made, wanted: PendingRequest) -> bool:
        if made.wanted == wanted:
            return True
        is_fresh_enough = self._clock() - made.at < REST_FACTOR * made.seconds
        return wanted.parent_hash == made.wanted.parent_hash and made.seconds > ALWAYS_FRESH_SECONDS and is_fresh_enough

    def _wanted(self) -> PendingRequest:
        head = self._db.heads().unsafe
        header = self._db.require_header(head)
        chosen = () if head == self._too_slow_on else self._pool.executable(MAX_TRANSACTIONS)
        request = PendingRequest(
            parent_hash=head,
            timestamp=UnixSeconds(header.timestamp + self._block_time),
            fee_recipient=header.fee_recipient,
            prev_randao=header.prev_randao,
            gas_limit=header.gas_limit,
            extra_data=header.extra_data,
            parent_beacon_block_root=header.parent_beacon_block_root,
            transactions=tuple(transaction.raw for transaction in chosen),
            senders=tuple(transaction.sender for transaction in chosen),
        )
        return self._wishes(request)

    async def _make(self, wanted: PendingRequest, mark: _Mark | None) -> _Made:
        try:
            record, seconds = await self._record(wanted)
        except (QueryTimedOut, ReadersBusy, ReaderCrashed) as error:
            log.warning("pending.too_slow", transactions=len(wanted.transactions), reason=str(error))
            self._too_slow_on = wanted.parent_hash
            wanted = replace(wanted, transactions=(), senders=())
            record, seconds = await self._record(wanted)
        return _Made(
            wanted=wanted,
            mark=mark,
            request=replace(wanted, transactions=record.transactions, senders=record.senders),
            block=PendingBlock(block=block_view(record), receipts=receipts_view(record)),
            at=self._clock(),
            seconds=seconds,
        )

    async def _record(self, wanted: PendingRequest) -> tuple[BlockRecord, float]:
        question = {"request": wanted, "seconds": MAX_SECONDS}
        made: tuple[BlockRecord, float] = await self._readers.query("make_pending", question)
        return made
