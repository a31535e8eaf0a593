"""A deposit on the shared devnet, and npm's wallets beside the scripts that use them."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from client.abis import abi
from client.bridge import Bridge
from client.chain import Chain
from contracts.addresses import OP_PREDEPLOYS, OPEN_PREDEPLOYS, checksum
from contracts.vouchers import Voucher, typed_data
from tests.e2e.network.devnets import NOBODY, Devnet
from tests.e2e.wallets import counter
from tests.npm import copied

SCRIPTS: Final = Path(__file__).parent
DEPOSITED: Final = 3 * 10**17

Step = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a wallet's script is told, and where it runs."""

    devnet: Devnet
    folder: Path
    """Outside of the repository: the scripts beside node_modules."""
    voucher: Voucher
    facts: dict[str, Any]


@pytest.fixture(scope="session")
def wallets_folder(packages: Path) -> Path:
    """Where node finds ethers and viem, and cast's binary lies."""
    return copied(packages, *SCRIPTS.glob("*.mjs"))


@pytest.fixture(scope="session")
def setting(wallets_folder: Path, shared_devnet: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Setting:
    l1, l2 = shared_devnet.description["l1"], shared_devnet.description["l2"]
    accounts = shared_devnet.description["accounts"]
    voucher = Voucher(payer=accounts[1]["address"], worker=accounts[9]["address"], session=7, cumulative=12 * 10**17)
    bridge = Bridge(Chain(l2["sequencer"]["rpc"]), Chain(l1["rpc"]))
    deposit = bridge.deposit(shared_devnet.account(8), DEPOSITED, to=shared_devnet.account(8).address)
    bridge.wait_for_deposit(deposit)
    names = ("ethers", "viem", "cast", "ethersBurst", "viemBurst")
    facts = {
        "rpc": l2["sequencer"]["rpc"],
        "ws": l2["sequencer"]["ws"],
        "followerRpc": l2["followers"][0]["rpc"],
        "chainId": l2["chainId"],
        "keys": {name: accounts[index + 1]["privateKey"] for index, name in enumerate(names)},
        "nobody": NOBODY,
        "delegate": checksum(OP_PREDEPLOYS["WrappedOpen"]),
        "counterCode": counter.CODE,
        "counterAbi": counter.ABI,
        "datanets": checksum(OPEN_PREDEPLOYS["Datanets"]),
        "datanetsAbi": abi("Datanets"),
        "voucher": typed_data(voucher, chain_id=l2["chainId"]),
        "deposit": deposit.to_0x_hex(),
    }
    return Setting(devnet=shared_devnet, folder=wallets_folder, voucher=voucher, facts=facts)


@pytest.fixture(scope="session")
def run_script(setting: Setting, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Step]]:
    """Step name -> {facts} or {threw}, of a script that ran to its end."""

    def run(script: str) -> dict[str, Step]:
        told = tmp_path_factory.mktemp("setting") / "setting.json"
        told.write_text(json.dumps(setting.facts))
        command = ["node", script, str(told)]
        done = subprocess.run(command, cwd=setting.folder, capture_output=True, text=True, timeout=1_500, check=False)
        assert done.returncode == 0, done.stdout + done.stderr[:3000]
        print(done.stdout)
        return {step["step"]: step for step in map(json.loads, done.stdout.splitlines())}

    return run
