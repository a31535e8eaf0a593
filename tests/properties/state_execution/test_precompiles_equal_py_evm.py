"""Each native precompile against py-evm's own: same price, same output, same failures, on good and bad inputs."""

import hashlib
from collections.abc import Callable

import pytest
from coincurve import PrivateKey
from eth.exceptions import VMError
from eth.vm.forks.prague.computation import PRAGUE_PRECOMPILES
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from state.execution.precompiles import ETHEREUM_PRECOMPILES, bls12_381, bn254, evm_functions, precompile_address

NATIVE = evm_functions(ETHEREUM_PRECOMPILES)
BN254_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617
BN254_FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583
BN254_G2 = bytes.fromhex(
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
)


class FakeComputation:
    """As much of a computation as a precompile touches."""

    def __init__(self, data: bytes) -> None:
        self.msg = self
        self.data = self.data_as_bytes = data
        self.gas = 0
        self.output = b""

    def consume_gas(self, amount: int, reason: str) -> None:
        self.gas += amount


def outcome(function: Callable, data: bytes) -> tuple[int, bytes] | None:
    """(gas, output), or None for a failure, which costs all gas whenever it's noticed."""
    computation = FakeComputation(data)
    try:
        function(computation)
    except VMError:
        return None
    return computation.gas, bytes(computation.output)


def assert_equal(number: int, data: bytes) -> None:
    address = precompile_address(number)
    assert outcome(NATIVE[address], data) == outcome(PRAGUE_PRECOMPILES[address], data)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def damaged(inputs: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Inputs as they are, cut, extended, or with one byte changed."""

    def flip(data: bytes, position: int, mask: int) -> bytes:
        if not data:
            return data
        position %= len(data)
        return data[:position] + bytes((data[position] ^ mask,)) + data[position + 1 :]

    return st.one_of(
        inputs,
        st.builds(flip, inputs, st.integers(0, 10_000), st.integers(1, 255)),
        st.builds(lambda data, cut: data[: max(0, len(data) - cut)], inputs, st.integers(1, 200)),
        st.builds(lambda data, tail: data + tail, inputs, st.binary(min_size=1, max_size=200)),
    )


def test_every_ethereum_precompile_has_a_native_counterpart() -> None:
    assert NATIVE.keys() == PRAGUE_PRECOMPILES.keys()


# 0x01 to 0x04


def signed_inputs() -> st.SearchStrategy[bytes]:
    def build(key: int, digest: bytes, high_s: bool) -> bytes:
        signature = PrivateKey.from_int(key).sign_recoverable(digest, hasher=None)
        s, v = int.from_bytes(signature[32:64], "big"), signature[64]
        if high_s:
            s, v = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - s, 1 - v
        return digest + word(27 + v) + signature[:32] + word(s)

    return st.builds(build, st.integers(1, 2**250), st.binary(min_size=32, max_size=32), st.booleans())


@settings(max_examples=100, deadline=None)
@given(st.one_of(damaged(signed_inputs()), st.binary(max_size=160)))
def test_ecrecover_equals_py_evm(data: bytes) -> None:
    assert_equal(1, data)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
@example(b"")
def test_hashes_and_identity_equal_py_evm(data: bytes) -> None:
    for number in (2, 3, 4):
        assert_equal(number, data)


# 0x05


def modexp_inputs() -> st.SearchStrategy[bytes]:
    def build(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
        return word(len(base)) + word(len(exponent)) + word(len(modulus)) + base + exponent + modulus

    operand = st.binary(min_size=1, max_size=70)
    return st.builds(build, operand, st.binary(max_size=70), operand)


def has_small_lengths(data: bytes) -> bool:
    """Every length below 256 (py-evm is asked for no more), and a base (where py-evm is wrong without, see below)."""
    return not any(data[:31] + data[32:63] + data[64:95]) and data[31:32] not in (b"", b"\0")


@settings(max_examples=200, deadline=None)
@given(damaged(modexp_inputs()).filter(has_small_lengths))
@example(b"")
@example(word(1) + word(0) + word(1) + b"\x03\x02")
@example(word(1) + word(40) + word(1) + b"\x03")
def test_modexp_equals_py_evm(data: bytes) -> None:
    assert_equal(5, data)


def test_modexp_with_an_empty_base_is_zero_to_the_exponent() -> None:
    """py-evm answers 0 for any exponent; EIP-198, EELS and geth say 0^0 = 1."""
    run = ETHEREUM_PRECOMPILES[precompile_address(5)].run
    assert run(word(0) + word(0) + word(1) + b"\x05") == b"\x01"
    assert run(word(0) + word(1) + word(1) + b"\x00\x05") == b"\x01"
    assert run(word(0) + word(1) + word(1) + b"\x02\x05") == b"\x00"


def test_modexp_prices_impossible_lengths_beyond_any_gas_limit() -> None:
    gas = ETHEREUM_PRECOMPILES[precompile_address(5)].gas
    assert gas(word(2**255) + word(1) + word(1)) > 2**255
    assert gas(word(1) + word(2**255) + word(1)) > 2**255


# 0x06 to 0x08


def bn254_point(scalar: int) -> bytes:
    return bn254.multiply(word(1) + word(2) + word(scalar))


bn254_points = st.one_of(
    st.builds(bn254_point, st.integers(0, BN254_ORDER)), st.just(bytes(64)), st.just(word(BN254_FIELD + 1) + word(2))
)


@settings(max_examples=60, deadline=None)
@given(damaged(st.builds(lambda a, b: a + b, bn254_points, bn254_points)))
def test_bn254_add_equals_py_evm(data: bytes) -> None:
    assert_equal(6, data)


@settings(max_examples=40, deadline=None)
@given(damaged(st.builds(lambda a, b: a + b, bn254_points, st.binary(min_size=32, max_size=32))))
def test_bn254_multiply_equals_py_evm(data: bytes) -> None:
    assert_equal(7, data)


def negated(point: bytes) -> bytes:
    x, y = point[:32], int.from_bytes(point[32:], "big")
    return x + word((BN254_FIELD - y) % BN254_FIELD)


BALANCED = bn254_point(7) + BN254_G2 + negated(bn254_point(7)) + BN254_G2
UNBALANCED = bn254_point(7) + BN254_G2
SWAPPED = bn254_point(7) + BN254_G2[32:64] + BN254_G2[:32] + BN254_G2[96:] + BN254_G2[64:96]
INFINITE = bytes(64) + BN254_G2 + bn254_point(3) + bytes(128)
OVERSIZE_X = word(BN254_FIELD + 1) + word(2) + BN254_G2


@pytest.mark.parametrize(
    "data",
    [b"", BALANCED, UNBALANCED, SWAPPED, INFINITE, OVERSIZE_X, BALANCED[:-1], bytes(192)],
    ids=["empty", "balanced", "unbalanced", "off the twist", "infinity", "beyond the field", "cut", "zeros"],
)
def test_bn254_pairing_equals_py_evm(data: bytes) -> None:
    assert_equal(8, data)


@settings(max_examples=4, deadline=None)
@given(damaged(st.builds(lambda scalar: bn254_point(scalar) + BN254_G2, st.integers(0, BN254_ORDER))))
def test_bn254_pairing_equals_py_evm_on_damaged_inputs(data: bytes) -> None:
    assert_equal(8, data)


# 0x09 and 0x0a


@settings(max_examples=100, deadline=None)
@given(
    damaged(
        st.builds(
            lambda rounds, body, flag: rounds.to_bytes(4, "big") + body + bytes((flag,)),
            st.integers(0, 60),
            st.binary(min_size=208, max_size=208),
            st.integers(0, 2),
        )
    ).filter(lambda data: data[:3] == bytes(3))
)
def test_blake2f_equals_py_evm(data: bytes) -> None:
    assert_equal(9, data)


INFINITY = b"\xc0" + bytes(47)
VERSIONED = b"\x01" + hashlib.sha256(INFINITY).digest()[1:]
ZERO_POLYNOMIAL = VERSIONED + word(5) + word(0) + INFINITY + INFINITY


@pytest.mark.parametrize(
    "data",
    [
        ZERO_POLYNOMIAL,
        ZERO_POLYNOMIAL[:-1],
        VERSIONED + word(5) + word(1) + INFINITY + INFINITY,
        VERSIONED + b"\xff" * 32 + word(0) + INFINITY + INFINITY,
        bytes(32) + ZERO_POLYNOMIAL[32:],
        VERSIONED + word(5) + word(0) + INFINITY + b"\x01" * 48,
    ],
    ids=["proven", "cut", "disproven", "beyond the field", "other hash", "no point"],
)
def test_point_evaluation_equals_py_evm(data: bytes) -> None:
    assert_equal(10, data)


# 0x0b to 0x11


def padded(elements: bytes) -> bytes:
    return b"".join(bytes(16) + elements[start : start + 48] for start in range(0, len(elements), 48))


def g1(scalar: int) -> bytes:
    return padded((G1Point() * Scalar(scalar)).to_xy_bytes_be())


def g2(scalar: int) -> bytes:
    return padded((G2Point() * Scalar(scalar)).to_xy_bytes_be())


def g1_outside_subgroup() -> bytes:
    """The curve's point with the least x that isn't in the subgroup."""
    p = bls12_381.FIELD_MODULUS
    for x in range(1, 100):
        y = pow(x**3 + 4, (p + 1) // 4, p)
        if y * y % p == (x**3 + 4) % p:
            encoded = x.to_bytes(64, "big") + y.to_bytes(64, "big")
            if not bls12_381.decode_g1(encoded, in_subgroup=False).is_in_subgroup():
                return encoded
    raise AssertionError("no such point")


BLS_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
OUTSIDE = g1_outside_subgroup()
BEYOND_FIELD = (bls12_381.FIELD_MODULUS + 1).to_bytes(64, "big") + bytes(64)
g1_points = st.one_of(
    st.builds(g1, st.integers(0, 2**250)), st.just(bytes(128)), st.just(OUTSIDE), st.just(BEYOND_FIELD)
)
g2_points = st.one_of(st.builds(g2, st.integers(0, 2**250)), st.just(bytes(256)))
scalars = st.one_of(st.binary(min_size=32, max_size=32), st.just(b"\xff" * 32), st.just(bytes(32)))


@settings(max_examples=40, deadline=None)
@given(damaged(st.builds(lambda a, b: a + b, g1_points, g1_points)))
@example(OUTSIDE + OUTSIDE)
def test_bls_g1_add_equals_py_evm(data: bytes) -> None:
    assert_equal(0x0B, data)


@settings(max_examples=10, deadline=None)
@given(damaged(st.lists(st.builds(lambda a, b: a + b, g1_points, scalars), min_size=1, max_size=3).map(b"".join)))
@example(OUTSIDE + word(1))
@example(b"")
def test_bls_g1_msm_equals_py_evm(data: bytes) -> None:
    assert_equal(0x0C, data)


@settings(max_examples=25, deadline=None)
@given(damaged(st.builds(lambda a, b: a + b, g2_points, g2_points)))
def test_bls_g2_add_equals_py_evm(data: bytes) -> None:
    assert_equal(0x0D, data)


@settings(max_examples=5, deadline=None)
@given(damaged(st.lists(st.builds(lambda a, b: a + b, g2_points, scalars), min_size=1, max_size=2).map(b"".join)))
def test_bls_g2_msm_equals_py_evm(data: bytes) -> None:
    assert_equal(0x0E, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        g1(5) + g2(7),
        g1(5) + g2(7) + g1(BLS_ORDER - 35) + g2(1),
        bytes(128) + g2(7),
        g1(5) + bytes(256),
        OUTSIDE + g2(1),
        (g1(5) + g2(7))[:-1],
    ],
    ids=["empty", "unbalanced", "balanced", "infinite G1", "infinite G2", "outside the subgroup", "cut"],
)
def test_bls_pairing_equals_py_evm(data: bytes) -> None:
    assert_equal(0x0F, data)


@settings(max_examples=8, deadline=None)
@given(damaged(st.integers(0, bls12_381.FIELD_MODULUS).map(lambda value: value.to_bytes(64, "big"))))
@example(bls12_381.FIELD_MODULUS.to_bytes(64, "big"))
def test_bls_map_to_g1_equals_py_evm(data: bytes) -> None:
    assert_equal(0x10, data)


@settings(max_examples=5, deadline=None)
@given(
    st.lists(st.integers(0, bls12_381.FIELD_MODULUS).map(lambda v: v.to_bytes(64, "big")), min_size=2, max_size=2).map(
        b"".join
    )
)
@example(bytes(128))
@example(bytes(64))
def test_bls_map_to_g2_equals_py_evm(data: bytes) -> None:
    assert_equal(0x11, data)


@pytest.mark.parametrize("terms", [1, 2, 128, 130])
@pytest.mark.parametrize(("number", "length"), [(0x0C, 160), (0x0E, 288)])
def test_msm_prices_follow_the_discount_table(number: int, length: int, terms: int) -> None:
    """Points at infinity: py-evm is quick with them."""
    assert_equal(number, bytes(length * terms))
