"""A follower's way to the sequencer's pool, and its memory of what went that way.

Until a block with it reaches the follower a wallet that is connected there still wants to see its transaction and count
on from its nonce, so what was forwarded is remembered: until a block uses the nonce up, a replacement takes its place,
the lifetime is over, or newer ones need the room. Meanwhile it is submitted again now and then, at growing intervals:
the sequencer that took it may have died with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import structlog

from node.adapters.routes import ALREADY_KNOWN, ForwardedRejection, Route, SequencerUnreachable
from rollup.txpool.pool import HeadState
from rpc.values import PoolCounts, PoolEntry
from state.errors import Blame, NodeError
from state.primitives.types import Address, Hash32, Nonce
from state.transactions import RecoveredTransaction, recover_transaction

log = structlog.get_logger("node.pool")

MAX_REMEMBERED: Final = 8_192
LIFETIME_SECONDS: Final = 3 * 3_600.0
"""As long as the sequencer's pool keeps what it can't include yet."""
RETRY_AFTER: Final = (0.2, 0.4, 0.8, 1.6, 3.2, 3.2)
"""Seconds before each further attempt when the sequencer is away, long enough for another one to take over; sending the
same transaction twice does no harm."""
FORWARD_SECONDS: Final = 12.0
"""For all attempts together: less than a JSON-RPC call may take."""
FIRST_AGAIN_SECONDS: Final = 5.0
LONGEST_AGAIN_SECONDS: Final = 120.0
MOST_AGAIN: Final = 32
"""Transactions that are submitted again in one round."""
ROUND_SECONDS: Final = 1.0
NONCE_USED: Final = "nonce too low"
"""The sequencer has a block with it, or with another of that nonce; this node will see."""


class NoPool(NodeError):
    """This node takes no transactions: it is a follower that was given no sequencer to forward to."""

    blame = Blame.OPERATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """A transaction that the sequencer took from us."""

    transaction: RecoveredTransaction
    at: float
    """Seconds on the clock that was handed in."""
    again_at: float
    """When it is submitted again unless a block has it by then."""


class ForwardingPool:
    """Hands transactions to the sequencer: an answer means that the sequencer has it. Lives on the event loop."""

    def __init__(
        self,
        route: Route | None,
        *,
        state: HeadState,
        clock: Callable[[], float],
        retry_after: Sequence[float] = RETRY_AFTER,
        max_remembered: int = MAX_REMEMBERED,
    ) -> None:
        """`route` None: nothing is forwarded, and every submission refused."""
        self._route = route
        self._state = state
        self._clock = clock
        self._retry_after = retry_after
        self._max_remembered = max_remembered
        self._by_hash: dict[Hash32, Forwarded] = {}
        self._by_sender: dict[Address, dict[int, Hash32]] = {}

    # Forwarding

    async def submit(self, raw: bytes) -> Hash32:
        """Forward. Raises DecodeError for what is no transaction, SequencerUnreachable, ForwardedRejection, NoPool."""
        recovered = recover_transaction(raw)
        if self._route is None:
            raise NoPool(
                "this follower forwards to no sequencer: start it with --sequencer-rpc or --p2p-port, "
                "or use the sequencer"
            )
        log.info("rpc.received", transaction=recovered.hash.hex(), size=len(raw))
        try:
            async with asyncio.timeout(FORWARD_SECONDS):
                await self._forward(self._route, raw)
        except TimeoutError:
            raise SequencerUnreachable(f"the sequencer did not answer within {FORWARD_SECONDS:g} s") from None
        self._remember(recovered)
        log.info("pool.forwarded", transaction=recovered.hash.hex())
        return recovered.hash

    async def _forward(self, route: Route, raw: bytes) -> None:
        reason = ""
        for attempt, pause in enumerate((0.0, *self._retry_after)):
            await asyncio.sleep(pause)
            try:
                return await route.submit(raw)
            except SequencerUnreachable as error:
                reason = str(error)
                log.warning("pool.sequencer_away", attempt=attempt + 1, reason=reason)
            except ForwardedRejection as error:
                if attempt and str(error).startswith((ALREADY_KNOWN, NONCE_USED)):
                    return  # after an answer that got lost: that is our own earlier attempt, in the pool or in a block
                raise
        raise SequencerUnreachable(f"the sequencer can't be reached: {reason}")

    # Submitting again

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Submit again, for ever, what no block has: a sequencer that died had it in its memory alone."""
        while True:
            await sleep(ROUND_SECONDS)
            await self.submit_again()

    async def submit_again(self) -> None:
        """One round: what is due, the oldest first; a transaction that the sequencer now refuses is forgotten."""
        now = self._clock()
        due = [one for one in self._by_hash.values() if one.again_at <= now][:MOST_AGAIN]
        for forwarded in due:
            if self._route is None or not await self._submitted_again(self._route, forwarded):
                return

    async def _submitted_again(self, route: Route, forwarded: Forwarded) -> bool:
        """False where the sequencer can't be reached: then the others can wait too."""
        transaction_hash = forwarded.transaction.hash
        try:
            await route.submit(forwarded.transaction.raw)
        except SequencerUnreachable:
            return False
        except ForwardedRejection as error:
            if not str(error).startswith((ALREADY_KNOWN, NONCE_USED)):
                log.warning("pool.refused_later", transaction=transaction_hash.hex(), reason=str(error))
                if transaction_hash in self._by_hash:
                    self._forget(transaction_hash)
                return True
        if transaction_hash in self._by_hash:  # else a block took it meanwhile
            now = self._clock()
            pause = min(max(2 * (now - forwarded.at), FIRST_AGAIN_SECONDS), LONGEST_AGAIN_SECONDS)
            self._by_hash[transaction_hash] = replace(forwarded, again_at=now + pause)
        return True

    def adopt(self, transactions: Iterable[RecoveredTransaction]) -> None:
        """Remember transactions of a pool that no longer builds blocks, to be submitted in the next round."""
        for transaction in transactions:
            if transaction.hash not in self._by_hash:
                self._remember(transaction, again_after=0.0)

    # Remembering

    def _remember(self, transaction: RecoveredTransaction, *, again_after: float = FIRST_AGAIN_SECONDS) -> None:
        self._forget_expired()
        by_nonce = self._by_sender.setdefault(transaction.sender, {})
        replaced = by_nonce.get(transaction.transaction.nonce)
        if replaced is not None:
            self._by_hash.pop(replaced, None)
        by_nonce[transaction.transaction.nonce] = transaction.hash
        now = self._clock()
        self._by_hash[transaction.hash] = Forwarded(transaction=transaction, at=now, again_at=now + again_after)
        while len(self._by_hash) > self._max_remembered:
            self._forget(next(iter(self._by_hash)))

    def _forget_expired(self) -> None:
        oldest = self._clock() - LIFETIME_SECONDS
        for transaction_hash, forwarded in list(islice(self._by_hash.items(), 64)):
            if forwarded.at < oldest:
                self._forget(transaction_hash)

    def _forget(self, transaction_hash: Hash32) -> None:
        transaction = self._by_hash.pop(transaction_hash).transaction
        by_nonce = self._by_sender[transaction.sender]
        del by_nonce[transaction.transaction.nonce]
        if not by_nonce:
            del self._by_sender[transaction.sender]

    def on_new_head(self, touched: Iterable[Address]) -> None:
        """The unsafe head moved: forget what the new nonces of `touched` senders have used up."""
        for address in set(touched) & self._by_sender.keys():
            used = self._head_nonce(address)
            for nonce, transaction_hash in list(self._by_sender[address].items()):
                if nonce < used:
                    self._forget(transaction_hash)

    def on_reorg(self, touched: Iterable[Address], dropped: Iterable[bytes]) -> int:
        """Nothing comes back here: the sequencer takes its own transactions in again, and we still have ours."""
        del dropped
        self.on_new_head(touched)
        return 0

    def __len__(self) -> int:
        return len(self._by_hash)

    # Reading

    def _head_nonce(self, address: Address) -> int:
        account = self._state.account(address)
        return 0 if account is None else account.nonce

    def pending_nonce(self, address: Address) -> Nonce | None:
        """The next nonce after the head's and what was forwarded without a gap after it."""
        nonce = self._head_nonce(address)
        forwarded = self._by_sender.get(address, {})
        while nonce in forwarded:
            nonce += 1
        return Nonce(nonce)

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        """What was forwarded, by hash."""
        found = self._by_hash.get(transaction_hash)
        return None if found is None or found.at < self._clock() - LIFETIME_SECONDS else found.transaction

    def content(self, sender: Address | None = None) -> Iterator[PoolEntry]:
        """What was forwarded, by sender and nonce; executable up to the first gap that this node knows of."""
        for address in list(self._by_sender) if sender is None else [sender]:
            pending = self.pending_nonce(address) or 0
            for nonce, transaction_hash in sorted(self._by_sender.get(address, {}).items()):
                transaction = self._by_hash[transaction_hash].transaction
                yield PoolEntry(transaction=transaction, is_executable=nonce < pending)

    def counts(self) -> PoolCounts:
        """How many were forwarded and are in no block yet."""
        executable = sum(entry.is_executable for entry in self.content())
        return PoolCounts(executable=executable, queued=len(self._by_hash) - executable)

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        """What was forwarded without a gap before it, by sender and nonce; the sequencer may have better ones."""
        return [entry.transaction for entry in islice((one for one in self.content() if one.is_executable), limit)]
