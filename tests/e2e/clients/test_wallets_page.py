"""The examples of docs/wallets.md, run as they stand there but for the devnet's port.

Python's is run by tests/docs, and the one for browsers in test_metamask_dapp.py.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, blocks
from tests.e2e.clients.conftest import run_node
from tests.e2e.clients.toolchains import Hardhat
from tests.e2e.network.devnets import Devnet

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "wallets.md"
EXAMPLES = [block for block in blocks("js", "sh") if block.page == PAGE]
(HARDHAT,) = [one for one in EXAMPLES if one.text.startswith("// hardhat.config.js\n")]
SCRIPTS = [one for one in EXAMPLES if one.language == "js" and one.text.startswith("import ")]
COMMANDS = [one for one in EXAMPLES if one.language == "sh"]


def adapted(text: str, devnet: Devnet) -> str:
    address = devnet.description["l2"]["sequencer"]["rpc"].removeprefix("http://")
    assert devnet.description["l2"]["chainId"] == 161_299
    return text.replace("127.0.0.1:8545", address)


@pytest.mark.parametrize("example", SCRIPTS, ids=lambda one: one.name)
def test_every_script_sends_its_transaction(example: Block, devnet: Devnet, folder: Path) -> None:
    (folder / "example.mjs").write_text(adapted(example.text, devnet))
    assert run_node(folder, "example.mjs").strip() in {"success", "1", "1n"}


@pytest.mark.parametrize("example", COMMANDS, ids=lambda one: one.name)
def test_every_command_of_cast_works(example: Block, devnet: Devnet, folder: Path) -> None:
    binaries = list(folder.glob("node_modules/@foundry-rs/cast-*/bin"))
    if not binaries:
        pytest.skip("npm has no cast for this platform")
    command = ["bash", "-euc", adapted(example.text, devnet)]
    environment = os.environ | {"PATH": f"{binaries[0]}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    chain_id, balance, receipt = done.stdout.strip().splitlines()
    assert (chain_id, float(balance) > 9_000, json.loads(receipt)["status"]) == ("161299", True, "0x1")


def test_hardhat_takes_the_configuration(hardhat: Callable[[str], Hardhat], devnet: Devnet) -> None:
    tool = hardhat("wallets-page")
    (tool.folder / "hardhat.config.js").write_text(adapted(HARDHAT.text, devnet))
    (tool.folder / "ask.js").write_text(
        "import hre from 'hardhat'\n"
        "const { provider } = await hre.network.create()\n"
        "console.log(await provider.request({ method: 'eth_accounts' }))\n"
    )
    assert devnet.account(0).address.lower() in tool.run("run", "--no-compile", "--network", "devnet", "ask.js")
