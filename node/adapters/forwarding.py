"""A follower's way to the sequencer's pool, and its memory of what went that way.

The sequencer's blocks reach a follower through L1, minutes later. Until then a wallet that is connected to the follower
still wants to see its transaction and count on from its nonce, so what was forwarded is remembered: until a block uses
the nonce up, a replacement takes its place, the lifetime is over, or newer ones need the room.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import httpx
import structlog

from rollup.txpool.pool import HeadState
from rpc.trace_context import outgoing_headers
from rpc.values import PoolCounts, PoolEntry
from state.errors import Blame, NodeError, Severity
from state.primitives.types import Address, Hash32, Nonce
from state.transactions import RecoveredTransaction, recover_transaction

log = structlog.get_logger("node.pool")

MAX_REMEMBERED: Final = 8_192
LIFETIME_SECONDS: Final = 3 * 3_600.0
"""As long as the sequencer's pool keeps what it can't include yet."""
RETRY_AFTER: Final = (0.2, 0.8, 2.0)
"""Seconds before each further attempt when the sequencer is away; sending the same transaction twice does no harm."""
FORWARD_SECONDS: Final = 12.0
"""For all attempts together: less than a JSON-RPC call may take."""
_ALREADY_KNOWN: Final = "already known"
_BUSY_CODES: Final = frozenset((-32005, -32603))
_BUSY_STATUS: Final = frozenset((429, 502, 503, 504))


class SequencerUnreachable(NodeError):
    """The sequencer that this follower forwards to did not answer; whether it has the transaction is unknown."""

    severity = Severity.TEMPORARY
    blame = Blame.UPSTREAM


class ForwardedRejection(NodeError):
    """The sequencer refused the transaction; its words are passed on."""

    blame = Blame.USER


class NoPool(NodeError):
    """This node takes no transactions: it is a follower that was given no sequencer to forward to."""

    blame = Blame.OPERATOR


class _Away(Exception):
    """The sequencer can't be reached or is too busy just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """A transaction that the sequencer took from us."""

    transaction: RecoveredTransaction
    at: float
    """Seconds on the clock that was handed in."""


class ForwardingPool:
    """Hands transactions to the sequencer: an answer means that the sequencer has it. Lives on the event loop."""

    def __init__(
        self,
        sequencer_rpc: str | None,
        client: httpx.AsyncClient,
        *,
        state: HeadState,
        clock: Callable[[], float],
        retry_after: Sequence[float] = RETRY_AFTER,
        max_remembered: int = MAX_REMEMBERED,
    ) -> None:
        self._url = sequencer_rpc
        self._client = client
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
        if self._url is None:
            raise NoPool("this follower forwards to no sequencer: start it with --sequencer-rpc, or use the sequencer")
        log.info("rpc.received", transaction=recovered.hash.hex(), size=len(raw))
        try:
            async with asyncio.timeout(FORWARD_SECONDS):
                await self._forward(self._url, raw)
        except TimeoutError:
            raise SequencerUnreachable(f"the sequencer did not answer within {FORWARD_SECONDS:g} s") from None
        self._remember(recovered)
        log.info("pool.forwarded", transaction=recovered.hash.hex())
        return recovered.hash

    async def _forward(self, url: str, raw: bytes) -> None:
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["0x" + raw.hex()]}
        reason = ""
        for attempt, pause in enumerate((0.0, *self._retry_after)):
            await asyncio.sleep(pause)
            try:
                answer = await self._ask(url, request)
            except _Away as error:
                reason = str(error)
                log.warning("pool.sequencer_away", attempt=attempt + 1, reason=reason)
                continue
            if "result" in answer or (attempt and _message(answer).startswith(_ALREADY_KNOWN)):
                return  # known to it after an answer that got lost: that is our own earlier attempt
            raise ForwardedRejection(_message(answer))
        raise SequencerUnreachable(f"the sequencer can't be reached: {reason}")

    async def _ask(self, url: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            response = await self._client.post(url, json=request, headers=outgoing_headers())
            if response.status_code in _BUSY_STATUS:
                raise _Away(f"HTTP {response.status_code}")
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _Away(type(error).__name__) from error
        if not isinstance(answer, dict):
            raise _Away("no JSON-RPC answer")
        problem = answer.get("error")
        if isinstance(problem, dict) and problem.get("code") in _BUSY_CODES:
            raise _Away(_message(answer))
        return answer

    # Remembering

    def _remember(self, transaction: RecoveredTransaction) -> None:
        self._forget_expired()
        by_nonce = self._by_sender.setdefault(transaction.sender, {})
        replaced = by_nonce.get(transaction.transaction.nonce)
        if replaced is not None:
            self._by_hash.pop(replaced, None)
        by_nonce[transaction.transaction.nonce] = transaction.hash
        self._by_hash[transaction.hash] = Forwarded(transaction=transaction, at=self._clock())
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


def _message(answer: dict[str, Any]) -> str:
    problem = answer.get("error")
    return str(problem.get("message", "refused")) if isinstance(problem, dict) else "refused by the sequencer"
