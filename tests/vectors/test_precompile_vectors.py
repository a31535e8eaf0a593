"""EIP-2537's own vectors."""

import json
from pathlib import Path

import pytest

from state.execution.precompiles import ETHEREUM_PRECOMPILES, InvalidInput, precompile_address

VECTORS = [json.loads(line) for line in (Path(__file__).parent / "data" / "eip-2537.jsonl").read_text().splitlines()]
VALID = [vector for vector in VECTORS if vector["expected"] is not None]
INVALID = [vector for vector in VECTORS if vector["expected"] is None]


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["name"])
def test_bls_precompile_gives_the_eips_output_at_the_eips_price(vector: dict) -> None:
    precompile = ETHEREUM_PRECOMPILES[precompile_address(vector["contract"])]
    data = bytes.fromhex(vector["input"])
    assert precompile.run(data).hex() == vector["expected"]
    assert precompile.gas(data) == vector["gas"]


@pytest.mark.parametrize("vector", INVALID, ids=lambda vector: vector["name"])
def test_bls_precompile_refuses_the_eips_invalid_inputs(vector: dict) -> None:
    precompile = ETHEREUM_PRECOMPILES[precompile_address(vector["contract"])]
    with pytest.raises(InvalidInput):
        precompile.run(bytes.fromhex(vector["input"]))
