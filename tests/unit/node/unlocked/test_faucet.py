"""The faucet's bounds, with a clock that the test moves and a pool that keeps what it is sent."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from node.devnet.accounts import user_accounts
from node.unlocked import Faucet, FaucetRefusal, UnlockedAccounts
from rollup.txpool.errors import PoolFull
from state.primitives.types import Address, Hash32, Wei
from state.transactions import RecoveredTransaction, recover_transaction

OPEN = 10**18


@dataclass
class Pool:
    taken: list[RecoveredTransaction] = field(default_factory=list)
    is_full: bool = False

    async def submit(self, raw: bytes) -> Hash32:
        if self.is_full:
            raise PoolFull("txpool is full")
        self.taken.append(recover_transaction(raw))
        return self.taken[-1].hash

    def pending_nonce(self, _address: Address) -> int | None:
        return len(self.taken) or None


class Bench:
    def __init__(self) -> None:
        self.now = 1_000.0
        self.pool = Pool()
        head = SimpleNamespace(unsafe=SimpleNamespace(hash=bytes(32)))
        chain: Any = SimpleNamespace(
            heads=lambda: head, header=lambda _hash: object(), next_base_fee=lambda _header: Wei(10**9)
        )
        info: Any = SimpleNamespace(chain_id=161_299, suggested_tip=lambda: Wei(10**6))

        async def nonce(_block: Hash32, _address: Address) -> int:
            return 0

        state: Any = SimpleNamespace(nonce=nonce)
        keys = UnlockedAccounts(user_accounts())
        self.source = keys.addresses()[-1]
        pool: Any = self.pool
        self.faucet = Faucet(
            self.source, keys, chain=chain, state=state, pool=pool, info=info, clock=lambda: self.now, a_minute=3
        )

    async def pay(self, number: int, amount: int = OPEN) -> Hash32:
        return await self.faucet.pay(Address(number.to_bytes(20, "big")), Wei(amount))


async def test_pays_by_an_ordinary_transaction_of_its_account() -> None:
    bench = Bench()
    paid = await bench.pay(1, 3 * OPEN)
    (sent,) = bench.pool.taken
    assert (sent.hash, sent.sender, sent.transaction.value) == (paid, bench.source, 3 * OPEN)
    assert sent.transaction.chain_id == 161_299
    await bench.pay(2)
    assert bench.pool.taken[-1].transaction.nonce == 1


@pytest.mark.parametrize("amount", [0, 100 * OPEN + 1, 2**255])
async def test_gives_no_more_at_once_than_it_says(amount: int) -> None:
    bench = Bench()
    with pytest.raises(FaucetRefusal, match="gives 1 wei to 100 OPEN"):
        await bench.pay(1, amount)
    assert not bench.pool.taken


async def test_an_account_waits_before_it_is_paid_again() -> None:
    bench = Bench()
    await bench.pay(1)
    bench.now += 59
    with pytest.raises(FaucetRefusal, match="ask again in 1 s"):
        await bench.pay(1)
    bench.now += 1
    await bench.pay(1)
    assert len(bench.pool.taken) == 2


async def test_all_accounts_together_are_paid_so_often_a_minute() -> None:
    bench = Bench()
    for number in (1, 2, 3):
        await bench.pay(number)
    with pytest.raises(FaucetRefusal, match="too many accounts within a minute"):
        await bench.pay(4)
    bench.now += 60
    await bench.pay(4)


async def test_who_was_not_paid_need_not_wait() -> None:
    bench = Bench()
    bench.pool.is_full = True
    with pytest.raises(PoolFull):
        await bench.pay(1)
    bench.pool.is_full = False
    await bench.pay(1)
