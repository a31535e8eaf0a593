"""Forge and Hardhat compile OpenZeppelin by npm's solc, deploy it and call it: with their own key, and the devnet's."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from tests.e2e.clients.conftest import HERE
from tests.e2e.clients.toolchains import Hardhat, binary, project, run_tool
from tests.e2e.network.devnets import Devnet

pytestmark = pytest.mark.slow


def json_values(text: str) -> list[dict[str, Any]]:
    """The JSON objects that follow each other in a text."""
    decoder, found, at = json.JSONDecoder(), [], text.find("{")
    while at >= 0:
        value, end = decoder.raw_decode(text, at)
        found.append(value)
        at = text.find("{", end)
    return found


@pytest.fixture(scope="module")
def forge(
    packages: Path, devnet: Devnet, funded: Callable[[str], LocalAccount], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., list[dict[str, Any]]]:
    """Runs `forge <arguments>` with the devnet's URL and a key; the JSON lines that it prints."""
    program = binary(packages, "@foundry-rs/forge-*/bin/forge")
    folder = project("forge", packages, tmp_path_factory.mktemp("forge") / "project")
    shutil.copy(HERE / "solc.mjs", folder / "solc.mjs")
    (folder / "solc.mjs").chmod(0o755)
    access = ["--rpc-url", devnet.description["l2"]["sequencer"]["rpc"], "--broadcast", "--json"]
    access += ["--private-key", funded("forge").key.to_0x_hex()]

    def forged(command: str, target: str, *rest: str) -> list[dict[str, Any]]:
        printed = run_tool([program, command, target, *access, *rest], folder, {"NPM_PACKAGES": str(packages)})
        return json_values(printed)

    return forged


def test_forge_deploys(forge: Callable[..., list[dict[str, Any]]], devnet: Devnet) -> None:
    (created,) = forge("create", "contracts/Mini.sol:Mini", "--constructor-args", "Forged", "1000")
    receipt = devnet.sequencer.eth.get_transaction_receipt(created["transactionHash"])
    assert (receipt["status"], receipt["contractAddress"]) == (1, created["deployedTo"])


def test_forge_runs_a_script_and_sends_its_transactions(
    forge: Callable[..., list[dict[str, Any]]], devnet: Devnet
) -> None:
    lines = forge("script", "script/Pay.s.sol:Pay", "--slow")
    sent = [line for line in lines if "tx_hash" in line]
    assert [line["status"] for line in sent] == ["success", "success"]
    receipts = [devnet.sequencer.eth.get_transaction_receipt(line["tx_hash"]) for line in sent]
    assert [receipt["status"] for receipt in receipts] == [1, 1]
    assert receipts[0]["contractAddress"] == receipts[1]["to"]


@pytest.fixture(scope="module")
def built(hardhat: Callable[[str], Hardhat]) -> Hardhat:
    tool = hardhat("hardhat")
    assert "Compiled 1 Solidity file" in tool.run("build")
    return tool


@pytest.mark.parametrize("network", ["devnet", "unlocked"])
def test_hardhat_deploys_and_calls(built: Hardhat, network: str) -> None:
    """With its own key it signs itself; without, the devnet's unlocked account is asked to (eth_sendTransaction)."""
    printed = built.run("run", "--no-compile", "--network", network, "scripts/deploy.js")
    found = json.loads(printed.splitlines()[-1])
    assert found == {"networkName": network, "status": "0x1", "type": "0x2", "left": 877}
