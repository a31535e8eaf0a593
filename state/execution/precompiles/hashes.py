"""0x01 to 0x04: ecrecover, SHA-256, RIPEMD-160, identity (yellow paper, appendix E); 0x09: BLAKE2b F (EIP-152)."""

import hashlib
from typing import Final

from blake2b import compress
from coincurve import PublicKey
from Crypto.Hash import RIPEMD160

from state.execution.precompiles.contract import InvalidInput, Precompile, flat_price, word_price
from state.primitives.crypto import SECP256K1_N, public_key_to_address

BLAKE2F_INPUT: Final = 213


def ecrecover(data: bytes) -> bytes:
    """The signer's address in a word, or nothing for a signature that recovers no key. High s is allowed."""
    padded = data[:128].ljust(128, b"\0")
    v, r, s = (int.from_bytes(padded[start : start + 32], "big") for start in (32, 64, 96))
    if v not in (27, 28) or not (0 < r < SECP256K1_N and 0 < s < SECP256K1_N):
        return b""
    try:
        key = PublicKey.from_signature_and_message(padded[64:128] + bytes((v - 27,)), padded[:32], hasher=None)
    except Exception:  # coincurve raises bare Exception and ValueError where no point has this r
        return b""
    return bytes(12) + public_key_to_address(key.format(compressed=False))


def sha256(data: bytes) -> bytes:
    """The SHA-256 digest."""
    return hashlib.sha256(data).digest()


def ripemd160(data: bytes) -> bytes:
    """The RIPEMD-160 digest in a word. hashlib's needs an OpenSSL that still has it; pycryptodome brings its own."""
    return bytes(12) + RIPEMD160.new(data).digest()


def identity(data: bytes) -> bytes:
    """The input."""
    return data


def blake2f_gas(data: bytes) -> int:
    """One gas a round; malformed inputs fail in `blake2f` and cost everything anyway."""
    return int.from_bytes(data[:4], "big") if len(data) == BLAKE2F_INPUT else 0


def blake2f(data: bytes) -> bytes:
    """rounds 4 (big-endian) ++ h 8·8 ++ m 16·8 ++ t 2·8 (little-endian) ++ final flag 0 or 1 -> the new h."""
    if len(data) != BLAKE2F_INPUT:
        raise InvalidInput(f"got {len(data)} bytes, expected {BLAKE2F_INPUT}")
    if data[212] > 1:
        raise InvalidInput(f"final block flag is no boolean: got {data[212]}")
    words = [int.from_bytes(data[start : start + 8], "little") for start in range(4, 212, 8)]
    output = compress(int.from_bytes(data[:4], "big"), words[:8], words[8:24], words[24:], bool(data[212]))
    return bytes(output)


ECRECOVER: Final = Precompile(name="ecrecover", gas=flat_price(3_000), run=ecrecover)
SHA256: Final = Precompile(name="sha256", gas=word_price(60, 12), run=sha256)
RIPEMD_160: Final = Precompile(name="ripemd160", gas=word_price(600, 120), run=ripemd160)
IDENTITY: Final = Precompile(name="identity", gas=word_price(15, 3), run=identity)
BLAKE2F: Final = Precompile(name="blake2f", gas=blake2f_gas, run=blake2f)
