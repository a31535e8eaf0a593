"""A real network of processes that a test may kill: L1, sequencer, follower, and a load of transfers."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from eth_account import Account

from client.keys import devnet_account
from node.devnet.network import NetworkFiles, create_network
from tests import compared
from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
CHAIN_ID = 161_299
BATCH = 100


class RpcFailure(Exception):
    """The node answered with an error, or not at all."""


_http = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))
"""One for all calls, for each makes TLS settings that take longer than a call. No connection outlives its node."""


def rpc(url: str, method: str, *params: Any, timeout: float = 60.0) -> Any:
    """A JSON-RPC result. Raises RpcFailure."""
    return _result(method, _post(url, method, _request(method, params), timeout))


def rpc_each(url: str, method: str, each: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The results of one method for each of many parameters, in order, in batches. Raises RpcFailure."""
    results = []
    for start in range(0, len(each), BATCH):
        asked = [_request(method, params, number) for number, params in enumerate(each[start : start + BATCH])]
        answers = sorted(_post(url, method, asked, 30.0), key=lambda answer: int(answer["id"]))
        results += [_result(method, answer) for answer in answers]
    return results


def _request(method: str, params: tuple[Any, ...], number: int = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _post(url: str, method: str, message: Any, timeout: float) -> Any:
    try:
        return _http.post(url, json=message, timeout=timeout).json()
    except (httpx.HTTPError, ValueError) as error:
        raise RpcFailure(f"{method}: {type(error).__name__}") from error


def _result(method: str, answer: Any) -> Any:
    if "error" in answer:
        raise RpcFailure(f"{method}: {answer['error']}")
    return answer["result"]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 240.0) -> None:
    """Return when `condition()`; a node that is away counts as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except RpcFailure:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


@dataclass
class Process:
    """One node that can be killed and started again."""

    name: str
    arguments: list[str]
    url: str
    log: Path
    module: str = "node"
    """What is launched: `python -m module arguments`."""
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=compared.environment(),
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()

    def stop(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()
            try:
                self.running.wait(120)
            except subprocess.TimeoutExpired:
                self.kill()

    def call(self, method: str, *params: Any) -> Any:
        return rpc(self.url, method, *params)

    def call_each(self, method: str, each: Sequence[tuple[Any, ...]]) -> list[Any]:
        return rpc_each(self.url, method, each)

    def wait_until_up(self, seconds: float = 300.0) -> None:
        def answers() -> bool:
            assert self.running is not None
            if self.running.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.running.returncode}:\n{self.tail()}")
            return isinstance(self.call("eth_chainId"), str)

        wait_for(answers, f"start of {self.name}", seconds)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


@dataclass
class Network:
    """L1, sequencer and follower on free ports under one directory."""

    files: NetworkFiles
    l1: Process
    sequencer: Process
    follower: Process
    processes: list[Process] = field(default_factory=list)

    @classmethod
    def create(cls, directory: Path, l1_block_time: int = 1) -> "Network":
        compared.watch(directory)
        files = create_network(
            directory, timestamp=int(time.time()), l2_chain_id=CHAIN_ID, l1_chain_id=900, block_time=1,
            gas_limit=20_000_000,
        )  # fmt: skip
        l1_port, sequencer_port, follower_port = free_ports(3)
        l1_url, sequencer_url, follower_url = (
            f"http://127.0.0.1:{port}" for port in (l1_port, sequencer_port, follower_port)
        )

        def process(name: str, url: str, *arguments: str) -> Process:
            place = f"--data-dir={directory / name}"
            port = f"--rpc-port={url.rpartition(':')[2]}"
            return Process(name, [*arguments, "--preset=devnet", place, port], url, directory / f"{name}.log")

        node = ["node", f"--rollup={files.rollup}", f"--genesis={files.l2_genesis}", f"--l1-rpc={l1_url}"]
        l1 = process("l1", l1_url, "l1", f"--genesis={files.l1_genesis}", f"--block-time={l1_block_time}",
                     "--finality-blocks=12")  # fmt: skip
        keys = [f"--batcher-key={files.key('batcher')}", "--no-proposer"]
        sequencer = process("sequencer", sequencer_url, *node, "--role=sequencer", *keys)
        follower = process("follower", follower_url, *node, "--role=follower", f"--sequencer-rpc={sequencer_url}")
        network = cls(files, l1, sequencer, follower)
        network.processes = [l1, sequencer, follower]
        return network

    def start(self) -> None:
        for process in self.processes:
            process.start()
            process.wait_until_up()

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.stop()

    def heads(self, process: Process) -> dict[str, tuple[int, str]]:
        """unsafe, safe and finalized head as (number, hash)."""
        status = process.call("optimism_syncStatus")
        return {name: (status[f"{name}_l2"]["number"], status[f"{name}_l2"]["hash"]) for name in
                ("unsafe", "safe", "finalized")}  # fmt: skip

    def hash_at(self, process: Process, number: int) -> str | None:
        block = process.call("eth_getBlockByNumber", hex(number), False)
        return None if block is None else str(block["hash"])

    def hashes_at(self, process: Process, numbers: Sequence[int]) -> dict[int, str | None]:
        """Of the canonical blocks."""
        blocks = process.call_each("eth_getBlockByNumber", [(hex(number), False) for number in numbers])
        return {number: block and str(block["hash"]) for number, block in zip(numbers, blocks, strict=True)}

    def wait_until_safe(self, number: int, seconds: float = 300.0) -> None:
        for process in (self.sequencer, self.follower):
            wait_for(
                lambda p=process: self.heads(p)["safe"][0] >= number,  # type: ignore[misc]
                f"safe head {number} of {process.name}",
                seconds,
            )

    def assert_agreement(self) -> int:
        """The follower's safe block is the sequencer's; returns its number."""
        number, block_hash = self.heads(self.follower)["safe"]
        assert self.hash_at(self.sequencer, number) == block_hash, f"follower disagrees at {number}"
        return number

    def wait_until_agreed(self, above: int, what: str, seconds: float = 300.0) -> int:
        """The number of a safe block above `above` that both have: one may hear of a reorg before the other does."""
        agreed = 0

        def agree() -> bool:
            nonlocal agreed
            agreed, block_hash = self.heads(self.follower)["safe"]
            return agreed > above and self.hash_at(self.sequencer, agreed) == block_hash

        wait_for(agree, what, seconds)
        return agreed


class Load(threading.Thread):
    """Transfers, one after the other, from one account; remembers what was acknowledged and what was sealed."""

    def __init__(self, network: Network, account_index: int = 0, pause: float = 0.05) -> None:
        super().__init__(daemon=True)
        self._network = network
        self._account = devnet_account(account_index)
        self._pause = pause
        self._ended = threading.Event()
        self.acknowledged: dict[str, int] = {}
        """Transaction hash -> nonce, for each that the sequencer took."""
        self.sealed: dict[int, str] = {}
        """Number -> hash of each newest block that the sequencer's RPC showed."""

    def run(self) -> None:
        nonce: int | None = None
        while not self._ended.is_set():
            try:
                head = self._network.sequencer.call("eth_getBlockByNumber", "latest", False)
                self.sealed[int(head["number"], 16)] = head["hash"]
                if nonce is None:
                    count = self._network.sequencer.call("eth_getTransactionCount", self._account.address, "pending")
                    nonce = int(count, 16)
                self._send(nonce)
                nonce += 1
            except RpcFailure:
                nonce = None
            self._ended.wait(self._pause)

    def _send(self, nonce: int) -> None:
        signed = Account.sign_transaction(
            {
                "type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": "0x" + "22" * 20, "value": 1, "gas": 21_000,
                "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9,
            },
            self._account.key,
        )  # fmt: skip
        transaction_hash = self._network.sequencer.call("eth_sendRawTransaction", signed.raw_transaction.to_0x_hex())
        self.acknowledged[transaction_hash] = nonce

    def end(self) -> None:
        self._ended.set()
        if self.ident is not None:
            self.join(120)


def describe(network: Network) -> str:
    """The logs' ends, for an assertion's message."""
    return json.dumps({process.name: process.tail()[-3_000:] for process in network.processes}, indent=1)
