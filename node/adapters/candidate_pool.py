"""The pool of a sequencer candidate: its own while it leads, the leader's while it does not.

What changes hands with the leadership: a new leader takes over what it forwarded, and one that stopped leading forwards
what it holds. Both are safe to repeat, for a nonce is used once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

import structlog

from node.adapters.forwarding import ForwardingPool
from node.adapters.pool import LocalPool
from rollup.txpool import TxPool
from rpc.values import PoolCounts, PoolEntry
from state.errors import NodeError
from state.primitives.types import Address, Hash32, Nonce
from state.transactions import RecoveredTransaction

log = structlog.get_logger("node.pool")

ROUND_SECONDS: Final = 1.0
MOST_HANDED_OVER: Final = 1_024
"""Transactions in one round."""


class CandidatePool:
    """PoolPort and HeadObserver. Lives on the event loop."""

    def __init__(self, *, own: LocalPool, pool: TxPool, forwarding: ForwardingPool, leads: Callable[[], bool]) -> None:
        """`own` is the port of `pool`."""
        self._own = own
        self._pool = pool
        self._forwarding = forwarding
        self._leads = leads

    async def prepare(self, raws: Sequence[bytes]) -> None:
        """As LocalPool's; what is forwarded needs no preparation."""
        if self._leads():
            await self._own.prepare(raws)

    async def submit(self, raw: bytes) -> Hash32:
        """The leader's pool has it. Raises NodeError in the words of whoever leads."""
        return await (self._own.submit(raw) if self._leads() else self._forwarding.submit(raw))

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Hand over what the other side should have, for ever."""
        while True:
            await sleep(ROUND_SECONDS)
            self.hand_over()

    def hand_over(self) -> None:
        """One round: to the own pool while this candidate leads, to the leader's while another does."""
        if not self._leads():
            transactions = (entry.transaction for entry in self._own.content())
            self._forwarding.adopt(islice(transactions, MOST_HANDED_OVER))
            return
        for entry in list(islice(self._forwarding.content(), MOST_HANDED_OVER)):
            if self._pool.transaction(entry.transaction.hash) is not None:
                continue
            try:
                self._pool.add(entry.transaction.raw, sender=entry.transaction.sender)
            except NodeError as error:
                log.debug("pool.not_taken_over", transaction=entry.transaction.hash.hex(), reason=str(error))

    # Reading: what either side knows

    def pending_nonce(self, address: Address) -> Nonce | None:
        """The higher of the two."""
        nonces = (self._own.pending_nonce(address), self._forwarding.pending_nonce(address))
        return max((nonce for nonce in nonces if nonce is not None), default=None)

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        return self._own.transaction(transaction_hash) or self._forwarding.transaction(transaction_hash)

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        return self._own.executable(limit) if self._leads() else self._forwarding.executable(limit)

    def content(self, sender: Address | None = None) -> Iterator[PoolEntry]:
        seen: set[Hash32] = set()
        for entry in chain(self._own.content(sender), self._forwarding.content(sender)):
            if entry.transaction.hash not in seen:
                seen.add(entry.transaction.hash)
                yield entry

    def counts(self) -> PoolCounts:
        return self._own.counts() if self._leads() else self._forwarding.counts()

    # The head

    def on_new_head(self, touched: Iterable[Address]) -> None:
        senders = list(touched)
        self._pool.on_new_head(senders)
        self._forwarding.on_new_head(senders)

    def on_reorg(self, touched: Iterable[Address], dropped: Iterable[bytes]) -> int:
        senders = list(touched)
        self._forwarding.on_reorg(senders, ())
        return self._pool.on_reorg(senders, dropped)
