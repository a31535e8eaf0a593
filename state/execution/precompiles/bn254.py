"""0x06 to 0x08: addition, multiplication and pairing check on alt_bn128 (EIP-196, 197; prices of EIP-1108).

The curve arithmetic is revm's, through pyrevm: its EVM is called at the precompile's own address and used for nothing
else. It keeps a journal of its calls, so that it is replaced every so often, and belongs to one thread.
"""

import threading
from typing import Final

import pyrevm

from state.execution.precompiles.contract import InvalidInput, Precompile, flat_price

ADD_GAS: Final = 150
MULTIPLY_GAS: Final = 6_000
PAIRING_BASE_GAS: Final = 45_000
PAIRING_PAIR_GAS: Final = 34_000
PAIR_LENGTH: Final = 192

_ENOUGH_GAS: Final = 10**15
_CALLER: Final = "0x" + "c0" * 20
_CALLS_PER_EVM: Final = 1_024


class _RevmPrecompiles(threading.local):
    """revm's precompiled contracts behind plain function calls, one EVM a thread."""

    def __init__(self) -> None:
        self._evm = pyrevm.EVM(spec_id="CANCUN")
        self._calls = 0

    def call(self, number: int, data: bytes) -> bytes:
        """The output of precompile `number`. Raises InvalidInput where it fails."""
        if self._calls >= _CALLS_PER_EVM:
            self._evm, self._calls = pyrevm.EVM(spec_id="CANCUN"), 0
        self._calls += 1
        try:
            return bytes(self._evm.message_call(_CALLER, f"0x{number:040x}", calldata=data, gas=_ENOUGH_GAS))
        except RuntimeError as error:
            if "PrecompileError" not in str(error):
                raise  # anything else is no verdict on the input, and must not become one
            raise InvalidInput("not two points of the curve, or not a point of the subgroup") from error


_revm: Final = _RevmPrecompiles()


def add(data: bytes) -> bytes:
    """x ++ y of the sum of two G1 points; input cut at, or filled with zeros to, 128 bytes."""
    return _revm.call(6, data[:128].ljust(128, b"\0"))


def multiply(data: bytes) -> bytes:
    """x ++ y of a G1 point times a 256-bit scalar; input cut at, or filled with zeros to, 96 bytes."""
    return _revm.call(7, data[:96].ljust(96, b"\0"))


def pairing_gas(data: bytes) -> int:
    """34,000 a pair and 45,000."""
    return PAIRING_BASE_GAS + PAIRING_PAIR_GAS * (len(data) // PAIR_LENGTH)


def pairing_check(data: bytes) -> bytes:
    """A word: 1 if the product of the pairings of (G1 64 bytes ++ G2 128 bytes)* is one, else 0."""
    if len(data) % PAIR_LENGTH:
        raise InvalidInput(f"got {len(data)} bytes, expected a multiple of {PAIR_LENGTH}")
    return _revm.call(8, data)


ADD: Final = Precompile(name="bn254 add", gas=flat_price(ADD_GAS), run=add)
MULTIPLY: Final = Precompile(name="bn254 multiply", gas=flat_price(MULTIPLY_GAS), run=multiply)
PAIRING: Final = Precompile(name="bn254 pairing", gas=pairing_gas, run=pairing_check)
