"""The journaled state: what reverts, what stays, what a block changed."""

import pytest

from state.primitives.crypto import keccak256
from state.primitives.types import Address
from state.world.journal import WorldState
from state.world.readers import DictState
from state.world.types import Account

A, B = Address(b"\xaa" * 20), Address(b"\xbb" * 20)


@pytest.fixture
def reader() -> DictState:
    state = DictState()
    state.put(A, nonce=1, balance=10, code=b"\x60", storage={1: 5})
    return state


def test_revert_takes_back_everything_since_its_snapshot(reader: DictState) -> None:
    world = WorldState(reader)
    world.set_storage(A, 1, 6)
    snapshot = world.snapshot()
    world.add_balance(A, 5)
    world.increment_nonce(B)
    world.set_code(B, b"\x61")
    world.set_storage(A, 1, 7)
    world.set_storage(B, 2, 8)
    world.set_transient_storage(A, 1, b"\x01")
    world.mark_address_warm(B)
    world.mark_storage_warm(B, 1)
    world.destroy(A)
    world.revert(snapshot)
    assert (world.get_balance(A), world.get_storage(A, 1), world.account_exists(B)) == (10, 6, False)
    assert world.get_storage(B, 2) == 0
    assert world.get_transient_storage(A, 1) == b""
    assert not world.is_address_warm(B)
    assert not world.is_storage_warm(B, 1)
    world.finish_transaction()
    assert world.account_exists(A)


def test_original_value_is_the_transactions_start(reader: DictState) -> None:
    world = WorldState(reader)
    world.set_storage(A, 1, 6)
    assert world.get_storage(A, 1, from_journal=False) == 5
    world.finish_transaction()
    assert world.get_storage(A, 1, from_journal=False) == 6


def test_warm_sets_and_transient_storage_end_with_the_transaction(reader: DictState) -> None:
    world = WorldState(reader)
    world.mark_address_warm(A)
    world.mark_storage_warm(A, 1)
    world.set_transient_storage(A, 1, b"\x01")
    world.finish_transaction()
    assert not world.is_address_warm(A)
    assert not world.is_storage_warm(A, 1)
    assert world.get_transient_storage(A, 1) == b""


def test_touched_empty_account_is_gone_after_the_transaction(reader: DictState) -> None:
    reader.put(B)
    world = WorldState(reader)
    assert world.account_exists(B)
    world.touch_account(B)
    world.finish_transaction()
    assert not world.account_exists(B)
    assert world.changes().accounts == {B: None}


def test_untouched_empty_account_stays(reader: DictState) -> None:
    reader.put(B)
    world = WorldState(reader)
    world.get_balance(B)
    world.finish_transaction()
    assert world.changes().accounts == {}


def test_account_emptied_within_a_transaction_is_deleted(reader: DictState) -> None:
    reader.put(B, balance=3)
    world = WorldState(reader)
    world.add_balance(B, -3)
    world.add_balance(A, 3)
    world.finish_transaction()
    assert world.changes().accounts[B] is None


def test_destroyed_account_loses_its_storage_for_its_successor(reader: DictState) -> None:
    world = WorldState(reader)
    world.destroy(A)
    world.finish_transaction()
    world.add_balance(A, 1)
    assert world.get_storage(A, 1) == 0
    world.finish_transaction()
    changes = world.changes()
    assert changes.accounts[A] == Account(balance=1)
    assert changes.wiped_storage == {A}


def test_changes_hold_only_what_differs(reader: DictState) -> None:
    world = WorldState(reader)
    world.set_storage(A, 1, 6)
    world.set_storage(A, 1, 5)
    world.add_balance(A, 1)
    world.add_balance(A, -1)
    world.get_balance(B)
    world.finish_transaction()
    changes = world.changes()
    assert (changes.accounts, changes.storage, changes.codes, changes.wiped_storage) == ({}, {}, {}, set())


def test_new_code_travels_with_its_account(reader: DictState) -> None:
    world = WorldState(reader)
    world.set_code(B, b"\x5b")
    world.finish_transaction()
    changes = world.changes()
    assert changes.codes == {keccak256(b"\x5b"): b"\x5b"}
    assert world.get_code(B) == b"\x5b"


@pytest.mark.parametrize(
    ("occupied", "fields"),
    [(True, {"nonce": 1}), (True, {"code": b"\x60"}), (False, {"balance": 1}), (False, {})],
)
def test_nonce_or_code_occupy_an_address_and_money_does_not(
    reader: DictState, occupied: bool, fields: dict[str, object]
) -> None:
    reader.put(B, **fields)
    assert WorldState(reader).is_occupied(B) is occupied


def test_storage_occupies_an_address(reader: DictState) -> None:
    reader.accounts[B] = Account(balance=1, storage_root=keccak256(b"some root"))
    assert WorldState(reader).is_occupied(B)


def test_credit_and_debit_need_no_journal(reader: DictState) -> None:
    reader.put(B)
    world = WorldState(reader)
    world.debit(A, 4)
    world.credit(A, 1)
    world.credit(B, 0)
    assert (world.get_balance(A), world.get_nonce(A), world.account_exists(B)) == (7, 2, False)
    assert world.snapshot() == 0
