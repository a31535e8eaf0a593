"""Stopping, carrying on from disk, and what is said when a start can't work."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.e2e.network.devnets import ENDS_WITHIN, STARTS_WITHIN, Devnet, connect, send, wait_for
from tests.ports import HOST


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_ctrl_c_and_sigterm_stop_cleanly_and_the_next_start_carries_on(make_devnet: Callable[..., Devnet]) -> None:
    devnet = make_devnet(followers=0).start()
    receipt = send(devnet.sequencer, devnet.account(0), to=devnet.account(1).address, value=123)
    wait_for(lambda: devnet.sequencer.eth.get_block("safe")["number"] >= receipt["blockNumber"], "the safe head")
    hashes = {n: devnet.sequencer.eth.get_block(n)["hash"] for n in range(int(receipt["blockNumber"]) + 1)}
    _stops_cleanly(devnet, signal.SIGINT)
    devnet.start()
    assert {n: devnet.sequencer.eth.get_block(n)["hash"] for n in hashes} == hashes
    assert devnet.sequencer.eth.get_transaction_receipt(receipt["transactionHash"])["status"] == 1
    again = send(devnet.sequencer, devnet.account(0), to=devnet.account(1).address, value=1)
    wait_for(lambda: devnet.sequencer.eth.get_block("safe")["number"] >= again["blockNumber"], "safe after a restart")
    assert "Carrying on with the devnet" in devnet.output()
    _stops_cleanly(devnet, signal.SIGTERM)


def _stops_cleanly(devnet: Devnet, number: signal.Signals) -> None:
    assert devnet.stop(number) == 0, devnet.output()
    assert not any(map(_is_running, devnet.description["pids"].values()))
    assert not (devnet.directory / "devnet.json").exists()
    for name in ("l1", "sequencer"):
        assert "Traceback" not in devnet.log(name), devnet.log(name)[-3_000:]
        assert "node.stopped" in devnet.log(name).splitlines()[-1]


def test_port_in_use_is_said_with_the_flag_that_helps(devnet: Devnet, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "node", "devnet", "--no-demo", f"--rpc-port={devnet.port}"]
    command += [f"--l1-port={devnet.port + 6}", f"--data-dir={tmp_path / 'other'}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=STARTS_WITHIN, check=False)
    assert ended.returncode == 1
    assert f"port {devnet.port} is in use" in ended.stderr
    assert "--rpc-port" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "other").exists(), "nothing was made before the ports were known to be free"


def test_node_says_that_its_port_is_in_use(devnet: Devnet, tmp_path: Path) -> None:
    ended = _node(
        f"--rollup={devnet.description['rollupJson']}",
        f"--genesis={devnet.description['genesisJson']}",
        f"--l1-rpc={devnet.description['l1']['rpc']}",
        f"--rpc-port={devnet.port}",
        f"--data-dir={tmp_path}",
    )
    assert ended.returncode == 1
    assert f"can't listen on {HOST}:{devnet.port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_data_directory_of_a_running_node_is_refused(devnet: Devnet) -> None:
    ended = _node(
        f"--rollup={devnet.description['rollupJson']}",
        f"--genesis={devnet.description['genesisJson']}",
        f"--data-dir={devnet.directory / 'sequencer'}",
    )
    assert ended.returncode == 1
    assert "another process" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_node_answers_from_its_disk_while_l1_is_away(devnet: Devnet, tmp_path: Path) -> None:
    port = devnet.port + 7
    files = [f"--rollup={devnet.description['rollupJson']}", f"--genesis={devnet.description['genesisJson']}"]
    command = [sys.executable, "-m", "node", "node", *files, f"--rpc-port={port}", f"--data-dir={tmp_path / 'data'}"]
    with (tmp_path / "node.log").open("wb") as log:
        process = subprocess.Popen([*command, f"--l1-rpc=http://{HOST}:9"], stdout=log, stderr=log)
    try:
        web3 = connect(f"http://{HOST}:{port}")
        wait_for(web3.is_connected, "JSON-RPC", STARTS_WITHIN)
        assert web3.eth.get_block("latest")["hash"] == devnet.sequencer.eth.get_block(0)["hash"]
        wait_for(lambda: "node.waits_for_l1" in (tmp_path / "node.log").read_text(), "the reason")
    finally:
        process.terminate()
        assert process.wait(timeout=ENDS_WITHIN) == 0, (tmp_path / "node.log").read_text()


def test_l1_of_another_chain_is_refused(devnet: Devnet, tmp_path: Path) -> None:
    ended = _node(
        f"--rollup={devnet.description['rollupJson']}",
        f"--genesis={devnet.description['genesisJson']}",
        f"--l1-rpc={devnet.description['l2']['sequencer']['rpc']}",
        f"--rpc-port={devnet.port + 7}",
        f"--data-dir={tmp_path}",
    )
    assert ended.returncode == 1
    assert "is chain 161299" in ended.stderr
    assert "expects 900" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_unknown_keys_are_all_reported_at_once_with_what_was_meant(tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_text('[node]\nl1_rcp = "http://127.0.0.1:1"\nrole = "boss"\n[nod]\n')
    ended = _node(f"--config={config}", "--rpc-port=99999", f"--data-dir={tmp_path}", OPENLEDGER_NODE_COLOUR="red")
    assert ended.returncode == 1
    for expected in ("'l1_rcp' (did you mean 'l1_rpc'?)", "unknown section [nod]", "role", "rpc_port", "'colour'"):
        assert expected in ended.stderr
    assert "Traceback" not in ended.stderr


def test_follower_without_its_files_names_the_missing_one(tmp_path: Path) -> None:
    ended = _node(f"--rollup={tmp_path / 'rollup.json'}", f"--data-dir={tmp_path}")
    assert ended.returncode == 1
    assert f"rollup configuration {tmp_path / 'rollup.json'} can't be read" in ended.stderr


def _node(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`openledger node` that is expected to end at once."""
    command = [sys.executable, "-m", "node", "node", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=STARTS_WITHIN, check=False, env=dict(os.environ) | environment
    )
