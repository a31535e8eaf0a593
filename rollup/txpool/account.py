"""One sender's waiting transactions."""

from dataclasses import dataclass, field

from state.primitives.types import Wei
from state.transactions import RecoveredTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledTransaction:
    """A transaction in the pool."""

    recovered: RecoveredTransaction
    cost: Wei
    """What its sender must own: gas at the fee cap, value, L1 fee, operator fee."""
    arrival: int
    """The order of admission; breaks ties between equal tips."""
    arrived_at: float
    """Clock seconds."""

    @property
    def nonce(self) -> int:
        return self.recovered.transaction.nonce

    @property
    def fee_cap(self) -> int:
        return self.recovered.transaction.max_fee_per_gas

    @property
    def tip_cap(self) -> int:
        return self.recovered.transaction.max_priority_fee_per_gas

    def tip(self, base_fee: int) -> int:
        """Wei a gas that the sequencer earns in a block with `base_fee`; negative if it can't be included."""
        return min(self.tip_cap, self.fee_cap - base_fee)


@dataclass(slots=True, kw_only=True)
class AccountTransactions:
    """By nonce. `next_nonce` is the account's in the state of the unsafe head."""

    next_nonce: int
    balance: int
    by_nonce: dict[int, PooledTransaction] = field(default_factory=dict)
    executable_end: int = 0
    """The first nonce from `next_nonce` on that is not here: below it, all are executable."""
    total_cost: int = 0
    """Of everything here, in wei."""

    def __post_init__(self) -> None:
        self.executable_end = self.next_nonce

    @property
    def executable_count(self) -> int:
        return self.executable_end - self.next_nonce

    @property
    def queued_count(self) -> int:
        return len(self.by_nonce) - self.executable_count

    def put(self, transaction: PooledTransaction) -> PooledTransaction | None:
        """Add or replace; returns what was replaced."""
        replaced = self.by_nonce.get(transaction.nonce)
        self.by_nonce[transaction.nonce] = transaction
        self.total_cost += transaction.cost - (replaced.cost if replaced else 0)
        self._extend()
        return replaced

    def remove(self, nonce: int) -> PooledTransaction | None:
        """Take one out; what followed it becomes queued."""
        removed = self.by_nonce.pop(nonce, None)
        if removed is not None:
            self.total_cost -= removed.cost
            if nonce < self.executable_end:
                self.executable_end = max(nonce, self.next_nonce)
        return removed

    def move_to(self, next_nonce: int, balance: int) -> list[PooledTransaction]:
        """Take the account's new state in; returns what it made impossible (used nonces, unpayable ones)."""
        self.next_nonce, self.balance = next_nonce, balance
        gone = [t for nonce, t in self.by_nonce.items() if nonce < next_nonce or t.cost > balance]
        for transaction in gone:
            del self.by_nonce[transaction.nonce]
            self.total_cost -= transaction.cost
        self.executable_end = next_nonce
        self._extend()
        return gone

    def _extend(self) -> None:
        while self.executable_end in self.by_nonce:
            self.executable_end += 1

    def is_executable(self, nonce: int) -> bool:
        """Whether a transaction with `nonce` has no gap before it."""
        return self.next_nonce <= nonce < self.executable_end

    def would_be_executable(self, nonce: int) -> bool:
        """Whether one that is added with `nonce` would have no gap before it."""
        return self.next_nonce <= nonce <= self.executable_end
