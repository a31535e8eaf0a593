"""The pool itself: admission, promotion, replacement, eviction, and what the sequencer takes."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from rollup.txpool.account import AccountTransactions, PooledTransaction
from rollup.txpool.errors import (
    AccountLimitExceeded,
    AlreadyKnown,
    DelegationLimitExceeded,
    ExceedsBlockGasLimit,
    OversizedData,
    ReplacementUnderpriced,
    TransactionUnderpriced,
)
from rollup.txpool.eviction import make_room
from rollup.txpool.journal import Journal
from rollup.txpool.limits import PoolLimits
from state.errors import NodeError
from state.execution.errors import InsufficientFunds, NonceTooLow
from state.execution.port import ChainRules
from state.execution.validation import is_delegation, maximum_cost, validate_sender_code, validate_stateless
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import Address, Hash32, Wei
from state.transactions import RecoveredTransaction, recover_transaction, with_known_sender
from state.world.types import EMPTY_ACCOUNT, Account

_MAX_DISCARDED: Final = 1_024


class Admission(Enum):
    """The verdict on a transaction that was taken in."""

    EXECUTABLE = "executable"
    QUEUED = "queued"


class HeadState(Protocol):
    """The state of the unsafe head, as far as admission asks."""

    def account(self, address: Address) -> Account | None:
        """None where there is no such account."""

    def code(self, code_hash: Hash32) -> bytes:
        """By hash."""

    def block_gas_limit(self) -> int:
        """Of the unsafe head."""

    def op_fees(self, transaction: RecoveredTransaction) -> Wei:
        """L1 fee and operator fee on the gas limit, in wei; 0 on L1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStatus:
    """Counts."""

    executable: int
    queued: int


class TxPool:
    """See the package's docstring."""

    def __init__(
        self,
        *,
        rules: ChainRules,
        state: HeadState,
        clock: Callable[[], float],
        limits: PoolLimits | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.limits = limits or PoolLimits()
        self._rules = rules
        self._state = state
        self._clock = clock
        self._journal = journal
        self._accounts: dict[Address, AccountTransactions] = {}
        self._by_hash: dict[Hash32, PooledTransaction] = {}
        self._arrivals = 0
        self._listeners: list[Callable[[RecoveredTransaction], None]] = []
        self._discarded: dict[Hash32, str] = {}

    # In

    def add(self, raw: bytes, *, sender: Address | None = None) -> tuple[RecoveredTransaction, Admission]:
        """Admit raw EIP-2718 bytes; `sender` is who signed them, where that was found out already.

        Raises DecodeError or InvalidTransaction with geth's texts.
        """
        if len(raw) > self.limits.max_transaction_bytes:
            raise OversizedData(
                f"oversized data: transaction size {len(raw)}, limit {self.limits.max_transaction_bytes}"
            )
        transaction = recover_transaction(raw) if sender is None else with_known_sender(raw, sender)
        return transaction, self.admit(transaction)

    def admit(self, transaction: RecoveredTransaction) -> Admission:
        """Admit a recovered transaction. Raises InvalidTransaction with geth's texts, nothing changed."""
        if transaction.hash in self._by_hash:
            raise AlreadyKnown("already known")
        self._check_alone(transaction)
        account = self._account(transaction.sender)
        pooled = self._check_in_state(transaction, account)
        self._check_limits(pooled, account)
        evicted = make_room(pooled, account, self._accounts, len(self._by_hash), self.limits)
        for victim in evicted:
            self._drop(victim)
        self._insert(pooled, self._account(transaction.sender))
        if self._journal is not None:
            self._journal.append(transaction.raw)
        executable = self._accounts[transaction.sender].is_executable(pooled.nonce)
        for listener in self._listeners:
            listener(transaction)
        return Admission.EXECUTABLE if executable else Admission.QUEUED

    def _check_alone(self, transaction: RecoveredTransaction) -> None:
        signed = transaction.transaction
        gas_limit = self._state.block_gas_limit()
        if signed.gas_limit > gas_limit:
            raise ExceedsBlockGasLimit(f"exceeds block gas limit: tx gas {signed.gas_limit}, limit {gas_limit}")
        validate_stateless(transaction, self._rules)
        if signed.max_priority_fee_per_gas < self.limits.min_tip:
            raise TransactionUnderpriced(
                f"transaction underpriced: gas tip cap {signed.max_priority_fee_per_gas}, "
                f"minimum needed {self.limits.min_tip}"
            )

    def _account(self, address: Address) -> AccountTransactions:
        account = self._accounts.get(address)
        if account is None:
            state = self._state.account(address) or EMPTY_ACCOUNT
            account = AccountTransactions(next_nonce=state.nonce, balance=state.balance)
        return account

    def _check_in_state(self, transaction: RecoveredTransaction, account: AccountTransactions) -> PooledTransaction:
        signed = transaction.transaction
        if signed.nonce < account.next_nonce:
            raise NonceTooLow(f"nonce too low: next nonce {account.next_nonce}, tx nonce {signed.nonce}")
        state = self._state.account(transaction.sender) or EMPTY_ACCOUNT
        if state.code_hash != KECCAK_EMPTY:
            self._check_code(transaction, account, self._state.code(state.code_hash))
        cost = maximum_cost(signed, self._state.op_fees(transaction))
        if account.balance < cost:
            raise InsufficientFunds(
                f"insufficient funds for gas * price + value: balance {account.balance}, tx cost {cost}, "
                f"overshot {cost - account.balance}"
            )
        self._arrivals += 1
        return PooledTransaction(recovered=transaction, cost=cost, arrival=self._arrivals, arrived_at=self._clock())

    def _check_code(self, transaction: RecoveredTransaction, account: AccountTransactions, code: bytes) -> None:
        validate_sender_code(transaction, code)
        nonce = transaction.transaction.nonce
        if is_delegation(code) and account.by_nonce and nonce not in account.by_nonce:
            raise DelegationLimitExceeded("in-flight transaction limit reached for delegated accounts")

    def _check_limits(self, pooled: PooledTransaction, account: AccountTransactions) -> None:
        existing = account.by_nonce.get(pooled.nonce)
        spent = account.total_cost - (existing.cost if existing else 0)
        if spent + pooled.cost > account.balance:
            raise InsufficientFunds(
                f"insufficient funds for gas * price + value: balance {account.balance}, queued cost {spent}, "
                f"tx cost {pooled.cost}, overshot {spent + pooled.cost - account.balance}"
            )
        if existing is not None:
            if not _outbids(pooled, existing, self.limits.price_bump_percent):
                raise ReplacementUnderpriced("replacement transaction underpriced")
            return
        if not account.would_be_executable(pooled.nonce) and account.queued_count >= self.limits.account_queue:
            raise AccountLimitExceeded(
                f"account limit exceeded: {account.queued_count} queued transactions, limit {self.limits.account_queue}"
            )

    def _insert(self, pooled: PooledTransaction, account: AccountTransactions) -> None:
        self._accounts[pooled.recovered.sender] = account
        replaced = account.put(pooled)
        if replaced is not None:
            del self._by_hash[replaced.recovered.hash]
        self._by_hash[pooled.recovered.hash] = pooled

    def load_journal(self) -> int:
        """Admit again what the last run left; returns how many are still good."""
        if self._journal is None:
            return 0
        raws = list(self._journal.load())
        journal, self._journal = self._journal, None
        admitted = self.reinject(raws)
        self._journal = journal
        journal.rotate(pooled.recovered.raw for pooled in self._by_hash.values())
        return admitted

    def reinject(self, raws: Iterable[bytes]) -> int:
        """Admit what is still possible of transactions that were here before; the rest is let go."""
        admitted = 0
        for raw in raws:
            try:
                self.add(raw)
                admitted += 1
            except NodeError:
                continue
        return admitted

    # Out

    def best_transactions(self, base_fee: Wei) -> Iterator[RecoveredTransaction]:
        """Executable ones that pay `base_fee`: highest tip first, then earliest; each sender's in nonce order."""
        heap: list[tuple[int, int, Address, int]] = []
        for address, account in self._accounts.items():
            if account.executable_count:
                _push(heap, address, account, account.next_nonce, base_fee)
        heapq.heapify(heap)
        while heap:
            _, _, address, nonce = heapq.heappop(heap)
            account = self._accounts[address]
            yield account.by_nonce[nonce].recovered
            if account.is_executable(nonce + 1):
                following: list[tuple[int, int, Address, int]] = []
                _push(following, address, account, nonce + 1, base_fee)
                for entry in following:
                    heapq.heappush(heap, entry)

    def discard(self, transaction_hash: Hash32, reason: str) -> None:
        """Forget a transaction that turned out to be impossible; its reason is remembered for a while."""
        pooled = self._by_hash.get(transaction_hash)
        if pooled is None:
            return
        self._drop(pooled)
        self._discarded[transaction_hash] = reason
        if len(self._discarded) > _MAX_DISCARDED:
            del self._discarded[next(iter(self._discarded))]

    def on_new_head(self, touched: Iterable[Address]) -> None:
        """The unsafe head moved: take in the new nonces and balances of `touched` senders."""
        for address in set(touched):
            account = self._accounts.get(address)
            if account is None:
                continue
            state = self._state.account(address) or EMPTY_ACCOUNT
            for gone in account.move_to(state.nonce, state.balance):
                self._by_hash.pop(gone.recovered.hash, None)
            self._forget_if_empty(address)
        self._rotate_journal()

    def on_reorg(self, touched: Iterable[Address], dropped: Iterable[bytes]) -> int:
        """The unsafe head went back: accounts anew, then `dropped` user transactions in again; returns how many."""
        self.on_new_head([*touched, *self._accounts])
        return self.reinject(dropped)

    def evict_stale(self) -> int:
        """Drop queued ones that waited longer than their lifetime; returns how many."""
        oldest = self._clock() - self.limits.queue_lifetime
        stale = [
            pooled
            for address, account in self._accounts.items()
            for nonce, pooled in account.by_nonce.items()
            if pooled.arrived_at < oldest and not self._accounts[address].is_executable(nonce)
        ]
        for pooled in stale:
            self._drop(pooled)
        return len(stale)

    def _drop(self, pooled: PooledTransaction) -> None:
        self._by_hash.pop(pooled.recovered.hash, None)
        account = self._accounts.get(pooled.recovered.sender)
        if account is not None:
            account.remove(pooled.nonce)
            self._forget_if_empty(pooled.recovered.sender)

    def _forget_if_empty(self, address: Address) -> None:
        if not self._accounts[address].by_nonce:
            del self._accounts[address]

    def _rotate_journal(self) -> None:
        if self._journal is not None and self._journal.wants_rotation:
            self._journal.rotate(pooled.recovered.raw for pooled in self._by_hash.values())

    # Reading

    def subscribe(self, listener: Callable[[RecoveredTransaction], None]) -> None:
        """`listener` hears of every admitted transaction."""
        self._listeners.append(listener)

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        """By hash."""
        pooled = self._by_hash.get(transaction_hash)
        return None if pooled is None else pooled.recovered

    def rejection_reason(self, transaction_hash: Hash32) -> str | None:
        """Why an admitted transaction was discarded later, while that is remembered."""
        return self._discarded.get(transaction_hash)

    def pending_nonce(self, address: Address) -> int:
        """The next nonce after everything executable here."""
        account = self._accounts.get(address)
        if account is None:
            return (self._state.account(address) or EMPTY_ACCOUNT).nonce
        return account.executable_end

    @property
    def arrivals(self) -> int:
        """Moves whenever a transaction comes in."""
        return self._arrivals

    def size_bytes(self) -> int:
        """Signed bytes of everything here."""
        return sum(len(pooled.recovered.raw) for pooled in self._by_hash.values())

    def status(self) -> PoolStatus:
        """How many of each."""
        executable = sum(account.executable_count for account in self._accounts.values())
        return PoolStatus(executable=executable, queued=len(self._by_hash) - executable)

    def content(self, sender: Address | None = None) -> Iterator[tuple[RecoveredTransaction, Admission]]:
        """Everything, or only one sender's, by sender and nonce."""
        chosen = self._accounts.values() if sender is None else filter(None, [self._accounts.get(sender)])
        for account in chosen:
            for nonce in sorted(account.by_nonce):
                kind = Admission.EXECUTABLE if account.is_executable(nonce) else Admission.QUEUED
                yield account.by_nonce[nonce].recovered, kind

    def close(self) -> None:
        """Write the journal anew and release it."""
        if self._journal is not None:
            self._journal.rotate(pooled.recovered.raw for pooled in self._by_hash.values())


def _outbids(new: PooledTransaction, old: PooledTransaction, bump_percent: int) -> bool:
    factor = 100 + bump_percent
    return new.fee_cap * 100 >= old.fee_cap * factor and new.tip_cap * 100 >= old.tip_cap * factor


def _push(
    heap: list[tuple[int, int, Address, int]],
    address: Address,
    account: AccountTransactions,
    nonce: int,
    base_fee: Wei,
) -> None:
    pooled = account.by_nonce[nonce]
    tip = pooled.tip(base_fee)
    if tip >= 0:
        heap.append((-tip, pooled.arrival, address, nonce))
