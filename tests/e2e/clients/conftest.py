"""The devnet that `wallets` uses too, packages of npm as package.json pins them, and contracts that npm's solc compiled."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from tests.e2e.conftest import npm_packages
from tests.e2e.network.devnets import Devnet, send

HERE: Final = Path(__file__).parent
STEPS: Final = HERE.parent / "wallets" / "steps.mjs"
PINNED: Final[dict[str, str]] = json.loads((HERE / "package.json").read_text())["dependencies"]
FUNDS: Final = 100 * 10**18

Artifacts = dict[str, dict[str, Any]]
"""Contract -> {abi, bytecode}."""
Step = dict[str, Any]


@pytest.fixture(scope="session")
def packages() -> Path:
    """A folder outside of the repository: the scripts beside node_modules with all that package.json pins."""
    folder = npm_packages("clients", *(f"{name}@{version}" for name, version in PINNED.items()))
    for source in (*HERE.glob("*.mjs"), *HERE.glob("solidity/*.sol"), STEPS):
        shutil.copy(source, folder / source.name)
    return folder


@pytest.fixture(scope="session")
def artifacts(packages: Path) -> Artifacts:
    """The contracts of solidity/, compiled once for all runs."""
    sources = [*sorted(HERE.glob("solidity/*.sol")), HERE / "compile.mjs", HERE / "package.json"]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    kept = packages / f"artifacts-{digest[:16]}.json"
    if not kept.exists():
        run_node(packages, "compile.mjs")
        (packages / "artifacts.json").rename(kept)
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
    packages: Path,
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
        printed = run_node(packages, script, str(told))
        steps = list(map(json.loads, printed.splitlines()))
        failed = {step["step"]: step["threw"] for step in steps if "threw" in step}
        assert not failed, failed
        return {step["step"]: step["facts"] for step in steps}

    return run


def run_node(folder: Path, *arguments: str) -> str:
    """Standard output of a script that runs beside node_modules."""
    done = subprocess.run(["node", *arguments], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[:3000]
    print(done.stdout)
    return done.stdout


@pytest.fixture
def temporary_home(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment whose HOME is empty, so that tools neither read nor leave settings."""
    home = tmp_path / "home"
    home.mkdir()
    yield os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
