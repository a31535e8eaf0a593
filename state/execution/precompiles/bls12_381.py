"""0x0b to 0x11: BLS12-381 (EIP-2537) on arkworks.

A field element is 64 bytes, big-endian, the first 16 zero and the value below the modulus. G1 = x ++ y; G2 = x.c0 ++
x.c1 ++ y.c0 ++ y.c1; the point at infinity is all zeros. Every point must lie on its curve; multi-scalar
multiplication and pairing also demand the subgroup, addition doesn't.
"""

from collections.abc import Callable
from typing import Final

from eth.precompiles.bls12_381.constants import G1_MSM_DISCOUNTS, G2_MSM_DISCOUNTS
from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from state.execution.precompiles.contract import InvalidInput, Precompile, flat_price

FIELD_MODULUS: Final = (
    0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
)
G1_LENGTH: Final = 128
G2_LENGTH: Final = 256
G1_TERM: Final = G1_LENGTH + 32
G2_TERM: Final = G2_LENGTH + 32
PAIR_LENGTH: Final = G1_LENGTH + G2_LENGTH
PAIRING_BASE_GAS: Final = 37_700
PAIRING_PAIR_GAS: Final = 32_600
_MODULUS_BYTES: Final = FIELD_MODULUS.to_bytes(48, "big")


def _field_elements(data: bytes) -> bytes:
    """The 48-byte forms of 64-byte field elements, joined."""
    parts = []
    for start in range(0, len(data), 64):
        element = data[start + 16 : start + 64]
        if any(data[start : start + 16]) or element >= _MODULUS_BYTES:
            raise InvalidInput("a field element is not below the modulus")
        parts.append(element)
    return b"".join(parts)


def _padded(elements: bytes) -> bytes:
    """48-byte field elements as 64-byte ones."""
    return b"".join(bytes(16) + elements[start : start + 48] for start in range(0, len(elements), 48))


def decode_g1(data: bytes, *, in_subgroup: bool) -> G1Point:
    """The G1 point in 128 bytes. Raises InvalidInput."""
    try:
        point = G1Point.from_xy_bytes_unchecked_be(_field_elements(data))
    except ValueError as error:
        raise InvalidInput("a G1 point is not on the curve") from error
    if in_subgroup and not point.is_in_subgroup():
        raise InvalidInput("a G1 point is not in the subgroup")
    return point


def decode_g2(data: bytes, *, in_subgroup: bool) -> G2Point:
    """The G2 point in 256 bytes. Raises InvalidInput."""
    try:
        point = G2Point.from_xy_bytes_unchecked_be(_field_elements(data))
    except ValueError as error:
        raise InvalidInput("a G2 point is not on the curve") from error
    if in_subgroup and not point.is_in_subgroup():
        raise InvalidInput("a G2 point is not in the subgroup")
    return point


def _expect_length(data: bytes, length: int) -> None:
    if len(data) != length:
        raise InvalidInput(f"got {len(data)} bytes, expected {length}")


def _items(data: bytes, length: int) -> list[bytes]:
    """`data` in pieces of `length`, at least one."""
    if not data or len(data) % length:
        raise InvalidInput(f"got {len(data)} bytes, expected a positive multiple of {length}")
    return [data[start : start + length] for start in range(0, len(data), length)]


def g1_add(data: bytes) -> bytes:
    """The sum of two G1 points."""
    _expect_length(data, 2 * G1_LENGTH)
    total = decode_g1(data[:G1_LENGTH], in_subgroup=False) + decode_g1(data[G1_LENGTH:], in_subgroup=False)
    return _padded(total.to_xy_bytes_be())


def g2_add(data: bytes) -> bytes:
    """The sum of two G2 points."""
    _expect_length(data, 2 * G2_LENGTH)
    total = decode_g2(data[:G2_LENGTH], in_subgroup=False) + decode_g2(data[G2_LENGTH:], in_subgroup=False)
    return _padded(total.to_xy_bytes_be())


def g1_msm(data: bytes) -> bytes:
    """The sum of (G1 point ++ scalar)*. Scalars may be any 256-bit number."""
    terms = _items(data, G1_TERM)
    points = [decode_g1(term[:G1_LENGTH], in_subgroup=True) for term in terms]
    scalars = [Scalar.from_be_bytes_mod_order(term[G1_LENGTH:]) for term in terms]
    return _padded(G1Point.multiexp_unchecked(points, scalars).to_xy_bytes_be())


def g2_msm(data: bytes) -> bytes:
    """The sum of (G2 point ++ scalar)*. Scalars may be any 256-bit number."""
    terms = _items(data, G2_TERM)
    points = [decode_g2(term[:G2_LENGTH], in_subgroup=True) for term in terms]
    scalars = [Scalar.from_be_bytes_mod_order(term[G2_LENGTH:]) for term in terms]
    return _padded(G2Point.multiexp_unchecked(points, scalars).to_xy_bytes_be())


def pairing_check(data: bytes) -> bytes:
    """A word: 1 if the product of the pairings of (G1 ++ G2)* is one, else 0."""
    pairs = _items(data, PAIR_LENGTH)
    left = [decode_g1(pair[:G1_LENGTH], in_subgroup=True) for pair in pairs]
    right = [decode_g2(pair[G1_LENGTH:], in_subgroup=True) for pair in pairs]
    return int(GT.pairing_check(left, right)).to_bytes(32, "big")


def map_fp_to_g1(data: bytes) -> bytes:
    """The G1 point that a field element maps to (RFC 9380's SSWU, cofactor cleared)."""
    _expect_length(data, 64)
    return _padded(G1Point.map_from_fp_be(_field_elements(data)).to_xy_bytes_be())


def map_fp2_to_g2(data: bytes) -> bytes:
    """The G2 point that an element c0 ++ c1 of the quadratic extension maps to."""
    _expect_length(data, 128)
    return _padded(G2Point.map_from_fp2_be(_field_elements(data)).to_xy_bytes_be())


def _msm_price(term_length: int, multiplication: int, discounts: list[int]) -> Callable[[bytes], int]:
    """EIP-2537's discount table, in thousandths by number of terms; its last entry holds for all longer inputs."""

    def price(data: bytes) -> int:
        count = len(data) // term_length
        if count == 0:
            return 0
        return count * multiplication * discounts[min(count, len(discounts)) - 1] // 1_000

    return price


def pairing_gas(data: bytes) -> int:
    """32,600 a pair and 37,700."""
    return PAIRING_BASE_GAS + PAIRING_PAIR_GAS * (len(data) // PAIR_LENGTH)


G1_ADD: Final = Precompile(name="BLS12-381 G1 add", gas=flat_price(375), run=g1_add)
G1_MSM: Final = Precompile(name="BLS12-381 G1 MSM", gas=_msm_price(G1_TERM, 12_000, list(G1_MSM_DISCOUNTS)), run=g1_msm)
G2_ADD: Final = Precompile(name="BLS12-381 G2 add", gas=flat_price(600), run=g2_add)
G2_MSM: Final = Precompile(name="BLS12-381 G2 MSM", gas=_msm_price(G2_TERM, 22_500, list(G2_MSM_DISCOUNTS)), run=g2_msm)
PAIRING: Final = Precompile(name="BLS12-381 pairing", gas=pairing_gas, run=pairing_check)
MAP_FP_TO_G1: Final = Precompile(name="BLS12-381 map Fp to G1", gas=flat_price(5_500), run=map_fp_to_g1)
MAP_FP2_TO_G2: Final = Precompile(name="BLS12-381 map Fp2 to G2", gas=flat_price(23_800), run=map_fp2_to_g2)
