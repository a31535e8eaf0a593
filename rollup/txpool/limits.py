"""The pool's numbers; the defaults are geth's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """Counts are transactions, sizes bytes, times seconds."""

    price_bump_percent: int = 10
    """How much dearer, on both fees, a replacement must be."""
    min_tip: int = 1
    """Wei a gas; cheaper ones are refused."""
    account_slots: int = 16
    """Executable ones that an account keeps whatever happens."""
    account_queue: int = 64
    global_slots: int = 5_120
    global_queue: int = 1_024
    max_transaction_bytes: int = 128 * 1024
    queue_lifetime: float = 3 * 3600.0

    @property
    def capacity(self) -> int:
        """Transactions in all."""
        return self.global_slots + self.global_queue
