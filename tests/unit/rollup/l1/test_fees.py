"""Fee offers, replacements and gas of calldata."""

import pytest

from rollup.l1 import FeeOffer, FeePolicy, calldata_floor_gas, calldata_gas
from rollup.l1.fees import transaction_gas_limit
from state.execution.validation import floor_gas, intrinsic_gas
from state.primitives.types import Wei


def test_offer_covers_a_rising_base_fee_up_to_the_cap() -> None:
    policy = FeePolicy(max_fee_cap=Wei(50 * 10**9))
    assert policy.offer(10 * 10**9, 10**9) == FeeOffer(priority_fee=Wei(10**9), max_fee=Wei(21 * 10**9))
    assert policy.offer(40 * 10**9, 10**9).max_fee == 50 * 10**9


def test_offer_never_tips_more_than_it_pays() -> None:
    offer = FeePolicy(max_fee_cap=Wei(5)).offer(1, 100)
    assert offer.priority_fee <= offer.max_fee == 5


@pytest.mark.parametrize("start", [1, 7, 9, 10, 10**9 + 1])
def test_bump_raises_both_fees_by_at_least_ten_percent(start: int) -> None:
    last = FeeOffer(priority_fee=Wei(start), max_fee=Wei(start))
    bumped = FeePolicy(min_priority_fee=Wei(0)).bump(last, 0, 0)
    assert bumped is not None
    assert bumped.priority_fee * 10 >= start * 11
    assert bumped.max_fee * 10 >= start * 11


def test_bump_follows_the_market_and_stops_at_the_cap() -> None:
    policy = FeePolicy(max_fee_cap=Wei(30))
    policy_last = FeeOffer(priority_fee=Wei(1), max_fee=Wei(10))
    dearer = FeePolicy(min_priority_fee=Wei(1), max_fee_cap=Wei(1000)).bump(policy_last, 100, 5)
    assert dearer == FeeOffer(priority_fee=Wei(5), max_fee=Wei(205))
    assert policy.bump(FeeOffer(priority_fee=Wei(1), max_fee=Wei(30)), 1, 1) is None


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 100, bytes(1000) + b"\x01" * 1000])
def test_calldata_gas_is_what_the_chain_charges(data: bytes) -> None:
    assert calldata_gas(data) == intrinsic_gas(data, is_creation=False)
    assert calldata_floor_gas(data) == floor_gas(data)


def test_gas_limit_never_falls_below_the_floor() -> None:
    data = b"\xff" * 10_000
    assert transaction_gas_limit(data, 30_000) == calldata_floor_gas(data)
    assert transaction_gas_limit(b"", 800_000) == 900_000
