"""L1 fee and operator fee: the specification's numbers, and who pays whom."""

import pytest

from contracts.addresses import BASE_FEE_VAULT, L1_BLOCK, L1_FEE_VAULT, OPERATOR_FEE_VAULT
from state.execution.errors import InsufficientFunds
from state.execution.fees import (
    L1AttributesInvalid,
    L1FeeParams,
    ReceiptFees,
    data_size6,
    flz_length,
    l1_fee,
    l1_fee_for_size,
    operator_fee,
)
from state.primitives.types import Address, Wei
from tests.unit.state.execution.chains import FEE_RECIPIENT, FUNDS, GWEI, L1, RECIPIENT, SENDER, Chain, make_env, sign

PARAMS = L1FeeParams(
    base_fee=Wei(10**9),
    blob_base_fee=Wei(10**7),
    base_fee_scalar=2,
    blob_base_fee_scalar=3,
    operator_fee_scalar=5,
    operator_fee_constant=11,
)
L1_BLOCK_STORAGE = {1: 10**9, 3: 2 << 96 | 3 << 64 | 9, 7: 10**7, 8: 5 << 64 | 11}


@pytest.mark.parametrize(
    ("fee", "flz", "prices"),
    [(3_203_000, 31, (10**9, 10**7, 2, 3)), (105_484, 235, (2 * 10**6, 3 * 10**6, 20, 15))],
)
def test_l1_fee_is_the_specifications(fee: int, flz: int, prices: tuple[int, int, int, int]) -> None:
    base_fee, blob_base_fee, scalar, blob_scalar = prices
    params = L1FeeParams(
        base_fee=Wei(base_fee),
        blob_base_fee=Wei(blob_base_fee),
        base_fee_scalar=scalar,
        blob_base_fee_scalar=blob_scalar,
    )
    assert l1_fee_for_size(flz, params) == fee


@pytest.mark.parametrize(
    ("length", "data"),
    [(0, b""), (21, bytes(1000)), (21, b"\x01" * 1000), (14, bytes(range(13))), (33, bytes(range(32)))],
)
def test_fastlz_length_is_the_clients(length: int, data: bytes) -> None:
    assert flz_length(data) == length


def test_small_transactions_cost_the_minimum_uncompressed_or_not() -> None:
    small = bytes(range(150))
    assert data_size6(small) == 100_000_000
    assert flz_length(small) <= 170
    assert data_size6(bytes(range(256)) * 2) == max(
        100_000_000, 836_500 * flz_length(bytes(range(256)) * 2) - 42_585_600
    )


def test_parameters_from_storage_and_from_attributes_are_the_same() -> None:
    calldata = bytearray(176)
    calldata[:12] = bytes.fromhex("098999be") + (2).to_bytes(4, "big") + (3).to_bytes(4, "big")
    calldata[36:68], calldata[68:100] = (10**9).to_bytes(32, "big"), (10**7).to_bytes(32, "big")
    calldata[164:168], calldata[168:176] = (5).to_bytes(4, "big"), (11).to_bytes(8, "big")
    assert L1FeeParams.from_attributes(bytes(calldata)) == PARAMS
    assert L1FeeParams.from_storage(lambda slot: L1_BLOCK_STORAGE.get(slot, 0)) == PARAMS


@pytest.mark.parametrize("calldata", [b"", bytes(176), bytes.fromhex("098999be") + bytes(171)])
def test_other_calldata_is_no_attributes(calldata: bytes) -> None:
    with pytest.raises(L1AttributesInvalid, match="not an Isthmus"):
        L1FeeParams.from_attributes(calldata)


def test_operator_fee_rounds_down_before_the_constant() -> None:
    assert operator_fee(199_999, PARAMS) == 11
    assert operator_fee(200_000, PARAMS) == 12


def test_every_wei_that_a_transfer_costs_arrives_somewhere(chain: Chain) -> None:
    chain.state.put(Address(L1_BLOCK), nonce=1, code=b"\0", storage=L1_BLOCK_STORAGE)
    tx = sign(gas_limit=100_000)
    outcome = chain.apply(tx)
    chain.finish()
    assert outcome.l1_fee == l1_fee(tx.raw, PARAMS) > 0
    assert outcome.operator_fee == operator_fee(21_000, PARAMS)
    assert chain.balance(FEE_RECIPIENT) == 21_000 * (GWEI // 2)
    assert chain.balance(Address(BASE_FEE_VAULT)) == 21_000 * GWEI
    assert chain.balance(Address(L1_FEE_VAULT)) == outcome.l1_fee
    assert chain.balance(Address(OPERATOR_FEE_VAULT)) == outcome.operator_fee
    paid = 21_000 * (GWEI + GWEI // 2) + outcome.l1_fee + outcome.operator_fee
    assert chain.balance(SENDER) == FUNDS - 1 - paid
    assert chain.balance(RECIPIENT) == 1


def test_funds_must_cover_the_operator_fee_on_the_gas_limit(chain: Chain) -> None:
    chain.state.put(Address(L1_BLOCK), nonce=1, code=b"\0", storage=L1_BLOCK_STORAGE)
    tx = sign(gas_limit=10_000_000)
    cost = 10_000_000 * 2 * GWEI + 1 + l1_fee(tx.raw, PARAMS) + operator_fee(10_000_000, PARAMS)
    chain.state.put(SENDER, balance=cost - 1)
    with pytest.raises(InsufficientFunds):
        chain.apply(tx)


def test_base_fee_is_burnt_on_l1(chain_of) -> None:  # type: ignore[no-untyped-def]
    chain = chain_of(L1)
    chain.apply(sign(L1))
    chain.finish()
    assert chain.balance(Address(BASE_FEE_VAULT)) == 0
    total = sum(account.balance for account in chain.state.accounts.values())
    assert total == FUNDS - 21_000 * GWEI


def test_a_free_block_leaves_no_empty_accounts_behind(chain: Chain) -> None:
    chain.env = make_env(base_fee_per_gas=0)
    chain.apply(sign(max_fee_per_gas=0, max_priority_fee_per_gas=0, value=0))
    assert set(chain.finish().accounts) == {SENDER}


def test_receipt_fees_survive_their_encoding() -> None:
    fees = ReceiptFees.of(bytes(range(200)), PARAMS)
    assert ReceiptFees.decode(fees.encode()) == fees
    assert fees.l1_gas_used == data_size6(bytes(range(200))) * 16 // 10**6
    assert ReceiptFees.decode(b"") is None
