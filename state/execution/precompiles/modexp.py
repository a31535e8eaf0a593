"""0x05: modular exponentiation (EIP-198) at EIP-2565's price.

Sizes are bounded by the price, which is charged first. CPython's `pow` is the implementation: at the price's worst (an
8-byte modulus under a long exponent) it takes a third of a microsecond a gas, as much as any loop of opcodes does, so
that nothing faster (GMP, whose licence we avoid) would make a block safer.
"""

from typing import Final

from state.execution.precompiles.contract import Precompile

MINIMUM_GAS: Final = 200


def _lengths(data: bytes) -> tuple[int, int, int]:
    padded = data[:96].ljust(96, b"\0")
    base, exponent, modulus = (int.from_bytes(padded[start : start + 32], "big") for start in (0, 32, 64))
    return base, exponent, modulus


def _integer(data: bytes, start: int, length: int) -> int:
    """`length` bytes from `start`, as if the input went on with zeros."""
    part = data[start : start + length]
    return int.from_bytes(part, "big") << 8 * (length - len(part)) if any(part) else 0


def modexp_gas(data: bytes) -> int:
    """EIP-2565: words² · iterations / 3, at least 200."""
    base_length, exponent_length, modulus_length = _lengths(data)
    words = (max(base_length, modulus_length) + 7) // 8
    head = _integer(data, 96 + base_length, min(exponent_length, 32))
    iterations = max(head.bit_length() - 1, 0)
    if exponent_length > 32:
        iterations += 8 * (exponent_length - 32)
    return max(MINIMUM_GAS, words * words * max(iterations, 1) // 3)


def modexp(data: bytes) -> bytes:
    """base^exponent mod modulus in as many bytes as the modulus has; zeros for a zero modulus."""
    base_length, exponent_length, modulus_length = _lengths(data)
    if modulus_length == 0:
        return b""
    exponent_start = 96 + base_length
    modulus = _integer(data, exponent_start + exponent_length, modulus_length)
    if modulus == 0:
        return bytes(modulus_length)
    base = _integer(data, 96, base_length)
    exponent = _integer(data, exponent_start, exponent_length)
    return pow(base, exponent, modulus).to_bytes(modulus_length, "big")


MODEXP: Final = Precompile(name="modexp", gas=modexp_gas, run=modexp)
