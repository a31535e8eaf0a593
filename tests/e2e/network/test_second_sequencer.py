"""A sequencer beside the network's own, on an empty disk and with keys that are nobody's."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from web3 import Web3

from tests import compared
from tests.e2e.network.devnets import ENDS_WITHIN, STARTS_WITHIN, Devnet, connect, wait_for
from tests.ports import HOST


@contextmanager
def _sequencer(devnet: Devnet, folder: Path, *options: str) -> Iterator[Web3]:
    port = devnet.port + 7
    command = [sys.executable, "-m", "node", "node", "--role=sequencer", "--preset=devnet", f"--rpc-port={port}"]
    command += [f"--rollup={devnet.description['rollupJson']}", f"--genesis={devnet.description['genesisJson']}"]
    command += [f"--l1-rpc={devnet.description['l1']['rpc']}", f"--data-dir={folder / 'data'}", *options]
    with (compared.watch(folder) / "node.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=compared.environment())
    try:
        web3 = connect(f"http://{HOST}:{port}")
        wait_for(web3.is_connected, "the second sequencer", STARTS_WITHIN)
        yield web3
    finally:
        process.terminate()
        assert process.wait(timeout=ENDS_WITHIN) == 0, (folder / "node.log").read_text()


def test_derives_the_chain_before_it_builds_and_says_what_its_batcher_lacks(devnet: Devnet, tmp_path: Path) -> None:
    wanted = wait_for(lambda: devnet.sequencer.eth.get_block("safe")["number"], "a safe block")
    with _sequencer(devnet, tmp_path) as second:
        wait_for(lambda: second.eth.block_number > wanted, "the chain")
        assert second.eth.get_block(wanted)["hash"] == devnet.sequencer.eth.get_block(wanted)["hash"]
        wait_for(lambda: "sequencer.origin" in (tmp_path / "node.log").read_text(), "its own first block")
    log = (tmp_path / "node.log").read_text()
    assert "node.batcher_off" in log
    assert "no --batcher-key" in log
    first_built = re.search(r"sequencer\.origin .*number=(\d+)", log)
    assert first_built is not None
    assert int(first_built[1]) > wanted, "what is on L1 was derived first"


def test_batcher_key_that_derivation_would_ignore_is_pointed_out(devnet: Devnet, tmp_path: Path) -> None:
    key = tmp_path / "some.key"
    key.write_text("0x" + "77" * 32)
    with _sequencer(devnet, tmp_path, f"--batcher-key={key}"):
        wait_for(lambda: "node.batcher_differs" in (tmp_path / "node.log").read_text(), "the warning")
    assert "Traceback" not in (tmp_path / "node.log").read_text()
