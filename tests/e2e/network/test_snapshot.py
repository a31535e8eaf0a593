"""A follower is stopped and exported; on another directory a node is made of it and goes on to the same heads."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.network import Load, Network, Process, RpcFailure, describe, wait_for
from tests.e2e.conftest import openledger
from tests.ports import free_port


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """With a proposer, and transfers all the time."""
    network = Network.create(tmp_path)
    network.sequencer.arguments.remove("--no-proposer")
    network.sequencer.arguments += [
        f"--proposer-key={network.files.key('proposer')}",
        f"--l1-addresses={network.files.l1_addresses}",
    ]
    network.start()
    try:
        yield network
    finally:
        network.stop()


def test_a_node_made_from_a_snapshot_reaches_the_same_heads_and_states(network: Network, tmp_path: Path) -> None:
    load = Load(network, pause=0.3)
    load.start()
    try:
        follower = network.follower
        wait_for(lambda: network.heads(follower)["finalized"][0] >= 14, "finality beyond the first output root")
        file, l1 = tmp_path / "snapshot", network.l1.url
        running = openledger("snapshot", "export", f"--data-dir={tmp_path / 'follower'}", f"--out={file}")
        assert running.returncode == 1
        assert "is open in another process: stop that process" in running.stderr
        follower.stop()
        claims = [f"--l1-rpc={l1}", f"--l1-addresses={network.files.l1_addresses}"]
        files = [f"--rollup={network.files.rollup}", f"--genesis={network.files.l2_genesis}"]
        exported = openledger(
            "snapshot", "export", f"--data-dir={tmp_path / 'follower'}", f"--out={file}", *files, *claims
        )
        assert exported.returncode == 0, exported.stderr
        verified = openledger("snapshot", "verify", str(file), *files, *claims)
        assert verified.returncode == 0, verified.stderr
        assert "dispute game 0x" in verified.stdout
        number = block_of(verified.stdout)

        made = tmp_path / "made"
        kill_while_importing(["snapshot", "import", str(file), f"--data-dir={made}", *files, *claims], made)
        imported = openledger("snapshot", "import", str(file), f"--data-dir={made}", *files, *claims)
        assert imported.returncode == 0, imported.stderr
        assert sorted(entry.name for entry in made.iterdir()) == ["chain"]

        pruned = openledger("prune", f"--data-dir={made}")
        assert pruned.returncode == 0, pruned.stderr

        follower.start()
        copy = another(follower, made, tmp_path)
        copy.start()
        try:
            follower.wait_until_up()
            copy.wait_until_up()
            assert network.heads(copy)["safe"][0] >= number
            network.wait_until_safe(number + 8)
            wait_for(lambda: network.heads(copy)["safe"][0] >= number + 8, "the copy's safe head")
            reached, _ = network.heads(copy)["safe"]
            wait_for(lambda: network.heads(follower)["safe"][0] >= reached, "the follower's safe head")
            blocks = [node.call("eth_getBlockByNumber", hex(reached), False) for node in (follower, copy)]
            assert blocks[0] == blocks[1]
            proofs = [node.call("eth_getProof", "0x" + "22" * 20, [], hex(reached)) for node in (follower, copy)]
            assert proofs[0] == proofs[1]
            with pytest.raises(RpcFailure, match=f"keeps the states from block {number} on"):
                copy.call("eth_getBalance", "0x" + "22" * 20, hex(number - 1))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{describe(network)}\n{copy.tail()}") from error
        finally:
            copy.stop()
    finally:
        load.end()


def block_of(output: str) -> int:
    found = re.search(r"^block +(\d+) ", output, re.MULTILINE)
    assert found, output
    return int(found[1])


def another(follower: Process, data_dir: Path, directory: Path) -> Process:
    """A follower like the other one, on its own directory and port, and pruned."""
    port = free_port()
    replaced = {"--data-dir": str(data_dir), "--rpc-port": str(port)}
    arguments = [
        f"{name}={replaced[name]}" if (name := argument.partition("=")[0]) in replaced else argument
        for argument in follower.arguments
    ]
    return Process("copy", [*arguments, "--pruning=full"], f"http://127.0.0.1:{port}", directory / "copy.log")


def kill_while_importing(command: list[str], data_dir: Path) -> None:
    """SIGKILL once it has begun to write: what it leaves is nothing that a node would open, unless it was done."""
    process = subprocess.Popen(
        [sys.executable, "-m", "node", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and not (data_dir / "chain.importing").exists():
        time.sleep(0.001)
    process.kill()
    process.wait()
    if (data_dir / "chain").exists():
        shutil.rmtree(data_dir)
