"""0x100: secp256r1 signature check (RIP-7212), on OP chains since Fjord. OpenSSL's curve through `cryptography`."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from state.execution.precompiles.contract import Precompile, flat_price

INPUT_LENGTH: Final = 160
CURVE_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FIELD_MODULUS: Final = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_VALID: Final = (1).to_bytes(32, "big")
_DIGEST: Final = ECDSA(Prehashed(SHA256()))


def verify(data: bytes) -> bytes:
    """hash ++ r ++ s ++ x ++ y -> a word of 1 if the signature holds, else nothing. Never fails; high s is allowed."""
    if len(data) != INPUT_LENGTH:
        return b""
    r, s, x, y = (int.from_bytes(data[start : start + 32], "big") for start in (32, 64, 96, 128))
    if not (0 < r < CURVE_ORDER and 0 < s < CURVE_ORDER and x < FIELD_MODULUS and y < FIELD_MODULUS):
        return b""
    try:
        key = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
        key.verify(encode_dss_signature(r, s), data[:32], _DIGEST)
    except (ValueError, InvalidSignature):  # ValueError: not a point of the curve
        return b""
    return _VALID


P256VERIFY: Final = Precompile(name="P256VERIFY", gas=flat_price(3_450), run=verify)
