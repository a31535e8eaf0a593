"""Deposits: minted, free, and included whatever happens."""

import pytest

from state.execution.errors import GasLimitReached
from state.execution.fast_frame import contract_address
from tests.unit.state.execution.chains import CONTRACT, OTHER, RECIPIENT, Chain, deposit, make_env

REVERT = bytes.fromhex("5f5ffd")
STORE_CALLER = bytes.fromhex("335f55")
CREATE_EMPTY = bytes.fromhex("5f5ff3")


def test_mints_and_transfers_without_a_fee(chain: Chain) -> None:
    outcome = chain.apply(deposit(mint=10, value=4))
    chain.finish()
    assert (outcome.succeeded, outcome.deposit_nonce, outcome.gas_used) == (True, 0, 21_000)
    assert (chain.balance(OTHER), chain.balance(RECIPIENT)) == (6, 4)
    assert chain.state.account(OTHER).nonce == 1
    assert outcome.l1_fee == outcome.operator_fee == 0


def test_keeps_mint_and_nonce_when_it_reverts(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=REVERT)
    outcome = chain.apply(deposit(mint=10, value=4, to=CONTRACT))
    chain.finish()
    assert (outcome.succeeded, outcome.error) == (False, "execution reverted")
    assert outcome.gas_used < 30_000
    assert (chain.balance(OTHER), chain.balance(CONTRACT)) == (10, 0)
    assert chain.state.account(OTHER).nonce == 1


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("insufficient funds for transfer", {"value": 11, "mint": 10}),
        ("intrinsic gas too low", {"gas_limit": 20_999, "mint": 10}),
        ("insufficient gas for floor data gas cost", {"gas_limit": 24_000, "data": b"\1" * 100, "mint": 10}),
        ("max initcode size exceeded", {"to": None, "data": bytes(49_153), "gas_limit": 2_000_000, "mint": 10}),
    ],
)
def test_what_fails_outside_the_evm_is_a_failed_receipt_with_all_gas_used(
    chain: Chain, text: str, changes: dict[str, int]
) -> None:
    gas_limit = changes.get("gas_limit", 100_000)
    outcome = chain.apply(deposit(**changes))
    chain.finish()
    assert outcome.error.startswith(f"failed deposit: {text}")
    assert (outcome.succeeded, outcome.gas_used, outcome.logs) == (False, gas_limit, ())
    assert chain.balance(OTHER) == 10
    assert chain.state.account(OTHER).nonce == 1


def test_creates_a_contract_at_the_address_of_its_deposit_nonce(chain: Chain) -> None:
    chain.state.put(OTHER, nonce=5)
    outcome = chain.apply(deposit(to=None, data=CREATE_EMPTY))
    chain.finish()
    assert outcome.deposit_nonce == 5
    assert outcome.created_address == contract_address(OTHER, 5)
    assert chain.state.account(outcome.created_address).nonce == 1


def test_runs_for_a_sender_with_code(chain: Chain) -> None:
    chain.state.put(OTHER, nonce=1, code=STORE_CALLER)
    chain.state.put(CONTRACT, nonce=1, code=STORE_CALLER)
    assert chain.apply(deposit(to=CONTRACT)).succeeded
    assert chain.finish().storage(CONTRACT, 0) == int.from_bytes(OTHER, "big")


def test_uses_the_blocks_gas_and_is_refused_when_it_is_gone(chain: Chain) -> None:
    chain.env = make_env(gas_limit=120_000)
    chain.apply(deposit(gas_limit=20_000))
    with pytest.raises(GasLimitReached):
        chain.apply(deposit(gas_limit=100_001))
    assert chain.apply(deposit(gas_limit=100_000)).succeeded


def test_gets_its_storage_refund_in_gas_but_no_coin(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=bytes.fromhex("5f5f55"), storage={0: 1})
    outcome = chain.apply(deposit(to=CONTRACT, mint=7))
    chain.finish()
    assert outcome.gas_used == 21_000 + 2 + 2 + 5_000 - 4_800
    assert chain.balance(OTHER) == 7
