"""What a precompiled contract is: a price and a pure function of bytes, and how py-evm calls it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from eth.abc import ComputationAPI
from eth.exceptions import VMError
from eth_typing import Address as EvmAddress

from state.primitives.types import Address


class InvalidInput(Exception):
    """Input on which the precompile fails: the call reverts and all its gas is gone. Never leaves this package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precompile:
    """One precompiled contract."""

    name: str
    gas: Callable[[bytes], int]
    """Price of an input. Computed, and charged, before `run`; total over all inputs."""
    run: Callable[[bytes], bytes]
    """The output. Raises InvalidInput."""
    max_input: int | None = None
    """Longer inputs, in bytes, fail (OP Stack's limits, so that a fault proof can run them); None: no limit."""


PrecompileTable: TypeAlias = Mapping[Address, Precompile]
EvmFunction: TypeAlias = Callable[[ComputationAPI], ComputationAPI]


def precompile_address(number: int) -> Address:
    """The address with this small number."""
    return Address(number.to_bytes(20, "big"))


def evm_functions(table: PrecompileTable) -> dict[EvmAddress, EvmFunction]:
    """`table` in the form of py-evm's `_precompiles`."""
    return {EvmAddress(bytes(address)): _evm_function(precompile) for address, precompile in table.items()}


def _evm_function(precompile: Precompile) -> EvmFunction:
    def run(computation: ComputationAPI) -> ComputationAPI:
        data = computation.msg.data_as_bytes
        if precompile.max_input is not None and len(data) > precompile.max_input:
            raise VMError(f"{precompile.name}: input too long: got {len(data)}, expected <= {precompile.max_input}")
        computation.consume_gas(precompile.gas(data), reason=precompile.name)
        try:
            computation.output = precompile.run(data)
        except InvalidInput as error:
            raise VMError(f"{precompile.name}: {error}") from error
        return computation

    return run


def moved_precompiles(
    usual: Mapping[EvmAddress, EvmFunction], moves: Mapping[Address, Address | None]
) -> dict[EvmAddress, EvmFunction]:
    """`usual` with the contract that is otherwise at a move's value at its key, and none where the value is None."""
    table = dict(usual)
    for address, original in moves.items():
        key = EvmAddress(bytes(address))
        if original is None:
            table.pop(key, None)
        else:
            table[key] = usual[EvmAddress(bytes(original))]
    return table


def word_price(base: int, per_word: int) -> Callable[[bytes], int]:
    """A price of `base` plus `per_word` for every 32 bytes begun."""

    def price(data: bytes) -> int:
        return base + per_word * ((len(data) + 31) // 32)

    return price


def flat_price(gas: int) -> Callable[[bytes], int]:
    """The same price for any input."""

    def price(_data: bytes) -> int:
        return gas

    return price
