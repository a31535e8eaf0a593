"""GasPriceOracle: FastLZ lengths and fee formulas of PROTOCOL.md section 5."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.addresses import GAS_PRICE_ORACLE, L1_BLOCK
from contracts.artifacts import artifact
from tests.unit.contracts.fastlz import compress, decompress
from tests.unit.contracts.harness import Contract, Evm, Reverted

BASE_FEE, BLOB_FEE, BASE_SCALAR, BLOB_SCALAR = 2 * 10**6, 3 * 10**6, 20, 15
OPERATOR_SCALAR, OPERATOR_CONSTANT = 7, 9

# Signed contract call of OP mainnet, 0x8eb9dd4e…b594.
MAINNET_CALL = b"".join(
    bytes.fromhex(part)
    for part in (
        "02f901550a758302df1483be21b88304743f94f80e51afb613d764fa61751affd3313c190a86bb870151bd62fd12adb8e41ef24f3f",
        f"{0x6E:064x}",
        "000000000000000000000000af88d065e77c8cc2239327c5edb3a432268e5831",
        f"{0x3C1E5:064x}{0:064x}{0xA0:064x}{20:064x}",
        "8c89ed219d02f1a5be012c689b4f5b731827bebe000000000000000000000000",
        "c001a033fd89cb37c31b2cba46b6466e040c61fc9b2a3675a7f5f493ebd5ad77c497f8",
        "a07cdf65680e238392693019b4092f610222e71b7cec06449cb922b93b6a12744e",
    )
)


@pytest.fixture
def oracle(evm: Evm) -> Contract:
    words = {
        1: BASE_FEE,
        3: BASE_SCALAR << 96 | BLOB_SCALAR << 64,
        7: BLOB_FEE,
        8: OPERATOR_SCALAR << 64 | OPERATOR_CONSTANT,
    }
    evm.place(L1_BLOCK, artifact("L1Block").runtime, words)
    built = artifact("GasPriceOracle")
    return Contract(evm, built, evm.place(GAS_PRICE_ORACLE, built.runtime))


def fee(length: int) -> int:
    size = max(100 * 10**6, 836_500 * length - 42_585_600)
    return size * (16 * BASE_SCALAR * BASE_FEE + BLOB_SCALAR * BLOB_FEE) // 10**12


def length_on_chain(oracle: Contract, data: bytes) -> int:
    """FastLZ length, told from a fee that is exact in it."""
    oracle.evm.state.set_storage(L1_BLOCK, 3, 1 << 96)
    oracle.evm.state.set_storage(L1_BLOCK, 1, 10**18)
    scaled = oracle.call("getL1Fee", data) // (16 * 10**6)
    return (scaled + 42_585_600) // 836_500 - 68


@pytest.mark.parametrize(
    ("data", "length"),
    [(b"", 0), (b"\0" * 1000, 21), (b"\1" * 1000, 21), (bytes.fromhex("facade"), 4), (MAINNET_CALL, 202)],
)
def test_reference_compressor_meets_the_published_lengths(data: bytes, length: int) -> None:
    assert len(compress(data)) == length


@pytest.mark.parametrize("size", [200, 1_013, 8_300])
@pytest.mark.parametrize("alphabet", [1, 2, 5, 256])
def test_measures_fastlz_level_one_output(oracle: Contract, size: int, alphabet: int) -> None:
    source = random.Random(size * alphabet)
    data = bytes(source.randrange(alphabet) for _ in range(size))
    packed = compress(data)
    assert decompress(packed) == data
    expected = max(len(packed) + 68, 171) - 68  # below 171 the fee is at its floor
    assert max(length_on_chain(oracle, data), 171 - 68) == expected


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(pieces=st.lists(st.binary(max_size=60), max_size=12), order=st.lists(st.integers(0, 11), max_size=40))
def test_fee_follows_the_compressed_length(oracle: Contract, pieces: list[bytes], order: list[int]) -> None:
    data = b"".join(pieces[i % len(pieces)] for i in order) if pieces else b""
    packed = compress(data)
    assert decompress(packed) == data
    assert oracle.call("getL1Fee", data) == fee(len(packed) + 68)


def test_fee_example_of_the_specification(oracle: Contract) -> None:
    assert fee(235) == 105_484
    data = next(
        d
        for d in (random.Random(i).randbytes(n) for n in range(158, 166) for i in range(40))
        if len(compress(d)) == 235 - 68
    )
    assert oracle.call("getL1Fee", data) == 105_484


def test_gas_used_and_upper_bound_use_the_same_estimate(oracle: Contract) -> None:
    length = len(compress(MAINNET_CALL)) + 68
    assert oracle.call("getL1GasUsed", MAINNET_CALL) == (836_500 * length - 42_585_600) * 16 // 10**6
    assert oracle.call("getL1GasUsed", b"") == 1_600
    assert oracle.call("getL1FeeUpperBound", 1_000) == fee(1_068 + 1_068 // 255 + 16)


def test_operator_fee_is_proportional_plus_constant(oracle: Contract) -> None:
    assert oracle.call("getOperatorFee", 3_000_000) == 3 * OPERATOR_SCALAR + OPERATOR_CONSTANT
    assert oracle.call("getOperatorFee", 2**256 - 1) == (2**256 - 1) // 10**6 + OPERATOR_CONSTANT


def test_repeats_the_l1_attributes_and_names_its_forks(oracle: Contract) -> None:
    assert oracle.call("l1BaseFee") == BASE_FEE
    assert oracle.call("blobBaseFee") == BLOB_FEE
    assert oracle.call("baseFeeScalar") == BASE_SCALAR
    assert oracle.call("blobBaseFeeScalar") == BLOB_SCALAR
    assert oracle.call("decimals") == oracle.call("DECIMALS") == 6
    assert oracle.call("gasPrice") == oracle.call("baseFee") == oracle.evm.state.execution_context.base_fee_per_gas
    assert all(oracle.call(fork) for fork in ("isEcotone", "isFjord", "isIsthmus"))
    assert oracle.call("isJovian") is False


@pytest.mark.parametrize("function", ["overhead", "scalar"])
def test_values_from_before_ecotone_are_deprecated(oracle: Contract, function: str) -> None:
    oracle.reverts("Deprecated", function)


def test_refuses_data_beyond_any_transaction(oracle: Contract) -> None:
    with pytest.raises(Reverted):
        oracle.call("getL1GasUsed", b"\0" * 131_073)
