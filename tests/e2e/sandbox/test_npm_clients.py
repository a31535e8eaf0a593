"""Unmodified viem and ethers against the sandbox, in the spellings of Anvil and of Hardhat."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow

RunScript = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("mode", ["anvil", "hardhat"])
def test_viems_test_client_forges_travels_impersonates_and_reverts(run_script: RunScript, mode: str) -> None:
    steps = run_script("viem.mjs", mode)
    assert steps["forged"] == {
        "balance": str(3 * 10**18),
        "nonce": 5,
        "code": "0x602a60015500",
        "proven": str(3 * 10**18),
        "slot": "7",
        "number": "0",
    }
    assert steps["mined"] == {"blocks": "3"}
    assert steps["travelled"] == {
        "day": True,
        "exact": "1000",
        "baseFee": "7",
        "gasLimit": "25000000",
        "miner": True,
        "slot": 42,
        "status": "success",
    }
    assert steps["impersonated"] == {"from": "0x4f50454e00000000000000000000000000000001", "refused": "unknown account"}
    assert steps["dropped"] == {"pending": None, "dropped": True, "automine": False}
    if mode == "anvil":
        assert steps["anvil"] == {"apart": "5", "unsigned": "success"}
    assert steps["reverted"] == {"number": "0", "balance": "0"}


def test_ethers_signs_with_the_nodes_keys_and_impersonates(run_script: RunScript) -> None:
    steps = run_script("ethers.mjs")
    assert steps["signed"] == {"message": True, "typed": True, "primary": "Note"}
    assert steps["impersonated"] == {"from": "0x4f50454E00000000000000000000000000000002", "nonce": 1, "gone": True}
    assert steps["reverted"] == {"reverted": True, "gained": "7", "left": "0"}
