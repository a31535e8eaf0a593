"""A follower has the sequencer's chain from L1 alone, and hands transactions on."""

import subprocess
import sys
from pathlib import Path

import pytest
from web3.exceptions import Web3RPCError

from tests import compared
from tests.e2e.network.devnets import COMES_WITHIN, ENDS_WITHIN, STARTS_WITHIN, Devnet, connect, send, sign, wait_for
from tests.ports import HOST


def _agree(devnet: Devnet, number: int) -> None:
    ours, theirs = devnet.sequencer.eth.get_block(number), devnet.follower.eth.get_block(number)
    assert ours["hash"] == theirs["hash"]
    assert ours["stateRoot"] == theirs["stateRoot"]


def test_follower_equals_the_sequencer_at_the_safe_head(devnet: Devnet) -> None:
    receipt = send(devnet.sequencer, devnet.account(0), to=devnet.account(1).address, value=1)
    number = int(receipt["blockNumber"])
    wait_for(lambda: devnet.follower.eth.get_block("safe")["number"] >= number, "the follower's safe head")
    safe = int(devnet.follower.eth.get_block("safe")["number"])
    for height in (1, number, safe):
        _agree(devnet, height)


def test_transaction_sent_to_the_follower_is_included_exactly_once(devnet: Devnet) -> None:
    sender = devnet.account(2)
    before = devnet.sequencer.eth.get_transaction_count(sender.address)
    raw = sign(devnet.follower, sender, to=devnet.account(3).address, value=1)
    transaction_hash = devnet.follower.eth.send_raw_transaction(raw)
    with pytest.raises(Web3RPCError, match="already known|nonce too low"):
        devnet.follower.eth.send_raw_transaction(raw)
    receipt = devnet.follower.eth.wait_for_transaction_receipt(transaction_hash, timeout=COMES_WITHIN, poll_latency=0.2)
    assert receipt["status"] == 1
    _agree(devnet, int(receipt["blockNumber"]))
    assert devnet.sequencer.eth.get_transaction_count(sender.address) == before + 1
    assert devnet.sequencer.eth.get_transaction_receipt(transaction_hash)["blockHash"] == receipt["blockHash"]


def test_follower_that_comes_later_with_three_files_and_no_peers_reaches_the_same_hash(
    devnet: Devnet, tmp_path: Path
) -> None:
    wanted = devnet.sequencer.eth.get_block("safe")
    port = devnet.port + 7
    command = [sys.executable, "-m", "node", "node", "--role=follower", f"--rpc-port={port}", "--l1-poll=0.5"]
    files = [f"--rollup={devnet.description['rollupJson']}", f"--genesis={devnet.description['genesisJson']}"]
    places = [f"--l1-rpc={devnet.description['l1']['rpc']}", f"--data-dir={tmp_path / 'late'}"]
    with (compared.watch(tmp_path) / "late.log").open("wb") as log:
        process = subprocess.Popen([*command, *files, *places], stdout=log, stderr=log, env=compared.environment())
    try:
        late = connect(f"http://{HOST}:{port}")
        wait_for(late.is_connected, "the late follower", STARTS_WITHIN)
        wait_for(lambda: late.eth.get_block("safe")["number"] >= wanted["number"], "the late follower's safe head")
        assert late.eth.get_block(wanted["number"])["hash"] == wanted["hash"]
        with pytest.raises(Web3RPCError, match="--sequencer-rpc"):
            late.eth.send_raw_transaction(sign(late, devnet.account(4), to=devnet.account(3).address, gas=21_000))
    finally:
        process.terminate()
        assert process.wait(timeout=ENDS_WITHIN) == 0
