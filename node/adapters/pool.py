"""PoolPort over the sequencer's own pool; a follower's way to it is in `forwarding.py`."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

import structlog

from node.recovery import FEWEST, SenderRecovery
from rollup.txpool import Admission, TxPool
from rpc.values import PoolCounts, PoolEntry
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32, Nonce, Wei
from state.transactions import RecoveredTransaction

log = structlog.get_logger("node.pool")


LOGGED_A_SECOND: Final = 20
"""Transactions with log lines of their own; a line costs more than admitting a transaction does."""
MOST_PREPARED: Final = 4_096


class LocalPool:
    """The pool of this process, on the event loop's thread."""

    def __init__(
        self, pool: TxPool, *, recovery: SenderRecovery | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Senders of whole batches are asked of `recovery`."""
        self._pool = pool
        self._recovery = recovery
        self._senders: dict[bytes, Address] = {}
        self._log = TransactionLog(clock)

    async def prepare(self, raws: Sequence[bytes]) -> None:
        """Find out the senders of what is about to be submitted, on another core."""
        if self._recovery is None or len(raws) < FEWEST:
            return
        self._senders |= await self._recovery.senders(raws)
        while len(self._senders) > MOST_PREPARED:  # of batches that were never submitted to their end
            del self._senders[next(iter(self._senders))]

    async def submit(self, raw: bytes) -> Hash32:
        """Admit; raises NodeError in geth's words."""
        is_logged = self._log.takes_one()
        if is_logged:
            log.info("rpc.received", transaction=keccak256(raw).hex(), size=len(raw))
        recovered, verdict = self._pool.add(raw, sender=self._senders.pop(raw, None))
        if is_logged:
            log.info("txpool.admitted", transaction=recovered.hash.hex(), verdict=verdict.value)
        return recovered.hash

    def pending_nonce(self, address: Address) -> Nonce | None:
        return Nonce(self._pool.pending_nonce(address))

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        return self._pool.transaction(transaction_hash)

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        return list(islice(self._pool.best_transactions(Wei(0)), limit))

    def content(self, sender: Address | None = None) -> Iterator[PoolEntry]:
        return pool_content(self._pool, sender)

    def counts(self) -> PoolCounts:
        return pool_counts(self._pool)


def pool_content(pool: TxPool, sender: Address | None) -> Iterator[PoolEntry]:
    """What the pool holds, of one sender or of all."""
    for transaction, verdict in pool.content(sender):
        yield PoolEntry(transaction=transaction, is_executable=verdict is Admission.EXECUTABLE)


def pool_counts(pool: TxPool) -> PoolCounts:
    """How many transactions the pool holds."""
    status = pool.status()
    return PoolCounts(executable=status.executable, queued=status.queued)


class TransactionLog:
    """Which transactions get log lines of their own: the first few of each second. Of the others it tells how many."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._second = clock()
        self._count = 0

    def takes_one(self) -> bool:
        """Whether the transaction that comes now is logged by itself."""
        now = self._clock()
        if now - self._second >= 1.0:
            if self._count > LOGGED_A_SECOND:
                log.info("txpool.busy", transactions=self._count, logged=LOGGED_A_SECOND)
            self._second, self._count = now, 0
        self._count += 1
        return self._count <= LOGGED_A_SECOND
