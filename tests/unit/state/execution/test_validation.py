"""Our own validation, under the executors that rely on it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from state.errors import InvalidTransaction
from state.execution.errors import (
    EmptyAuthorizations,
    FeeCapTooLow,
    FloorDataGas,
    GasLimitReached,
    InitCodeTooLarge,
    InsufficientFunds,
    IntrinsicGasTooLow,
    NonceMax,
    NonceTooHigh,
    NonceTooLow,
    SenderNotEOA,
    SetCodeCreation,
    TipAboveFeeCap,
    WrongChain,
)
from state.execution.validation import floor_gas, intrinsic_gas, is_delegation, validate_stateless
from state.primitives.types import UINT64_MAX, Address, Hash32
from state.transactions import AccessListEntry, TransactionType
from tests.unit.state.execution.chains import FUNDS, GWEI, KEY, L1, L2, SENDER, Chain, authorize, make_env, sign

MAX_INITCODE = 49_152

REJECTED: list[tuple[str, type[InvalidTransaction], str, dict[str, Any]]] = [
    ("foreign_chain_id", WrongChain, "invalid chain id for signer", {"chain_id": 1}),
    (
        "legacy_foreign_chain",
        WrongChain,
        "invalid chain id for signer",
        {"type": TransactionType.LEGACY, "chain_id": 1},
    ),
    ("tip_above_cap", TipAboveFeeCap, "max priority fee per gas higher", {"max_priority_fee_per_gas": 2 * GWEI + 1}),
    ("cap_below_base", FeeCapTooLow, "max fee per gas less than block base fee", {"max_fee_per_gas": GWEI - 1}),
    ("nonce_ahead", NonceTooHigh, "nonce too high", {"nonce": 1}),
    ("nonce_max", NonceMax, "nonce has max value", {"nonce": UINT64_MAX}),
    ("gas_short", IntrinsicGasTooLow, "intrinsic gas too low", {"gas_limit": 20_999}),
    (
        "floor_short",
        FloorDataGas,
        "insufficient gas for floor data gas cost",
        {"data": b"\1" * 100, "gas_limit": 23_000},
    ),
    ("no_funds", InsufficientFunds, "insufficient funds for gas * price + value", {"value": FUNDS}),
    ("too_much_gas", GasLimitReached, "gas limit reached", {"gas_limit": 30_000_001}),
    (
        "huge_initcode",
        InitCodeTooLarge,
        "max initcode size exceeded",
        {"to": None, "data": bytes(MAX_INITCODE + 1), "gas_limit": 5_000_000},
    ),
    ("empty_authorizations", EmptyAuthorizations, "empty auth list", {"type": TransactionType.SET_CODE}),
]


@pytest.mark.parametrize(("error", "text", "changes"), [row[1:] for row in REJECTED], ids=[row[0] for row in REJECTED])
def test_rejects_in_geths_words_and_changes_nothing(
    chain: Chain, error: type[InvalidTransaction], text: str, changes: dict[str, Any]
) -> None:
    fees = {"max_priority_fee_per_gas": 0} if "max_fee_per_gas" in changes else {}
    with pytest.raises(error, match=text.replace("*", r"\*").replace("+", r"\+")):
        chain.apply(sign(**(fees | changes)))
    assert chain.finish().account(SENDER).balance == FUNDS
    assert chain.state.account(SENDER).nonce == 0


def test_rejects_a_used_nonce(chain: Chain) -> None:
    chain.apply(sign())
    with pytest.raises(NonceTooLow, match="nonce too low"):
        chain.apply(sign())


def test_rejects_a_sender_with_code(chain: Chain) -> None:
    chain.state.put(SENDER, balance=FUNDS, code=b"\x60\x00")
    with pytest.raises(SenderNotEOA, match="sender not an eoa"):
        chain.apply(sign())


def test_accepts_a_sender_with_a_delegation(chain: Chain) -> None:
    chain.state.put(SENDER, balance=FUNDS, code=b"\xef\x01\x00" + bytes(20))
    assert chain.apply(sign()).succeeded


def test_accepts_an_unprotected_legacy_transaction(chain: Chain) -> None:
    legacy = sign(type=TransactionType.LEGACY, chain_id=None, max_priority_fee_per_gas=2 * GWEI)
    assert chain.apply(legacy).succeeded


def test_balance_must_cover_value_and_fees_to_the_wei(chain_of: Callable[..., Chain]) -> None:
    cost = 21_000 * 2 * GWEI + 1
    for balance in (cost - 1, cost):
        chain = chain_of(L1)
        chain.state.put(SENDER, balance=balance)
        if balance == cost:
            assert chain.apply(sign(L1)).succeeded
        else:
            with pytest.raises(InsufficientFunds):
                chain.apply(sign(L1))


def test_block_gas_is_what_earlier_transactions_left(chain: Chain) -> None:
    chain.env = make_env(gas_limit=50_000)
    chain.apply(sign())
    with pytest.raises(GasLimitReached, match="have 29000, want 29001"):
        chain.apply(sign(nonce=1, gas_limit=29_001))
    assert chain.apply(sign(nonce=1, gas_limit=29_000)).succeeded


def test_set_code_transaction_without_recipient_is_refused() -> None:
    valid = sign(
        type=TransactionType.SET_CODE, authorizations=(authorize(KEY, Address(bytes(20)), 0),), gas_limit=10**5
    )
    creating = dataclasses.replace(valid, transaction=dataclasses.replace(valid.transaction, to=None))
    with pytest.raises(SetCodeCreation):
        validate_stateless(creating, L2)


@pytest.mark.parametrize(
    ("expected", "data", "is_creation", "keys", "authorizations"),
    [
        (21_000, b"", False, None, 0),
        (21_000 + 4 + 16, b"\0\1", False, None, 0),
        (53_000, b"", True, None, 0),
        (53_000 + 33 * 16 + 4, b"\1" * 33, True, None, 0),
        (21_000 + 2_400 + 2 * 1_900, b"", False, 2, 0),
        (21_000 + 75_000, b"", False, None, 3),
    ],
)
def test_intrinsic_gas_adds_up(
    expected: int, data: bytes, is_creation: bool, keys: int | None, authorizations: int
) -> None:
    entries = () if keys is None else (AccessListEntry(address=SENDER, storage_keys=(Hash32(bytes(32)),) * keys),)
    gas = intrinsic_gas(data, is_creation=is_creation, access_list=entries, authorization_count=authorizations)
    assert gas == expected


def test_floor_counts_ten_for_a_zero_byte_and_forty_for_any_other() -> None:
    assert floor_gas(b"") == 21_000
    assert floor_gas(b"\0\1") == 21_050


def test_only_twenty_three_bytes_from_ef0100_are_a_delegation() -> None:
    assert is_delegation(b"\xef\x01\x00" + bytes(20))
    assert not is_delegation(b"\xef\x01\x00" + bytes(19))
    assert not is_delegation(b"\xef\x01\x01" + bytes(20))
