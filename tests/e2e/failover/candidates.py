"""A network of processes: the simulated L1, sequencer candidates, and a load of transfers on whoever leads."""

import contextlib
import json
import signal
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
from eth_account import Account

from client.keys import devnet_account
from node.devnet.network import NetworkFiles, create_network
from tests import compared
from tests.chaos.network import CHAIN_ID, Process, RpcFailure, rpc, wait_for
from tests.e2e.failover.etcd_cluster import EtcdCluster
from tests.ports import free_ports

FUNDED = 0
CALL_SECONDS = 5.0
"""A stopped candidate doesn't answer, and is asked again when it goes on."""


@dataclass
class Candidates:
    """L1 and candidates, all on this machine, with etcd beside them."""

    etcd: EtcdCluster
    files: NetworkFiles
    l1: Process
    candidates: list[Process] = field(default_factory=list)

    @classmethod
    def create(cls, directory: Path, etcd: EtcdCluster, count: int = 3) -> "Candidates":
        compared.watch(directory)
        files = create_network(
            directory, timestamp=int(time.time()), l2_chain_id=CHAIN_ID, l1_chain_id=900, block_time=1,
            gas_limit=20_000_000,
        )  # fmt: skip
        ports = free_ports(1 + count)
        urls = [f"http://127.0.0.1:{port}" for port in ports]

        def process(name: str, url: str, *arguments: str) -> Process:
            place = f"--data-dir={directory / name}"
            port = f"--rpc-port={url.rpartition(':')[2]}"
            return Process(name, [*arguments, "--preset=devnet", place, port], url, directory / f"{name}.log")

        l1 = process("l1", urls[0], "l1", f"--genesis={files.l1_genesis}", "--block-time=2", "--finality-blocks=12")
        node = ["node", "--role=sequencer", f"--rollup={files.rollup}", f"--genesis={files.l2_genesis}",
                f"--l1-rpc={urls[0]}", f"--batcher-key={files.key('batcher')}",
                f"--proposer-key={files.key('proposer')}", f"--l1-addresses={files.l1_addresses}",
                f"--etcd={','.join(etcd.urls)}", "--readers=0", "--audit-share=0"]  # fmt: skip
        found = cls(etcd, files, l1)
        for index, url in enumerate(urls[1:]):
            named = [f"--candidate-name=candidate{index}", f"--candidate-rpc={url}"]
            found.candidates.append(process(f"candidate{index}", url, *node, *named))
        return found

    def start(self) -> None:
        for process in (self.l1, *self.candidates):
            process.start()
        for process in (self.l1, *self.candidates):
            process.wait_until_up()

    def stop(self) -> None:
        for process in reversed((self.l1, *self.candidates)):
            if process.running is not None and process.running.poll() is None:
                process.running.send_signal(signal.SIGCONT)
            process.stop()

    def head(self, process: Process) -> tuple[int, str]:
        block = process.call("eth_getBlockByNumber", "latest", False)
        return int(block["number"], 16), block["hash"]

    def leader(self) -> Process | None:
        """The candidate whose name is in etcd."""
        found = self.etcd.value(self.leader_key)
        if found is None:
            return None
        name = json.loads(b64decode(found["value"]))["name"]
        return next(one for one in self.candidates if one.name == name)

    @property
    def leader_key(self) -> bytes:
        rollup = json.loads(self.files.rollup.read_text())
        return f"/openledger/{CHAIN_ID}/{rollup['genesis']['l2']['hash'][2:]}/leader".encode()

    def wait_for_leader(self) -> Process:
        wait_for(lambda: self.leader() is not None, "an elected leader")
        found = self.leader()
        assert found is not None
        return found

    def describe(self) -> str:
        return "\n\n".join(f"--- {one.name}\n{one.tail()}" for one in (self.l1, *self.candidates))


class Load:
    """Transfers to whichever candidate leads, and every newest block that any of them showed.

    Each candidate is watched by a thread of its own: a call to one that is stopped takes its time.
    """

    def __init__(self, network: Candidates) -> None:
        self._network = network
        self._account = devnet_account(FUNDED)
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(partial(self._look, candidate),), daemon=True)
            for candidate in network.candidates
        ]
        self._threads.append(threading.Thread(target=self._repeat, args=(self._send,), daemon=True))
        self.seen: dict[int, set[str]] = {}
        """Number -> hashes of what was `latest` somewhere."""
        self.first_seen: dict[int, float] = {}
        """Number -> when one of that height was first seen, on the monotonic clock."""
        self.acknowledged = 0

    @property
    def highest(self) -> int:
        return max(self.seen.copy(), default=0)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def _repeat(self, act: Callable[[], None]) -> None:
        while not self._ended.wait(0.05):
            with contextlib.suppress(RpcFailure, httpx.HTTPError):
                act()

    def _look(self, candidate: Process) -> None:
        head = rpc(candidate.url, "eth_getBlockByNumber", "latest", False, timeout=CALL_SECONDS)
        number = int(head["number"], 16)
        self.first_seen.setdefault(number, time.monotonic())
        self.seen.setdefault(number, set()).add(head["hash"])

    def _send(self) -> None:
        leader = self._network.leader()
        if leader is None:
            return
        count = rpc(leader.url, "eth_getTransactionCount", self._account.address, "pending", timeout=CALL_SECONDS)
        signed = Account.sign_transaction(
            {
                "type": 2, "chainId": CHAIN_ID, "nonce": int(count, 16), "to": "0x" + "22" * 20, "value": 1,
                "gas": 21_000, "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9,
            },
            self._account.key,
        )  # fmt: skip
        rpc(leader.url, "eth_sendRawTransaction", signed.raw_transaction.to_0x_hex(), timeout=CALL_SECONDS)
        self.acknowledged += 1

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(120)
