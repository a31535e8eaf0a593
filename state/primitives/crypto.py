"""keccak-256 and secp256k1 on native libraries (safe-pysha3, coincurve)."""

from collections.abc import Callable
from typing import Final

import sha3
from coincurve import PrivateKey, PublicKey

from state.errors import DecodeError
from state.primitives.types import Address, Hash32

SECP256K1_N: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SECP256K1_HALF_N: Final = SECP256K1_N // 2

_keccak: Callable[[bytes], "sha3.keccak_256"] = sha3.keccak_256


class InvalidSignature(DecodeError):
    """A signature whose parts are out of range, high-s, or that recovers no key."""


def keccak256(data: bytes) -> Hash32:
    """The 32-byte Keccak-256 digest (the pre-NIST padding that Ethereum uses)."""
    return Hash32(_keccak(data).digest())


KECCAK_EMPTY: Final = keccak256(b"")


def recover_address(digest: bytes, y_parity: int, r: int, s: int) -> Address:
    """The address whose key signed the 32-byte `digest`.

    Raises InvalidSignature for r or s out of [1, n), s above n/2 (EIP-2), y_parity not 0 or 1, or no such point.
    """
    if not (0 < r < SECP256K1_N and 0 < s <= SECP256K1_HALF_N and y_parity in (0, 1)):
        raise InvalidSignature("invalid transaction v, r, s values")
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((y_parity,))
    try:
        public_key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception as error:  # coincurve raises bare Exception and ValueError for points off the curve
        raise InvalidSignature("invalid transaction v, r, s values") from error
    return public_key_to_address(public_key.format(compressed=False))


def public_key_to_address(uncompressed: bytes) -> Address:
    """The last 20 bytes of the hash of a 65-byte uncompressed public key (0x04 ++ x ++ y)."""
    return Address(_keccak(uncompressed[1:]).digest()[12:])


def private_key_to_address(private_key: bytes) -> Address:
    """The address of a 32-byte private key."""
    return public_key_to_address(PrivateKey(private_key).public_key.format(compressed=False))


def sign_digest(private_key: bytes, digest: bytes) -> tuple[int, int, int]:
    """(y_parity, r, s) with low s and an RFC 6979 nonce, over a 32-byte digest."""
    signature = PrivateKey(private_key).sign_recoverable(digest, hasher=None)
    return signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
