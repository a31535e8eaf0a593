"""Input limits of OP chains (Granite, Isthmus), and failures that cost everything."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from eth.abc import ComputationAPI
from eth.exceptions import OutOfGas, VMError
from eth.vm.gas_meter import GasMeter

from state.execution.precompiles import (
    ETHEREUM_PRECOMPILES,
    OPTIMISM_PRECOMPILES,
    InvalidInput,
    Precompile,
    evm_functions,
    precompile_address,
)

LIMITS = {0x08: 112_687, 0x0C: 513_760, 0x0E: 488_448, 0x0F: 235_008}


class Call:
    """A computation with enough gas for anything unless told otherwise."""

    def __init__(self, data: bytes, gas: int = 10**12) -> None:
        self.msg = self
        self.data_as_bytes = data
        self.meter = GasMeter(gas)
        self.consume_gas = self.meter.consume_gas
        self.output = b""


def run(table: dict, number: int, call: Call) -> ComputationAPI:
    return table[precompile_address(number)](call)


@pytest.mark.parametrize(("number", "limit"), LIMITS.items())
def test_op_chain_fails_inputs_beyond_the_limit_before_charging(number: int, limit: int) -> None:
    call = Call(bytes(limit + 1))
    with pytest.raises(VMError, match="input too long"):
        run(evm_functions(OPTIMISM_PRECOMPILES), number, call)
    assert call.meter.gas_remaining == 10**12


def test_limits_are_the_specifications_and_only_on_op_chains() -> None:
    limits = {address[19]: p.max_input for address, p in OPTIMISM_PRECOMPILES.items() if p.max_input is not None}
    assert limits == LIMITS
    assert all(p.max_input is None for p in ETHEREUM_PRECOMPILES.values())


@pytest.mark.parametrize("number", [0x0C, 0x0E])
def test_op_chain_runs_the_longest_input_of_whole_terms(number: int) -> None:
    length = {0x0C: 160, 0x0E: 288}[number]
    terms = LIMITS[number] // length
    assert terms * length == LIMITS[number]
    call = Call(bytes(length))
    run(evm_functions(OPTIMISM_PRECOMPILES), number, call)
    assert call.output == bytes(128 if number == 0x0C else 256)


def test_price_is_charged_before_the_work() -> None:
    endless = (2**32 - 1).to_bytes(4, "big") + bytes(208) + b"\1"
    with pytest.raises(OutOfGas):
        run(evm_functions(ETHEREUM_PRECOMPILES), 0x09, Call(endless, gas=1_000_000))


def test_modexp_of_impossible_size_is_out_of_gas_and_takes_no_memory() -> None:
    data = (2**64).to_bytes(32, "big") + (1).to_bytes(32, "big") + (2**64).to_bytes(32, "big") + b"\xff" * 64
    with pytest.raises(OutOfGas):
        run(evm_functions(ETHEREUM_PRECOMPILES), 0x05, Call(data, gas=30_000_000))


def outcome(precompile: Precompile, data: bytes) -> bytes | None:
    try:
        return precompile.run(data)
    except InvalidInput:
        return None


@pytest.mark.parametrize("length", [0, 1, 31, 64, 127, 213, 384])
@pytest.mark.parametrize("number", range(0x01, 0x12))
def test_any_input_ends_in_output_or_invalid_input(number: int, length: int) -> None:
    precompile = ETHEREUM_PRECOMPILES[precompile_address(number)]
    data = b"\0\0\0" + b"\x7f" * (length - 3)
    assert precompile.gas(data) > 10**7 or isinstance(outcome(precompile, data), bytes | None)


def test_bn254_gives_the_same_in_many_threads_at_once() -> None:
    generator = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")
    run = ETHEREUM_PRECOMPILES[precompile_address(0x07)].run
    expected = [run(generator + scalar.to_bytes(32, "big")) for scalar in range(50)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda n: run(generator + (n % 50).to_bytes(32, "big")), range(400)))
    assert results == [expected[n % 50] for n in range(400)]


def test_bn254_survives_the_replacement_of_its_evm() -> None:
    run = ETHEREUM_PRECOMPILES[precompile_address(0x06)].run
    results = {run(bytes(128)) for _ in range(2_100)}
    assert results == {bytes(64)}
