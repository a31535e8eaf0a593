"""An operator and an explorer against a devnet of real processes: admin_*, its command, and ots_*."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import ProcessGroup, answers_calls, openledger, rpc_call, wait_until
from tests.ports import free_ports

pytestmark = pytest.mark.slow

CREATE2_DEPLOYER = "0x4e59b44847b379578588920ca78fbf26c0b4956c"


class Running:
    """A sequencer with its admin port, and what `openledger admin` says to it."""

    def __init__(self, directory: Path, rpc: str, admin: str) -> None:
        self.rpc = rpc
        self.admin_url = admin
        self.secret = directory / "sequencer" / "admin.jwt"

    def admin(self, *words: str, fails: bool = False) -> str:
        command, *rest = words
        done = openledger("admin", command, *rest, f"--secret={self.secret}", f"--url={self.admin_url}")
        assert done.returncode == (1 if fails else 0), done.stdout + done.stderr
        return (done.stderr if fails else done.stdout).strip()

    def number(self, tag: str = "latest") -> int:
        return int(rpc_call(self.rpc, "eth_getBlockByNumber", tag, False)["number"], 16)


@pytest.fixture(scope="module")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("admin")
    l1_port, rpc_port, admin_port, p2p_port = free_ports(4)
    ports = [f"--l1-port={l1_port}", f"--rpc-port={rpc_port}", f"--admin-port={admin_port}", f"--p2p-port={p2p_port}"]
    processes = ProcessGroup(directory)
    data = directory / "data"
    processes.openledger(
        "devnet", "devnet", "--no-demo", "--followers=0", "--l1-block-time=1", f"--data-dir={data}", *ports
    )

    def described() -> bool:
        processes.check()
        return (data / "devnet.json").exists()

    try:
        wait_until(described, "devnet.json")
        running = Running(data, f"http://127.0.0.1:{rpc_port}", f"http://127.0.0.1:{admin_port}")
        wait_until(lambda: answers_calls(running.rpc), "an answer from a reader process")
        yield running
    finally:
        processes.stop()


def test_nobody_gets_in_without_the_secret_which_only_its_owner_reads(devnet: Running, tmp_path: Path) -> None:
    assert stat.S_IMODE(devnet.secret.stat().st_mode) == 0o600
    body = {"jsonrpc": "2.0", "id": 1, "method": "admin_stopSequencer", "params": []}
    assert httpx.post(devnet.admin_url, json=body, timeout=60).status_code == 401
    other = tmp_path / "other.jwt"
    other.write_text("0x" + os.urandom(32).hex())
    done = openledger("admin", "stop-sequencer", f"--secret={other}", f"--url={devnet.admin_url}")
    assert (done.returncode, "unauthorised" in done.stderr) == (1, True)
    public = httpx.post(devnet.rpc, json=body, timeout=60).json()
    assert public["error"]["code"] == -32601
    token = openledger("admin", "token", f"--secret={devnet.secret}").stdout
    info: dict[str, Any] = httpx.post(
        devnet.admin_url,
        json=body | {"method": "admin_sequencerActive"},
        headers={"authorization": f"Bearer {token.strip()}"},
        timeout=60,
    ).json()
    assert info["result"] is True


def test_sequencer_is_stopped_at_a_head_and_started_on_it_again(devnet: Running) -> None:
    wait_until(lambda: devnet.number() > 2, "the first blocks")
    head = devnet.admin("stop-sequencer")
    stopped = rpc_call(devnet.rpc, "eth_getBlockByHash", head, False)
    assert int(stopped["number"], 16) == devnet.number()
    info = json.loads(devnet.admin("info"))
    assert (info["sequencer"], info["batcher"], info["role"]) == (False, True, "sequencer")
    assert info["head"]["hash"] == head
    assert "sequencer not running" in devnet.admin("stop-sequencer", fails=True)
    assert "does not match" in devnet.admin("start-sequencer", "0x" + "77" * 32, fails=True)
    # L1 goes on, the batcher too: what was built becomes safe, and nothing is added to it.
    wait_until(lambda: devnet.number("safe") == devnet.number(), "the last block to be safe")
    assert devnet.number() == int(stopped["number"], 16)
    assert devnet.admin("start-sequencer", head) == "sequencer started"
    wait_until(lambda: devnet.number() > int(stopped["number"], 16), "the next block")
    assert json.loads(devnet.admin("info"))["sequencer"] is True


def test_batcher_is_stopped_and_started(devnet: Running) -> None:
    devnet.admin("stop-batcher")
    wait_until(lambda: devnet.number("safe") > 0, "a safe block")
    # What was sent may still arrive: the safe head stands once it hasn't moved while the unsafe head went on.
    seen = -1

    def stands() -> bool:
        nonlocal seen
        before, seen = seen, devnet.number("safe")
        begin = devnet.number()
        wait_until(lambda: devnet.number() >= begin + 4, "more unsafe blocks")
        return before == seen == devnet.number("safe")

    wait_until(stands, "the safe head to stand")
    assert "batcher not running" in devnet.admin("stop-batcher", fails=True)
    assert devnet.admin("start-batcher") == "batcher started"
    wait_until(lambda: devnet.number("safe") > seen, "the safe head to move on")


def test_log_level_is_changed_while_the_node_runs(devnet: Running) -> None:
    assert devnet.admin("log-level", "warning") == "log level warning"
    assert "expected one of debug" in devnet.admin("log-level", "loud", fails=True)
    assert devnet.admin("log-level", "info") == "log level info"


def test_explorer_finds_history_and_creation(devnet: Running) -> None:
    """Through reader processes, which are fed the address index with each block."""
    assert rpc_call(devnet.rpc, "ots_getApiLevel") == 8
    key = "dev:3"
    address = openledger("account", "show", f"--key={key}").stdout.strip()
    receiver = "0x" + "5e" * 20
    sent = [
        openledger("account", "send", receiver, "1", f"--key={key}", f"--rpc={devnet.rpc}").stdout.split()[-1]
        for _ in range(2)
    ]
    found = rpc_call(devnet.rpc, "ots_searchTransactionsBefore", receiver, 0, 25)
    assert [entry["hash"] for entry in found["txs"]] == sent[::-1]
    assert (found["firstPage"], found["lastPage"]) == (True, True)
    for nonce, transaction in enumerate(sent):
        assert rpc_call(devnet.rpc, "ots_getTransactionBySenderAndNonce", address, nonce) == transaction
    assert rpc_call(devnet.rpc, "ots_getContractCreator", CREATE2_DEPLOYER) is None
    assert rpc_call(devnet.rpc, "ots_hasCode", CREATE2_DEPLOYER, "latest") is True
    trace = rpc_call(devnet.rpc, "ots_traceTransaction", sent[0])
    assert [(call["type"], call["to"], call["value"]) for call in trace] == [("CALL", receiver, hex(10**18))]
    supply = rpc_call(devnet.rpc, "open_getSupply")["supply"]
    assert int(supply["onL2"], 16) == int(supply["total"], 16) == 10**27
    assert int(supply["circulating"], 16) + sum(int(v, 16) for v in supply["predeploys"].values()) == 10**27
