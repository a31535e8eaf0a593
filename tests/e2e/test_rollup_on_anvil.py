"""The rollup, unchanged, on an L1 that is not ours: deploy-l1 on Anvil, sequencer and follower as processes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from client.bridge import Bridge, WithdrawalStatus
from client.chain import Chain
from client.keys import devnet_account
from contracts.artifacts import artifact
from contracts.genesis_config import TOTAL_SUPPLY, WEI_PER_OPEN
from tests.e2e.conftest import ProcessGroup, answers_calls, openledger, rpc_call, wait_until
from tests.ports import free_ports

pytestmark = pytest.mark.slow

ACCOUNT = devnet_account(0)
RICH = 2_000_000_000
"""OPEN of each of Anvil's accounts: the escrow is a thousand million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAnvil:
    l1: str
    sequencer: str
    follower: str
    directory: Path
    deploy: tuple[str, ...]
    """The arguments of the deployment that was made."""
    output: str


@pytest.fixture(scope="module")
def rollup(anvil: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnAnvil]:
    root = tmp_path_factory.mktemp("on-anvil")
    l1_port, sequencer_port, follower_port = free_ports(3)
    l1, sequencer, follower = (f"http://127.0.0.1:{port}" for port in (l1_port, sequencer_port, follower_port))
    processes = ProcessGroup(root)
    try:
        command = [str(anvil), f"--port={l1_port}", "--block-time=1", "--slots-in-an-epoch=2", f"--balance={RICH}"]
        processes.start("anvil", command)
        wait_until(lambda: rpc_call(l1, "eth_chainId"), "Anvil's first answer")
        (root / "deployer.key").write_text("0x" + bytes(ACCOUNT.key).hex())
        deploy = (
            "deploy-l1", f"--l1={l1}", f"--key={root / 'deployer.key'}", f"--out={root / 'network'}",
            "--block-time=1", "--proof-maturity-delay=2", "--dispute-game-finality-delay=1", "--max-clock-duration=1",
            f"--fund={ACCOUNT.address}=10000", "--operator-funds=100", "--escrow",
        )  # fmt: skip
        done = openledger(*deploy)
        assert done.returncode == 0, done.stderr
        network = root / "network"
        common = [
            "node", "--preset=devnet", f"--rollup={network / 'rollup.json'}", f"--genesis={network / 'genesis.json'}",
            f"--l1-addresses={network / 'l1-addresses.json'}", f"--l1-rpc={l1}",
        ]  # fmt: skip
        processes.openledger(
            "sequencer", *common, "--role=sequencer", f"--data-dir={root / 'sequencer'}",
            f"--rpc-port={sequencer_port}", f"--batcher-key={network / 'keys' / 'batcher.key'}",
            f"--proposer-key={network / 'keys' / 'proposer.key'}",
        )  # fmt: skip
        processes.openledger(
            "follower", *common, "--role=follower", f"--data-dir={root / 'follower'}", f"--rpc-port={follower_port}",
            f"--sequencer-rpc={sequencer}",
        )  # fmt: skip
        for url in (sequencer, follower):
            wait_until(lambda url=url: processes.check() or answers_calls(url), f"{url}'s first answer")
        yield OnAnvil(
            l1=l1, sequencer=sequencer, follower=follower, directory=network, deploy=deploy, output=done.stdout
        )
        processes.check()
    finally:
        processes.stop()


def test_deployment_left_our_code_and_the_escrow_on_l1(rollup: OnAnvil) -> None:
    addresses = json.loads((rollup.directory / "l1-addresses.json").read_text())
    for name, address in addresses.items():
        assert rpc_call(rollup.l1, "eth_getCode", address, "latest") == "0x" + artifact(name).runtime.hex(), name
    assert int(rpc_call(rollup.l1, "eth_getBalance", addresses["OptimismPortal"], "latest"), 16) >= TOTAL_SUPPLY
    start = json.loads((rollup.directory / "rollup.json").read_text())["genesis"]
    block = rpc_call(rollup.l1, "eth_getBlockByNumber", hex(start["l1"]["number"]), False)
    assert (block["hash"], int(block["timestamp"], 16)) == (start["l1"]["hash"], start["l2_time"])


def test_deployment_that_is_run_again_ends_in_the_same_network(rollup: OnAnvil) -> None:
    before = {file.name: file.read_bytes() for file in rollup.directory.glob("*.json")}
    again = openledger(*rollup.deploy)
    assert again.returncode == 0, again.stderr
    assert "Carrying on" in again.stdout
    assert {file.name: file.read_bytes() for file in rollup.directory.glob("*.json")} == before


def test_deployment_with_other_settings_is_refused(rollup: OnAnvil) -> None:
    other = openledger(*rollup.deploy, "--gas-limit=30000000")
    assert other.returncode == 1
    assert "with other settings" in other.stderr


def test_deployment_without_money_says_who_needs_how_much(rollup: OnAnvil, tmp_path: Path) -> None:
    (tmp_path / "poor.key").write_text("0x" + "17" * 32)
    poor = openledger("deploy-l1", f"--l1={rollup.l1}", f"--key={tmp_path / 'poor.key'}", f"--out={tmp_path / 'out'}")
    assert poor.returncode == 1
    assert "has 0 of the L1's coin" in poor.stderr
    assert not (tmp_path / "out" / "deployment.json").exists()


def test_deployment_to_a_dead_url_says_so(tmp_path: Path) -> None:
    (tmp_path / "any.key").write_text("0x" + "17" * 32)
    dead = openledger(
        "deploy-l1", "--l1=http://127.0.0.1:9", f"--key={tmp_path / 'any.key'}", f"--out={tmp_path / 'out'}"
    )
    assert dead.returncode == 1
    assert "no L1 answers" in dead.stderr


def test_transfer_becomes_safe_and_the_follower_has_the_same_hash(rollup: OnAnvil) -> None:
    chain = Chain(rollup.sequencer)
    receipt = chain.wait(chain.transfer(ACCOUNT, devnet_account(5).address, 7 * WEI_PER_OPEN))
    number = int(receipt["blockNumber"])

    def is_safe() -> bool:
        return int(rpc_call(rollup.follower, "optimism_syncStatus")["safe_l2"]["number"]) >= number

    wait_until(is_safe, f"block {number} safe on the follower")
    blocks = [rpc_call(url, "eth_getBlockByNumber", hex(number), False) for url in (rollup.sequencer, rollup.follower)]
    assert blocks[0] == blocks[1]
    assert blocks[0]["hash"] == receipt["blockHash"].to_0x_hex()
    assert int(rpc_call(rollup.follower, "eth_getBalance", devnet_account(5).address, "latest"), 16) == 7 * WEI_PER_OPEN


def test_finalized_head_follows_anvils(rollup: OnAnvil) -> None:
    assert wait_until(
        lambda: int(rpc_call(rollup.follower, "optimism_syncStatus")["finalized_l2"]["number"]), "a finalized L2 block"
    )


def test_deposit_through_the_portal_arrives_and_a_withdrawal_comes_back(rollup: OnAnvil) -> None:
    l1, l2 = Chain(rollup.l1), Chain(rollup.sequencer)
    bridge, sender, receiver = Bridge(l2, l1), devnet_account(1), devnet_account(6).address
    arrived = bridge.wait_for_deposit(bridge.deposit(sender, 3 * WEI_PER_OPEN, to=receiver))
    assert arrived["status"] == 1
    assert l2.balance(receiver) == 3 * WEI_PER_OPEN

    target = "0x" + "99" * 20
    _, withdrawal = bridge.withdraw(ACCOUNT, WEI_PER_OPEN, to=target)
    bridge.wait_for(withdrawal, WithdrawalStatus.READY_TO_PROVE)
    bridge.prove(sender, withdrawal)
    bridge.wait_for(withdrawal, WithdrawalStatus.READY_TO_FINALIZE)
    assert bridge.finalize(sender, withdrawal)
    assert l1.balance(target) == WEI_PER_OPEN


def test_deployment_that_was_killed_is_carried_on(rollup: OnAnvil, tmp_path: Path) -> None:
    (tmp_path / "deployer.key").write_text("0x" + bytes(devnet_account(7).key).hex())
    arguments = ["deploy-l1", f"--l1={rollup.l1}", f"--key={tmp_path / 'deployer.key'}", f"--out={tmp_path / 'out'}"]
    rpc_call(rollup.l1, "evm_setIntervalMining", 0)  # so that it can't have come to its end
    try:
        killed = subprocess.Popen([sys.executable, "-m", "node", *arguments], stdout=subprocess.DEVNULL)
        wait_until((tmp_path / "out" / "deployment.json").exists, "the deployment's record")
        killed.kill()
        killed.wait()
    finally:
        rpc_call(rollup.l1, "evm_setIntervalMining", 1)
    assert not (tmp_path / "out" / "rollup.json").exists()
    done = openledger(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Carrying on" in done.stdout
    addresses = json.loads((tmp_path / "out" / "l1-addresses.json").read_text())
    for name, address in addresses.items():
        assert rpc_call(rollup.l1, "eth_getCode", address, "latest") == "0x" + artifact(name).runtime.hex(), name
