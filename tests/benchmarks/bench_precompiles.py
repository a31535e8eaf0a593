"""Prints what each precompile costs in time: the worst of a few inputs, in microseconds a call and a gas, beside
py-evm's own. Run it: `python tests/benchmarks/bench_precompiles.py [--native-only]`.

A block of 20 million gas that does nothing else takes 20 seconds where a gas takes a microsecond.
"""

import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from eth.vm.forks.prague.computation import PRAGUE_PRECOMPILES
from py_arkworks_bls12381 import G1Point, G2Point, Scalar

from state.execution.precompiles import (
    OPTIMISM_PRECOMPILES,
    Precompile,
    bn254,
    precompile_address,
    prepare_precompiles,
)

BLOCK_GAS = 20_000_000


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def padded(elements: bytes) -> bytes:
    return b"".join(bytes(16) + elements[start : start + 48] for start in range(0, len(elements), 48))


def modexp_input(base: int, exponent: int, modulus: int) -> bytes:
    head = word(base) + word(exponent) + word(modulus)
    return head + b"\xfe" * base + b"\xff" * exponent + b"\xfd" * modulus


def inputs() -> list[tuple[int, str, bytes]]:
    """(contract, what, input)."""
    point = bn254.multiply(word(1) + word(2) + word(7))
    twist = bytes.fromhex(
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
        "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
        "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
        "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
    )
    g1 = padded((G1Point() * Scalar(11)).to_xy_bytes_be())
    g2 = padded((G2Point() * Scalar(13)).to_xy_bytes_be())
    infinity = b"\xc0" + bytes(47)
    proof = b"\x01" + hashlib.sha256(infinity).digest()[1:] + word(5) + word(0) + infinity + infinity
    signature = bytes.fromhex(
        "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
        "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
        "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
        "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
        "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
    )
    k1 = bytes.fromhex("18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c") + word(28)
    k1 += bytes.fromhex("73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f")
    k1 += bytes.fromhex("eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549")
    return [
        (0x01, "", k1),
        (0x02, "1 KiB", bytes(1024)),
        (0x03, "1 KiB", bytes(1024)),
        (0x04, "1 KiB", bytes(1024)),
        (0x05, "16 bytes", modexp_input(16, 16, 16)),
        (0x05, "32 bytes", modexp_input(32, 32, 32)),
        (0x05, "8 bytes, exponent 1,024", modexp_input(8, 1024, 8)),
        (0x05, "256 bytes", modexp_input(256, 256, 256)),
        (0x06, "", point + point),
        (0x07, "", point + b"\xff" * 32),
        (0x08, "1 pair", point + twist),
        (0x08, "10 pairs", (point + twist) * 10),
        (0x09, "12 rounds", (12).to_bytes(4, "big") + bytes(208) + b"\1"),
        (0x09, "100,000 rounds", (100_000).to_bytes(4, "big") + bytes(208) + b"\1"),
        (0x0A, "", proof),
        (0x0B, "", g1 + g1),
        (0x0C, "1 term", g1 + b"\xff" * 32),
        (0x0C, "128 terms", (g1 + b"\xff" * 32) * 128),
        (0x0D, "", g2 + g2),
        (0x0E, "1 term", g2 + b"\xff" * 32),
        (0x0E, "128 terms", (g2 + b"\xff" * 32) * 128),
        (0x0F, "1 pair", g1 + g2),
        (0x0F, "10 pairs", (g1 + g2) * 10),
        (0x10, "", (5).to_bytes(64, "big")),
        (0x11, "", (5).to_bytes(64, "big") * 2),
        (0x100, "", signature),
    ]


def microseconds(call: Callable[[], object], budget: float = 0.15) -> float:
    """The least of several runs."""
    best, end = float("inf"), time.perf_counter() + budget
    while True:
        start = time.perf_counter()
        call()
        now = time.perf_counter()
        best = min(best, now - start)
        if now > end:
            return best * 1e6


class _Call:
    def __init__(self, data: bytes) -> None:
        self.msg = self
        self.data = self.data_as_bytes = data
        self.output = b""

    def consume_gas(self, amount: int, reason: str) -> None:
        """Gas is no object."""


def main() -> None:
    """Print the table."""
    prepare_precompiles()
    native_only = "--native-only" in sys.argv
    print(f"{'precompile':38}{'gas':>10}{'µs':>11}{'µs/gas':>9}{'s/block':>9}{'py-evm µs/gas':>15}")
    for number, what, data in inputs():
        precompile: Precompile = OPTIMISM_PRECOMPILES[precompile_address(number)]
        gas = precompile.gas(data)
        native = microseconds(lambda p=precompile, d=data: p.run(d))
        theirs = ""
        original = PRAGUE_PRECOMPILES.get(precompile_address(number))
        if original is not None and not native_only and len(data) < 4_000:
            theirs = f"{microseconds(lambda o=original, d=data: o(_Call(d)), 0) / gas:.3f}"
        name = f"{number:#05x} {precompile.name} {what}"
        print(
            f"{name:38}{gas:>10,}{native:>11,.1f}{native / gas:>9.3f}{native / gas * BLOCK_GAS / 1e6:>9.1f}{theirs:>15}"
        )


if __name__ == "__main__":
    main()
