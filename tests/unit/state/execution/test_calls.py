"""eth_call: nothing is kept, overrides hold, geth's refusals stay refusals."""

from typing import Any

import pytest

from state.errors import InvalidTransaction
from state.execution.errors import FeeCapTooLow, InsufficientFunds, IntrinsicGasTooLow
from state.execution.port import AccountOverride
from state.primitives.types import Address
from tests.unit.state.execution.chains import CONTRACT, FUNDS, GWEI, OTHER, SENDER, Chain

RETURN_SLOT_0 = bytes.fromhex("5f545f5260205ff3")
RETURN_SLOT_1 = bytes.fromhex("6001545f5260205ff3")
RETURN_BALANCE = bytes.fromhex("33315f5260205ff3")
RETURN_BASE_FEE = bytes.fromhex("485f5260205ff3")
STORE_AND_RETURN = bytes.fromhex("60075f555f545f5260205ff3")


def number(output: bytes) -> int:
    return int.from_bytes(output, "big")


def test_writes_are_seen_inside_and_forgotten_after(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=STORE_AND_RETURN)
    assert number(chain.call().output) == 7
    assert chain.state.storage(CONTRACT, 0) == 0
    assert chain.state.account(SENDER).nonce == 0


@pytest.mark.parametrize(
    ("expected", "code", "override"),
    [
        (5, RETURN_SLOT_0, {"state_diff": {0: 5}}),
        (2, RETURN_SLOT_1, {"state_diff": {0: 5}}),
        (0, RETURN_SLOT_1, {"state": {0: 5}}),
        (5, RETURN_SLOT_0, {"state": {0: 5}}),
        (9, b"\0", {"code": bytes.fromhex("60095f5260205ff3")}),
    ],
)
def test_overrides_replace_storage_and_code(chain: Chain, expected: int, code: bytes, override: dict[str, Any]) -> None:
    chain.state.put(CONTRACT, nonce=1, code=code, storage={0: 1, 1: 2})
    assert number(chain.call({CONTRACT: AccountOverride(**override)}).output) == expected


def test_overridden_balance_pays_for_value(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=RETURN_BALANCE)
    overrides = {OTHER: AccountOverride(balance=50)}
    assert number(chain.call(overrides, sender=OTHER, value=20).output) == 30
    with pytest.raises(InsufficientFunds):
        chain.call(sender=OTHER, value=20)


def test_overridden_nonce_moves_a_creation(chain: Chain) -> None:
    overrides = {SENDER: AccountOverride(nonce=7)}
    plain, moved = (chain.call(o, to=None, data=bytes.fromhex("5f5ff3")) for o in (None, overrides))
    assert plain.created_address != moved.created_address


def test_base_fee_is_zero_without_a_gas_price(chain: Chain) -> None:
    chain.state.put(CONTRACT, nonce=1, code=RETURN_BASE_FEE)
    assert number(chain.call().output) == 0
    assert number(chain.call(gas_price=GWEI).output) == GWEI


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        (IntrinsicGasTooLow, {"gas_limit": 20_000}),
        (FeeCapTooLow, {"gas_price": 1}),
        (InsufficientFunds, {"gas_price": 2 * FUNDS // 10**6}),
        (InsufficientFunds, {"value": FUNDS + 1}),
    ],
)
def test_refuses_what_geth_refuses(chain: Chain, error: type[InvalidTransaction], changes: dict[str, int]) -> None:
    with pytest.raises(error):
        chain.call(**changes)


def test_call_to_nobody_succeeds_with_nothing(chain: Chain) -> None:
    outcome = chain.call(to=Address(b"\x99" * 20))
    assert (outcome.succeeded, outcome.output, outcome.gas_used) == (True, b"", 21_000)
