"""EIP-1559's base fee and Holocene's extraData."""

import pytest
from eth.vm.forks.london.headers import calculate_expected_base_fee_per_gas
from eth.vm.forks.prague.blocks import PragueBlockHeader

from state.blocks import (
    EMPTY_TRIE_ROOT,
    Header,
    decode_holocene_extra_data,
    encode_holocene_extra_data,
    next_base_fee,
)
from state.errors import InvalidBlock

GWEI = 10**9


def parent(gas_used: int, base_fee: int = GWEI, gas_limit: int = 30_000_000) -> Header:
    return Header(
        parent_hash=bytes(32),
        fee_recipient=bytes(20),
        state_root=EMPTY_TRIE_ROOT,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=1,
        gas_limit=gas_limit,
        gas_used=gas_used,
        timestamp=1,
        extra_data=b"",
        prev_randao=bytes(32),
        base_fee_per_gas=base_fee,
        withdrawals_root=EMPTY_TRIE_ROOT,
    )


@pytest.mark.parametrize("base_fee", [7, 8, 1_000, GWEI, 10**14])
@pytest.mark.parametrize("gas_used", [0, 1, 14_999_999, 15_000_000, 15_000_001, 22_222_222, 30_000_000])
def test_base_fee_on_l1_is_py_evms(gas_used: int, base_fee: int) -> None:
    theirs = PragueBlockHeader(0, 1, 30_000_000, gas_used=gas_used, timestamp=1, base_fee_per_gas=base_fee)
    assert next_base_fee(parent(gas_used, base_fee), 8, 2) == calculate_expected_base_fee_per_gas(theirs)


def test_full_block_raises_the_base_fee_by_the_chains_own_step() -> None:
    assert next_base_fee(parent(30_000_000), 250, 6) == GWEI + GWEI * 5 // 250
    assert next_base_fee(parent(0), 250, 6) == GWEI - GWEI // 250
    assert next_base_fee(parent(5_000_000), 250, 6) == GWEI


def test_base_fee_rises_by_at_least_one_wei_and_never_falls_below_zero() -> None:
    assert next_base_fee(parent(15_000_001, base_fee=7), 8, 2) == 8
    assert next_base_fee(parent(0, base_fee=0), 8, 2) == 0
    assert next_base_fee(parent(0, base_fee=1), 1, 2) == 0


def test_a_target_of_zero_keeps_the_base_fee() -> None:
    assert next_base_fee(parent(3, gas_limit=5), 8, 6) == GWEI


@pytest.mark.parametrize(("denominator", "elasticity"), [(250, 6), (1, 1), (2**32 - 1, 2**32 - 1)])
def test_extra_data_survives(denominator: int, elasticity: int) -> None:
    data = encode_holocene_extra_data(denominator, elasticity)
    assert len(data) == 9
    assert decode_holocene_extra_data(data) == (denominator, elasticity)


def test_extra_data_is_the_specifications_layout() -> None:
    assert encode_holocene_extra_data(250, 6).hex() == "00000000fa00000006"


@pytest.mark.parametrize(
    "data",
    ["", "00000000fa000000", "00000000fa0000000600", "01000000fa00000006", "000000000000000006", "00000000fa00000000"],
)
def test_refuses_other_extra_data(data: str) -> None:
    with pytest.raises(InvalidBlock):
        decode_holocene_extra_data(bytes.fromhex(data))


@pytest.mark.parametrize(("denominator", "elasticity"), [(0, 6), (250, 0), (2**32, 6), (250, 2**32), (-1, 6)])
def test_refuses_parameters_out_of_range(denominator: int, elasticity: int) -> None:
    with pytest.raises(InvalidBlock):
        encode_holocene_extra_data(denominator, elasticity)
