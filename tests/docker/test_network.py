"""The network of docker-compose.yml, as somebody outside of it sees it."""

import json
import subprocess
import sys

import pytest
from web3 import Web3

from tests.docker.containers import HOST, ROOT, Containers, run, wait_for
from tests.docker.traffic import KNOWN, Wallet, occurrences, receipt

NODES = ("sequencer", "follower-1", "follower-2")
FOLLOWERS = NODES[1:]


def agreed_block(network: Containers, number: int) -> dict[str, object]:
    """The block that all nodes have under a safe number. Fails unless hash, roots and output root are equal."""
    for service in NODES:
        wait_for(
            lambda service=service: network.height(service, "safe") >= number, f"block {number}, safe on {service}"
        )
    blocks = [network.block(service, hex(number)) for service in NODES]
    assert blocks[0] == blocks[1] == blocks[2]
    outputs = [network.call(service, "optimism_outputAtBlock", hex(number)) for service in NODES]
    roots = {(output["outputRoot"], output["stateRoot"]) for output in outputs}
    assert roots == {(outputs[0]["outputRoot"], blocks[0]["stateRoot"])}
    return blocks[0]


def test_every_container_becomes_healthy_without_rights(network: Containers) -> None:
    for service in ("l1", *NODES):
        wait_for(lambda service=service: network.health(service) == "healthy", f"health of {service}")
        described = json.loads(run("docker", "inspect", network.container(service)))[0]
        assert described["Config"]["User"] == "openledger"
        host = described["HostConfig"]
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False)
        assert host["Memory"] > 0
        assert host["NanoCpus"] > 0
        bound = [entry for entries in host["PortBindings"].values() for entry in entries]
        assert {entry["HostIp"] for entry in bound} == {HOST}


def test_keys_are_encrypted_files_that_only_the_sequencer_has(network: Containers) -> None:
    keystore = network.inside("sequencer", "cat", "/keys/batcher.json")
    assert json.loads(keystore)["crypto"]["kdf"] == "scrypt"
    assert network.inside("sequencer", "stat", "--format=%a", "/keys/batcher.json").strip() == "600"
    password = network.inside("sequencer", "cat", "/password/keystore").strip()
    for service in ("l1", *NODES):
        described = run("docker", "inspect", network.container(service))
        assert password not in described
        assert password not in run("docker", "logs", network.container(service))
    for service in FOLLOWERS:
        assert network.inside(service, "ls", "/keys", "/password").split() == ["/keys:", "/password:"]


def test_the_image_has_neither_compiler_nor_torch(network: Containers) -> None:
    missing = (
        "for name in cc gcc vyper pip; do command -v $name | grep -v ^/usr/bin/pip; done; python -c 'import torch'"
    )
    said = network.inside("follower-1", "sh", "-c", missing, check=False)
    assert "No module named 'torch'" in said
    assert [line for line in said.splitlines() if line.startswith("/")] == []


@pytest.mark.slow
def test_the_demo_runs_against_the_network_from_outside(network: Containers) -> None:
    urls = ["--rpc", network.url("sequencer"), "--l1-rpc", network.url("l1")]
    done = subprocess.run(
        [sys.executable, "-m", "node", "demo", "--inferences", "20", *urls],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Who earned what" in done.stdout


def test_all_nodes_agree_on_what_was_sent_to_each_of_them(network: Containers) -> None:
    sent = {}
    for index, service in enumerate(NODES, start=1):
        wallet = Wallet(index, nonce=network.web3(service).eth.get_transaction_count(Wallet(index).account.address))
        sent[service] = [wait_for(lambda: wallet.send(network, service), "an answer") for _ in range(5)]  # noqa: B023
    highest = 0
    for transactions in sent.values():
        for transaction in transactions:
            receipts = [receipt(network, service, transaction) for service in NODES]
            assert receipts[0] == receipts[1] == receipts[2]
            assert receipts[0]["status"] == "0x1"
            highest = max(highest, int(receipts[0]["blockNumber"], 16))
    agreed_block(network, highest)


def test_a_transaction_that_every_follower_got_is_included_once(network: Containers) -> None:
    wallet = Wallet(4, nonce=network.web3("sequencer").eth.get_transaction_count(Wallet(4).account.address))
    sent = []
    for _ in range(10):
        raw, transaction = wallet.sign(wallet.nonce)
        wallet.nonce += 1
        taken = 0
        for service in (*FOLLOWERS, *FOLLOWERS):
            answer = network.web3(service).provider.make_request("eth_sendRawTransaction", [raw])  # type: ignore[arg-type]
            taken += "result" in answer
            assert "result" in answer or any(text in answer["error"]["message"] for text in KNOWN), answer
        assert taken >= 1
        sent.append(transaction)
    last = max(int(receipt(network, "follower-1", transaction)["blockNumber"], 16) for transaction in sent)
    agreed_block(network, last)
    counted = occurrences(network, "follower-2", last)
    assert {transaction: counted.get(transaction) for transaction in sent} == dict.fromkeys(sent, 1)
    assert max(counted.values()) == 1


def test_a_role_is_rotated_by_one_command(network: Containers) -> None:
    password = ["--keystore-password", "/password/keystore"]
    places = ["--l1", "http://l1:8645", "--rollup", "/network/rollup.json", "--key", "/keys/operator.json", *password]
    before = unsafe_block_signer(network)
    made = network.inside("sequencer", "openledger", "key", "new", "/data/new.json", *password).split()[-1]
    try:
        network.inside("sequencer", "openledger", "network", "rotate", "unsafe-block-signer", "/data/new.json", *places)
        assert unsafe_block_signer(network) == made != before
    finally:
        old = "/keys/unsafe_block_signer.json"
        network.inside("sequencer", "openledger", "network", "rotate", "unsafe-block-signer", old, *places)
    assert unsafe_block_signer(network) == before


def unsafe_block_signer(network: Containers) -> str:
    """Whom SystemConfig names on L1."""
    addresses = json.loads(network.inside("sequencer", "cat", "/network/l1-addresses.json"))
    call = {"to": addresses["SystemConfig"], "data": Web3.keccak(text="unsafeBlockSigner()")[:4].to_0x_hex()}
    return Web3.to_checksum_address(network.call("l1", "eth_call", call, "latest")[-40:])


def test_a_follower_with_an_empty_volume_agrees_again(network: Containers) -> None:
    before = network.block("follower-1", "safe")
    network.compose("rm", "--stop", "--force", "-v", "follower-1")
    run("docker", "volume", "rm", f"{network.name}_follower-1")
    network.up("follower-1")
    number = int(before["number"], 16)
    wait_for(lambda: network.height("follower-1", "safe") >= number, "the rebuilt follower's safe head")
    assert network.block("follower-1", hex(number)) == before
    agreed_block(network, network.height("sequencer", "safe"))


def test_a_network_that_was_stopped_goes_on_where_it_was(network: Containers) -> None:
    before = network.block("sequencer", "latest")
    network.compose("stop")
    codes = {service: network.state(service)["ExitCode"] for service in ("l1", *NODES)}
    assert set(codes.values()) == {0}, codes
    network.up()
    for service in NODES:
        wait_for(lambda service=service: network.height(service) > int(before["number"], 16), f"blocks of {service}")
        assert network.block(service, before["number"])["hash"] == before["hash"]
    agreed_block(network, int(before["number"], 16))
