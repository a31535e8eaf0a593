"""The pool by geth's rules and in geth's words."""

from pathlib import Path

import pytest

from rollup.txpool import Admission, AlreadyKnown, Journal, PoolLimits, TxPool
from rollup.txpool.errors import (
    AccountLimitExceeded,
    ExceedsBlockGasLimit,
    OversizedData,
    PoolFull,
    ReplacementUnderpriced,
    TransactionUnderpriced,
)
from state.execution.errors import InsufficientFunds, NonceTooLow, WrongChain
from state.execution.port import ChainRules
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.transactions import RecoveredTransaction, SignedTransaction, TransactionType, sign_transaction
from state.world.types import Account

CHAIN_ID = 161299
KEYS = [bytes([index]) * 32 for index in range(1, 9)]
GWEI = 10**9


class Head:
    """A head state that a test sets by hand."""

    def __init__(self) -> None:
        self.accounts: dict[Address, Account] = {
            private_key_to_address(key): Account(nonce=Nonce(0), balance=Wei(10**18)) for key in KEYS
        }

    def account(self, address: Address) -> Account | None:
        return self.accounts.get(address)

    def code(self, code_hash: Hash32) -> bytes:
        raise AssertionError("no account here has code")

    def block_gas_limit(self) -> int:
        return 20_000_000

    def op_fees(self, transaction: RecoveredTransaction) -> Wei:
        return Wei(1_000)

    def move(self, key: bytes, nonce: int, balance: int = 10**18) -> Address:
        address = private_key_to_address(key)
        self.accounts[address] = Account(nonce=Nonce(nonce), balance=Wei(balance))
        return address


def transfer(
    key: bytes = KEYS[0], nonce: int = 0, *, tip: int = GWEI, cap: int = 2 * GWEI, value: int = 1, gas: int = 21_000,
    chain_id: int = CHAIN_ID, data: bytes = b"",
) -> RecoveredTransaction:  # fmt: skip
    unsigned = SignedTransaction(
        type=TransactionType.DYNAMIC_FEE,
        chain_id=chain_id,
        nonce=Nonce(nonce),
        gas_limit=Gas(gas),
        max_fee_per_gas=Wei(cap),
        max_priority_fee_per_gas=Wei(tip),
        to=Address(b"\x11" * 20),
        value=Wei(value),
        data=data,
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(unsigned, key)


@pytest.fixture
def head() -> Head:
    return Head()


def make_pool(head: Head, limits: PoolLimits | None = None, journal: Journal | None = None) -> TxPool:
    rules = ChainRules(chain_id=CHAIN_ID, is_optimism=True)
    return TxPool(rules=rules, state=head, clock=lambda: 0.0, limits=limits, journal=journal)


def best(pool: TxPool, base_fee: int = 1) -> list[RecoveredTransaction]:
    return list(pool.best_transactions(Wei(base_fee)))


def test_next_nonce_is_executable_and_a_gap_is_queued_until_it_is_filled(head: Head) -> None:
    pool = make_pool(head)
    assert pool.admit(transfer(nonce=0)) is Admission.EXECUTABLE
    assert pool.admit(transfer(nonce=2)) is Admission.QUEUED
    assert pool.pending_nonce(private_key_to_address(KEYS[0])) == 1
    pool.admit(transfer(nonce=1))
    assert [t.transaction.nonce for t in best(pool)] == [0, 1, 2]
    assert pool.pending_nonce(private_key_to_address(KEYS[0])) == 3


def test_best_transactions_go_by_tip_then_arrival_and_keep_nonce_order(head: Head) -> None:
    pool = make_pool(head)
    pool.admit(transfer(KEYS[0], 0, tip=1))
    pool.admit(transfer(KEYS[0], 1, tip=9))
    pool.admit(transfer(KEYS[1], 0, tip=5))
    pool.admit(transfer(KEYS[2], 0, tip=5))
    order = [(t.sender, t.transaction.nonce) for t in best(pool)]
    a, b, c = (private_key_to_address(key) for key in KEYS[:3])
    assert order == [(b, 0), (c, 0), (a, 0), (a, 1)]


def test_transactions_below_the_base_fee_wait_and_hold_back_what_follows_them(head: Head) -> None:
    pool = make_pool(head)
    pool.admit(transfer(nonce=0, tip=1, cap=10))
    pool.admit(transfer(nonce=1, tip=1, cap=100))
    assert best(pool, base_fee=50) == []
    assert len(best(pool, base_fee=5)) == 2


def test_replacement_needs_ten_percent_more_on_both_fees(head: Head) -> None:
    pool = make_pool(head)
    pool.admit(transfer(tip=100, cap=1_000))
    for tip, cap in ((109, 1_100), (110, 1_099), (100, 1_000)):
        with pytest.raises(ReplacementUnderpriced, match="^replacement transaction underpriced$"):
            pool.admit(transfer(tip=tip, cap=cap, value=2))
    replacement = transfer(tip=110, cap=1_100, value=2)
    pool.admit(replacement)
    assert best(pool) == [replacement]


@pytest.mark.parametrize(
    ("transaction", "error", "text"),
    [
        (transfer(chain_id=1), WrongChain, "invalid chain id for signer"),
        (transfer(tip=0), TransactionUnderpriced, "transaction underpriced"),
        (transfer(gas=20_000_001), ExceedsBlockGasLimit, "exceeds block gas limit"),
        (transfer(value=10**18), InsufficientFunds, r"insufficient funds for gas \* price \+ value"),
        (transfer(KEYS[1], nonce=0), NonceTooLow, "nonce too low: next nonce 3, tx nonce 0"),
    ],
)
def test_refuses_in_geths_words(
    head: Head, transaction: RecoveredTransaction, error: type[Exception], text: str
) -> None:
    head.move(KEYS[1], nonce=3)
    pool = make_pool(head)
    with pytest.raises(error, match=text):
        pool.admit(transaction)
    assert pool.status().executable == 0


def test_refuses_the_same_bytes_twice_and_more_bytes_than_it_takes(head: Head) -> None:
    pool = make_pool(head)
    raw = transfer().raw
    pool.add(raw)
    with pytest.raises(AlreadyKnown, match="^already known$"):
        pool.add(raw)
    with pytest.raises(OversizedData, match="oversized data"):
        pool.add(b"\x02" + bytes(128 * 1024))


def test_counts_what_an_account_has_already_promised(head: Head) -> None:
    pool = make_pool(head)
    pool.admit(transfer(nonce=0, value=6 * 10**17))
    with pytest.raises(InsufficientFunds, match="queued cost"):
        pool.admit(transfer(nonce=1, value=6 * 10**17))


def test_limits_what_one_account_may_queue(head: Head) -> None:
    pool = make_pool(head, PoolLimits(account_queue=3))
    for nonce in (2, 3, 4):
        pool.admit(transfer(nonce=nonce))
    with pytest.raises(AccountLimitExceeded, match="account limit exceeded"):
        pool.admit(transfer(nonce=5))
    pool.admit(transfer(nonce=0))


def test_a_full_pool_never_drops_executable_ones_for_queued_ones(head: Head) -> None:
    pool = make_pool(head, PoolLimits(global_slots=2, global_queue=0, account_slots=1))
    pool.admit(transfer(KEYS[0], 0, tip=1))
    pool.admit(transfer(KEYS[0], 1, tip=1))
    with pytest.raises(PoolFull, match="txpool is full"):
        pool.admit(transfer(KEYS[1], 7, tip=1_000))
    assert pool.status().executable == 2


def test_a_full_pool_evicts_the_cheapest_tail_for_a_dearer_executable_one(head: Head) -> None:
    pool = make_pool(head, PoolLimits(global_slots=2, global_queue=0, account_slots=1))
    pool.admit(transfer(KEYS[0], 0, tip=1))
    pool.admit(transfer(KEYS[0], 1, tip=1))
    with pytest.raises(TransactionUnderpriced, match="transaction underpriced"):
        pool.admit(transfer(KEYS[1], 0, tip=1))
    dearer = transfer(KEYS[1], 0, tip=2)
    pool.admit(dearer)
    assert [t.transaction.nonce for t in best(pool)] == [0, 0]
    assert pool.transaction(dearer.hash) == dearer


def test_included_transactions_leave_and_unpayable_ones_with_them(head: Head) -> None:
    pool = make_pool(head)
    for nonce in range(3):
        pool.admit(transfer(nonce=nonce))
    address = head.move(KEYS[0], nonce=1, balance=10)
    pool.on_new_head([address])
    assert best(pool) == []
    assert pool.status().queued == 0


def test_a_reorg_brings_user_transactions_back(head: Head) -> None:
    pool = make_pool(head)
    included = transfer(nonce=0)
    address = head.move(KEYS[0], nonce=1)
    pool.admit(transfer(nonce=1))
    head.move(KEYS[0], nonce=0)
    assert pool.on_reorg([address], [included.raw]) == 1
    assert [t.transaction.nonce for t in best(pool)] == [0, 1]


def test_the_journal_survives_a_restart_and_a_cut_off_record(head: Head, tmp_path: Path) -> None:
    path = tmp_path / "txpool.journal"
    journal = Journal(path)
    pool = make_pool(head, journal=journal)
    transactions = [transfer(nonce=nonce) for nonce in range(3)]
    for transaction in transactions:
        pool.admit(transaction)
    journal.close()
    with path.open("ab") as file:
        file.write(b"\x00\x00\x00\xff\x02")
    again = make_pool(head, journal=Journal(path))
    assert again.load_journal() == 3
    assert best(again) == transactions


def test_stale_queued_ones_leave_and_executable_ones_stay(head: Head) -> None:
    now = 0.0
    rules = ChainRules(chain_id=CHAIN_ID, is_optimism=True)
    pool = TxPool(rules=rules, state=head, clock=lambda: now, limits=PoolLimits(queue_lifetime=10.0))
    pool.admit(transfer(nonce=0))
    pool.admit(transfer(nonce=5))
    now = 11.0
    assert pool.evict_stale() == 1
    assert pool.status().executable == 1
