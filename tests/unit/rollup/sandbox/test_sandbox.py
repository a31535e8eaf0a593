"""Blocks on request, a clock that is moved, forged accounts, and the way back from all of it."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollup.sandbox import SandboxRefusal
from rollup.txpool.errors import ExceedsBlockGasLimit
from state.database import ChainDatabase
from state.execution.errors import InsufficientFunds, SenderNotEOA
from state.execution.fast import FastExecutor
from state.primitives.types import Address, Gas, Nonce, Wei
from state.queries import StateQueries, verify_account_proof
from state.transition import AccountForgery
from state.world.readers import FlatState, TrieState
from tests.unit.rollup.sandbox.conftest import (
    ALICE,
    BOB,
    GENESIS_TIME,
    MESSAGE_PASSER,
    NOBODY,
    WHAT_TIME,
    Bench,
    made_up,
    transfer,
)


def assert_flat_tables_are_the_trie(db: ChainDatabase) -> None:
    """What the executors read of the head is what its state root says."""
    head = db.require_header(db.flat_head())
    flat, trie = FlatState(db), TrieState(db, head.state_root)
    for address, _ in db.iterate_flat_accounts():
        assert flat.account(address) == trie.account(address)
        for slot, _ in db.iterate_flat_storage(address):
            number = int.from_bytes(slot, "big")
            assert flat.storage(address, number) == trie.storage(address, number)
    for address in (NOBODY, Address(b"\x43" * 20)):
        assert flat.account(address) == trie.account(address)


def balance(bench: Bench, address: Address) -> int:
    account = FlatState(bench.db).account(address)
    return 0 if account is None else account.balance


async def test_a_transaction_has_its_block_when_submit_returns(bench: Bench) -> None:
    await bench.sandbox.submit(transfer(value=7))
    assert bench.number == 1
    assert balance(bench, NOBODY) == 7
    assert [record.header.number for record in bench.told.added] == [1]


async def test_a_transaction_behind_a_gap_waits_and_comes_with_what_fills_the_gap(bench: Bench) -> None:
    await bench.sandbox.submit(transfer(nonce=1))
    assert bench.number == 0
    await bench.sandbox.submit(transfer(nonce=0))
    assert bench.number == 1
    assert len(bench.told.added[0].transactions) == 2


async def test_without_automine_transactions_wait_until_a_block_is_asked_for(bench: Bench) -> None:
    await bench.sandbox.set_automine(False)
    await bench.sandbox.submit(transfer(nonce=0))
    await bench.sandbox.submit(transfer(nonce=1))
    assert bench.number == 0
    await bench.sandbox.mine()
    assert bench.number == 1
    assert len(bench.told.added[0].transactions) == 2


async def test_switching_automine_on_mines_what_waits(bench: Bench) -> None:
    await bench.sandbox.set_automine(False)
    await bench.sandbox.submit(transfer())
    await bench.sandbox.set_automine(True)
    assert (bench.number, len(bench.told.added[0].transactions)) == (1, 1)


async def test_blocks_come_at_the_interval_and_no_more_once_it_is_off(bench: Bench) -> None:
    running = asyncio.ensure_future(bench.sandbox.run())
    await bench.sandbox.set_interval(0.01)
    async with asyncio.timeout(60):
        while bench.number < 3:  # noqa: ASYNC110 - blocks come by themselves
            await asyncio.sleep(0.01)
    await bench.sandbox.set_interval(0)
    number = bench.number
    await asyncio.sleep(0.1)
    assert bench.number == number
    running.cancel()


async def test_blocks_are_as_far_apart_as_was_asked(bench: Bench) -> None:
    await bench.sandbox.mine(3, interval=60)
    first = bench.told.added[0].header.timestamp
    assert [record.header.timestamp for record in bench.told.added] == [first, first + 60, first + 120]


async def test_time_travels_by_an_offset_that_stays(bench: Bench) -> None:
    assert bench.sandbox.clock.increase(1_000) == 1_000
    await bench.sandbox.mine()
    assert bench.timestamp == GENESIS_TIME + 1_000
    bench.now += 10
    await bench.sandbox.mine()
    assert bench.timestamp == GENESIS_TIME + 1_010


async def test_the_next_block_has_the_time_that_was_asked_for_and_time_goes_on_from_there(bench: Bench) -> None:
    bench.sandbox.clock.ask_next(GENESIS_TIME + 5_000, bench.timestamp)
    await bench.sandbox.submit(transfer())
    assert bench.timestamp == GENESIS_TIME + 5_000
    bench.now += 7
    await bench.sandbox.mine()
    assert bench.timestamp == GENESIS_TIME + 5_007


async def test_refuses_a_time_that_has_passed(bench: Bench) -> None:
    with pytest.raises(SandboxRefusal, match="not after the newest block's"):
        await bench.sandbox.mine(timestamp=GENESIS_TIME)
    assert bench.number == 0


async def test_wishes_hold_for_the_blocks_to_come(bench: Bench) -> None:
    bench.sandbox.wish(base_fee=Wei(5), gas_limit=Gas(30_000_000), fee_recipient=BOB)
    await bench.sandbox.mine(2)
    first, second = (record.header for record in bench.told.added)
    assert (first.base_fee_per_gas, first.gas_limit, first.fee_recipient) == (5, 30_000_000, BOB)
    assert second.base_fee_per_gas == bench.sandbox.base_fee_after(first)  # the next block only
    assert (second.gas_limit, second.fee_recipient) == (30_000_000, BOB)


async def test_a_higher_gas_limit_holds_for_transactions_at_once(bench: Bench) -> None:
    big = transfer(gas_limit=Gas(25_000_000), max_fee_per_gas=Wei(2 * 10**9))
    with pytest.raises(ExceedsBlockGasLimit):
        await bench.sandbox.submit(big)
    bench.sandbox.wish(gas_limit=Gas(30_000_000))
    await bench.sandbox.submit(big)
    assert bench.number == 1


async def test_automine_ends_where_no_block_has_room_any_more(bench: Bench) -> None:
    await bench.sandbox.set_automine(False)
    await bench.sandbox.submit(transfer(gas_limit=Gas(1_000_000)))
    bench.sandbox.wish(gas_limit=Gas(500_000))
    await bench.sandbox.set_automine(True)
    assert bench.number == 0


async def test_forging_gives_the_head_another_root_and_no_other_number(bench: Bench) -> None:
    await bench.sandbox.submit(transfer(value=7))
    before = bench.sandbox.chain.head
    await bench.sandbox.forge(
        AccountForgery(address=NOBODY, balance=Wei(123), nonce=Nonce(9), code=b"\x60\x00", slots={1: 2, 3: 4})
    )
    after = bench.sandbox.chain.head
    assert after.state_root != before.state_root
    assert replace(after, state_root=before.state_root) == before
    assert_flat_tables_are_the_trie(bench.db)
    account = FlatState(bench.db).account(NOBODY)
    assert account is not None
    assert (account.balance, account.nonce, bench.db.code(account.code_hash)) == (123, 9, b"\x60\x00")
    assert FlatState(bench.db).storage(NOBODY, 3) == 4
    assert bench.told.added[-1].hash == before.hash  # nobody was told of the sibling


async def test_forging_the_same_again_changes_nothing(bench: Bench) -> None:
    await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(1)))
    forged = bench.sandbox.chain.head
    await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(1)))
    assert bench.sandbox.chain.head == forged


async def test_an_account_that_is_forged_to_nothing_has_no_leaf(bench: Bench) -> None:
    before = bench.sandbox.chain.head
    await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(5)))
    await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(0)))
    assert bench.sandbox.chain.head == before
    assert FlatState(bench.db).account(NOBODY) is None


async def test_forged_accounts_are_proven_under_the_head_that_clients_see(bench: Bench) -> None:
    await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(123), slots={5: 6}))
    head = bench.db.flat_head()
    queries = StateQueries(bench.db, FastExecutor(), bench.sandbox.chain.rules)
    proof = queries.proof(head, NOBODY, [5])
    assert (proof.account.balance, proof.slots[0].value) == (123, 6)
    verify_account_proof(bench.db.require_header(head).state_root, proof)


async def test_the_forged_head_still_has_its_transactions_and_receipts(bench: Bench) -> None:
    sent = transfer()
    await bench.sandbox.submit(sent)
    await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(123)))
    location = bench.db.transaction_location(sent.hash)
    assert location == (bench.db.flat_head(), 0)
    assert bench.db.receipts(bench.db.flat_head()) == bench.told.added[0].receipts


async def test_forged_storage_of_the_message_passer_shows_in_the_withdrawals_root(bench: Bench) -> None:
    await bench.sandbox.mine()
    before = bench.sandbox.chain.head.withdrawals_root
    await bench.sandbox.forge(AccountForgery(address=MESSAGE_PASSER, nonce=Nonce(1), slots={1: 1}))
    assert bench.sandbox.chain.head.withdrawals_root != before
    await bench.sandbox.mine()
    assert_flat_tables_are_the_trie(bench.db)


async def test_a_forged_balance_can_be_spent_and_a_forged_nonce_counts(bench: Bench) -> None:
    await bench.sandbox.forge(AccountForgery(address=BOB, balance=Wei(10**20), nonce=Nonce(77)))
    await bench.sandbox.submit(transfer(1, nonce=77, value=10**19))
    assert balance(bench, NOBODY) == 10**19
    await bench.sandbox.forge(AccountForgery(address=BOB, balance=Wei(0)))
    with pytest.raises(InsufficientFunds):
        await bench.sandbox.submit(transfer(1, nonce=78))


async def test_anybody_sends_a_transaction_that_is_made_up_also_a_contract(bench: Bench) -> None:
    await bench.sandbox.forge(AccountForgery(address=WHAT_TIME, balance=Wei(10**18)))
    made = made_up(WHAT_TIME, value=5)
    with pytest.raises(SenderNotEOA):
        await bench.sandbox.submit(replace(made, is_impersonated=False))
    await bench.sandbox.submit(made)
    assert balance(bench, NOBODY) == 5
    assert bench.told.added[-1].senders == (WHAT_TIME,)


async def test_reverting_undoes_blocks_forgeries_wishes_time_and_pool(bench: Bench) -> None:
    await bench.sandbox.submit(transfer(value=7))
    await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(50)))
    await bench.sandbox.set_automine(False)
    waiting = transfer(1)
    await bench.sandbox.submit(waiting)
    head, limit = bench.db.flat_head(), bench.sandbox.next_block.gas_limit
    taken = await bench.sandbox.snapshot()
    bench.now += 100
    await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(51), slots={1: 1}))
    await bench.sandbox.mine(2)
    await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(52), code=b"\x00"))
    bench.sandbox.wish(gas_limit=Gas(9_000_000))
    bench.sandbox.clock.increase(10**6)
    await bench.sandbox.submit(transfer(nonce=1))
    assert await bench.sandbox.revert(taken)
    assert bench.db.flat_head() == head
    assert_flat_tables_are_the_trie(bench.db)
    assert balance(bench, NOBODY) == 50
    assert bench.sandbox.next_block.gas_limit == limit
    assert bench.sandbox.clock.now() == GENESIS_TIME
    assert [each.hash for each, _ in bench.sandbox.pool.content()] == [waiting.hash]
    assert [record.header.number for record in bench.told.dropped] == [2, 3]


async def test_a_snapshot_serves_once_and_takes_later_ones_with_it(bench: Bench) -> None:
    first = await bench.sandbox.snapshot()
    second = await bench.sandbox.snapshot()
    assert await bench.sandbox.revert(first)
    assert not await bench.sandbox.revert(first)
    assert not await bench.sandbox.revert(second)
    assert not await bench.sandbox.revert(0)  # genesis is for reset alone
    assert not await bench.sandbox.revert(99)


async def test_forged_genesis_and_all_after_it_are_gone_after_a_reset(bench: Bench) -> None:
    genesis = bench.db.flat_head()
    for _ in range(2):
        await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(50)))
        await bench.sandbox.mine(2)
        await bench.sandbox.forge(AccountForgery(address=NOBODY, balance=Wei(60)))
        assert bench.db.heads().finalized == bench.db.canonical_hash(0) != genesis
        await bench.sandbox.reset()
        assert bench.db.flat_head() == bench.db.heads().finalized == genesis
        assert_flat_tables_are_the_trie(bench.db)
        assert balance(bench, NOBODY) == 0


async def test_a_request_that_is_given_up_leaves_pool_and_chain_agreeing(bench: Bench) -> None:
    asked = asyncio.ensure_future(bench.sandbox.submit(transfer()))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait([asked])
    assert bench.sandbox.pool.pending_nonce(ALICE) == (1 if bench.number else 0)
    await bench.sandbox.mine()
    assert not list(bench.sandbox.pool.content())


steps = st.lists(
    st.one_of(
        st.tuples(st.just("forge"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("mine"), st.just(0), st.just(0)),
        st.tuples(st.just("send"), st.just(0), st.integers(1, 3)),
        st.tuples(st.just("snapshot"), st.just(0), st.just(0)),
        st.tuples(st.just("revert"), st.integers(0, 5), st.just(0)),
    ),
    max_size=25,
)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(script=steps)
async def test_whatever_was_done_a_revert_leads_to_the_very_head_of_its_snapshot(
    script: list[tuple[str, int, int]], bench: Bench
) -> None:
    bench = Bench(bench.thread)
    taken: list[tuple[int, bytes]] = []
    for what, which, amount in script:
        if what == "forge":
            target = Address(bytes([0x40 + which]) * 20)
            await bench.sandbox.forge(AccountForgery(address=target, balance=Wei(amount), slots={which: amount}))
        elif what == "mine":
            await bench.sandbox.mine()
        elif what == "send":
            nonce = bench.sandbox.pool.pending_nonce(ALICE)
            await bench.sandbox.submit(transfer(nonce=nonce, value=amount))
        elif what == "snapshot":
            taken.append((await bench.sandbox.snapshot(), bench.db.flat_head()))
        elif taken:
            index = which % len(taken)
            snapshot, head = taken[index]
            assert await bench.sandbox.revert(snapshot)
            assert bench.db.flat_head() == head
            del taken[index:]
        assert_flat_tables_are_the_trie(bench.db)
