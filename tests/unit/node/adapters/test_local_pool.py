"""The sequencer's pool behind JSON-RPC: senders found out ahead, and log lines that don't outweigh the work."""

from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from node.adapters.pool import LOGGED_A_SECOND, LocalPool, TransactionLog
from node.recovery import FEWEST, SenderRecovery
from rollup.txpool import TxPool
from rpc.values import PoolCounts
from state.execution.port import ChainRules
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.transactions import RecoveredTransaction, SignedTransaction, TransactionType, sign_transaction
from state.world.types import Account

RULES = ChainRules(chain_id=161_299, is_optimism=True)
KEY = b"\x05" * 32
SENDER = private_key_to_address(KEY)
SOMEBODY_ELSE = Address(b"\x99" * 20)


class RichEverybody:
    """A head at which every account owns a lot."""

    def account(self, address: Address) -> Account | None:
        return Account(nonce=Nonce(0), balance=Wei(10**30))

    def code(self, code_hash: Hash32) -> bytes:
        return b""

    def block_gas_limit(self) -> int:
        return 30_000_000

    def op_fees(self, transaction: RecoveredTransaction) -> Wei:
        return Wei(0)


class ToldSenders(SenderRecovery):
    """Says what it was told to, and notes what it is asked."""

    def __init__(self, sender: Address) -> None:
        super().__init__()
        self.sender = sender
        self.asked: list[bytes] = []

    async def senders(self, raws: Sequence[bytes]) -> dict[bytes, Address]:
        self.asked += raws
        return dict.fromkeys(raws, self.sender)


def transfers(count: int) -> list[bytes]:
    return [
        sign_transaction(
            SignedTransaction(
                type=TransactionType.DYNAMIC_FEE,
                chain_id=RULES.chain_id,
                nonce=Nonce(nonce),
                gas_limit=Gas(21_000),
                max_fee_per_gas=Wei(10**10),
                max_priority_fee_per_gas=Wei(1),
                to=Address(b"\x11" * 20),
                value=Wei(1),
                data=b"",
                y_parity=0,
                r=0,
                s=0,
            ),
            KEY,
        ).raw
        for nonce in range(count)
    ]


def make_pool() -> TxPool:
    return TxPool(rules=RULES, state=RichEverybody(), clock=lambda: 0.0)


async def test_takes_the_senders_of_a_batch_from_the_recovery() -> None:
    pool, raws = make_pool(), transfers(FEWEST)
    local = LocalPool(pool, recovery=ToldSenders(SOMEBODY_ELSE), clock=lambda: 0.0)
    await local.prepare(raws)
    for raw in raws:
        await local.submit(raw)
    assert {transaction.sender for transaction, _ in pool.content()} == {SOMEBODY_ELSE}


async def test_recovers_a_sender_itself_where_the_recovery_said_nothing() -> None:
    pool, raws = make_pool(), transfers(3)
    recovery = ToldSenders(SOMEBODY_ELSE)
    local = LocalPool(pool, recovery=recovery, clock=lambda: 0.0)
    await local.prepare(raws)
    for raw in raws:
        await local.submit(raw)
    assert not recovery.asked, "so few are recovered where they are"
    assert {transaction.sender for transaction, _ in pool.content()} == {SENDER}


async def test_logs_a_lone_transaction_and_only_counts_most_of_a_flood() -> None:
    now = [0.0]
    local = LocalPool(make_pool(), clock=lambda: now[0])
    raws = transfers(LOGGED_A_SECOND + 31)
    with capture_logs() as events:
        for raw in raws[:-1]:
            await local.submit(raw)
        now[0] = 1.5
        await local.submit(raws[-1])
    names = [event["event"] for event in events]
    assert names.count("rpc.received") == names.count("txpool.admitted") == LOGGED_A_SECOND + 1
    assert [e["transactions"] for e in events if e["event"] == "txpool.busy"] == [LOGGED_A_SECOND + 30]


@pytest.mark.parametrize("count", [1, LOGGED_A_SECOND])
def test_says_nothing_of_a_second_whose_transactions_were_all_logged(count: int) -> None:
    now = [0.0]
    budget = TransactionLog(lambda: now[0])
    with capture_logs() as events:
        assert all(budget.takes_one() for _ in range(count))
        now[0] = 2.0
        assert budget.takes_one()
    assert events == []


async def test_content_and_counts_are_the_pools() -> None:
    local, raws = LocalPool(make_pool(), clock=lambda: 0.0), transfers(3)
    for raw in (raws[0], raws[2]):
        await local.submit(raw)
    content = list(local.content())
    assert [(entry.transaction.raw, entry.is_executable) for entry in content] == [(raws[0], True), (raws[2], False)]
    assert list(local.content(SENDER)) == content
    assert list(local.content(SOMEBODY_ELSE)) == []
    assert local.counts() == PoolCounts(executable=1, queued=1)
