"""Who leaves a full pool for whom: pure over the accounts' lists."""

from collections.abc import Iterator, Mapping

from rollup.txpool.account import AccountTransactions, PooledTransaction
from rollup.txpool.errors import PoolFull, TransactionUnderpriced
from rollup.txpool.limits import PoolLimits
from state.primitives.types import Address


def make_room(
    incoming: PooledTransaction,
    account: AccountTransactions,
    accounts: Mapping[Address, AccountTransactions],
    total: int,
    limits: PoolLimits,
) -> list[PooledTransaction]:
    """What has to go before `incoming` fits into a pool of `total`; nothing where there is room.

    Queued ones go first, the cheapest of them; an executable one only for a dearer executable one, and only the last
    nonce of an account above its guaranteed slots. Raises PoolFull or TransactionUnderpriced.
    """
    if incoming.nonce in account.by_nonce:
        return []
    is_executable = account.would_be_executable(incoming.nonce)
    if is_executable and total < limits.capacity:
        return []
    if not is_executable:
        queued = sum(a.queued_count for a in accounts.values())
        if queued >= limits.global_queue:
            return [_dearer_than(_cheapest_queued(accounts), incoming)]
        if total < limits.capacity:
            return []
    cheapest = _cheapest_queued(accounts)
    if cheapest is not None:
        return [cheapest if is_executable else _dearer_than(cheapest, incoming)]
    if not is_executable:
        raise PoolFull("txpool is full")
    return [_dearer_than(_cheapest_tail(accounts, limits), incoming)]


def _dearer_than(victim: PooledTransaction | None, incoming: PooledTransaction) -> PooledTransaction:
    if victim is None:
        raise PoolFull("txpool is full")
    if (incoming.tip_cap, incoming.fee_cap) <= (victim.tip_cap, victim.fee_cap):
        raise TransactionUnderpriced(
            f"transaction underpriced: txpool is full, gas tip cap {incoming.tip_cap} is not above {victim.tip_cap}"
        )
    return victim


def _queued(accounts: Mapping[Address, AccountTransactions]) -> Iterator[PooledTransaction]:
    for account in accounts.values():
        if account.queued_count:
            yield from (t for nonce, t in account.by_nonce.items() if not account.is_executable(nonce))


def _price(transaction: PooledTransaction) -> tuple[int, int, int]:
    return transaction.tip_cap, transaction.fee_cap, -transaction.arrival


def _cheapest_queued(accounts: Mapping[Address, AccountTransactions]) -> PooledTransaction | None:
    return min(_queued(accounts), key=_price, default=None)


def _cheapest_tail(accounts: Mapping[Address, AccountTransactions], limits: PoolLimits) -> PooledTransaction | None:
    tails = (
        account.by_nonce[account.executable_end - 1]
        for account in accounts.values()
        if account.executable_count > limits.account_slots
    )
    return min(tails, key=_price, default=None)
