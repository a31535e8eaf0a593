"""P256VERIFY against OpenSSL's signatures and a plain textbook implementation of the curve."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from state.execution.precompiles import ETHEREUM_PRECOMPILES, OPTIMISM_PRECOMPILES, precompile_address
from state.execution.precompiles.p256 import CURVE_ORDER as N
from state.execution.precompiles.p256 import FIELD_MODULUS as P
from state.execution.precompiles.p256 import verify

A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
VALID = (1).to_bytes(32, "big")
RIP_7212_EXAMPLE = (
    "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
    "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
    "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
    "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
    "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
)

Point = tuple[int, int] | None


def add(left: Point, right: Point) -> Point:
    if left is None or right is None:
        return left or right
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if left == right else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def multiply(point: Point, scalar: int) -> Point:
    result: Point = None
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def textbook_verify(data: bytes) -> bytes:
    """FIPS 186-5, section 6.4.2, by hand."""
    if len(data) != 160:
        return b""
    digest, r, s, x, y = (int.from_bytes(data[i : i + 32], "big") for i in range(0, 160, 32))
    if not (0 < r < N and 0 < s < N and x < P and y < P) or (y * y - x**3 - A * x - B) % P:
        return b""
    inverse = pow(s, -1, N)
    point = add(multiply(G, digest * inverse % N), multiply((x, y), r * inverse % N))
    return VALID if point is not None and point[0] % N == r else b""


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


def signed(secret: int, message: bytes) -> tuple[int, int, int, int, int]:
    key = ec.derive_private_key(secret, ec.SECP256R1())
    digest = hashlib.sha256(message).digest()
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
    public = key.public_key().public_numbers()
    return int.from_bytes(digest, "big"), r, s, public.x, public.y


DIGEST, R, S, X, Y = signed(0xC0FFEE, b"attribution")
CASES = {
    "valid": words(DIGEST, R, S, X, Y),
    "high s": words(DIGEST, R, N - S, X, Y),
    "other digest": words(DIGEST ^ 1, R, S, X, Y),
    "r zero": words(DIGEST, 0, S, X, Y),
    "s zero": words(DIGEST, R, 0, X, Y),
    "r is the order": words(DIGEST, N, S, X, Y),
    "s is the order": words(DIGEST, R, N, X, Y),
    "s beyond the order": words(DIGEST, R, (S + N) % 2**256, X, Y),
    "r and s swapped": words(DIGEST, S, R, X, Y),
    "not on the curve": words(DIGEST, R, S, X, Y ^ 1),
    "negated key": words(DIGEST, R, S, X, P - Y),
    "key at infinity": words(DIGEST, R, S, 0, 0),
    "x beyond the field": words(DIGEST, R, S, P + 5, Y),
    "y beyond the field": words(DIGEST, R, S, X, 2**256 - 1),
    "x is the field's modulus": words(DIGEST, R, S, P, Y),
    "digest zero": words(0, R, S, X, Y),
    "digest of ones": words(2**256 - 1, R, S, X, Y),
    "key is the generator": words(*signed(1, b"g")),
    "key is minus the generator": words(*signed(N - 1, b"-g")),
    "sum is infinity": words((-R * 1) % N, R, R, *G),
    "empty": b"",
    "a byte short": words(DIGEST, R, S, X, Y)[:-1],
    "a byte long": words(DIGEST, R, S, X, Y) + b"\0",
}


@pytest.mark.parametrize("data", CASES.values(), ids=CASES)
def test_agrees_with_the_textbook(data: bytes) -> None:
    assert verify(data) == textbook_verify(data)


@pytest.mark.parametrize("name", ["valid", "high s", "key is the generator", "key is minus the generator"])
def test_accepts_valid_signatures_high_s_too(name: str) -> None:
    assert verify(CASES[name]) == VALID


def test_accepts_the_rips_example() -> None:
    assert verify(bytes.fromhex(RIP_7212_EXAMPLE)) == VALID


@pytest.mark.parametrize("secret", [2, 3, 2**128, N - 2, 0xDEADBEEF])
def test_agrees_with_the_textbook_for_many_keys(secret: int) -> None:
    good = words(*signed(secret, secret.to_bytes(32, "big")))
    for position in range(0, 160, 31):
        bad = good[:position] + bytes((good[position] ^ 0x40,)) + good[position + 1 :]
        assert verify(bad) == textbook_verify(bad)
    assert verify(good) == textbook_verify(good) == VALID


def test_only_op_chains_have_it_and_for_3450_gas() -> None:
    address = precompile_address(0x100)
    assert address not in ETHEREUM_PRECOMPILES
    assert OPTIMISM_PRECOMPILES[address].gas(b"anything") == 3_450
