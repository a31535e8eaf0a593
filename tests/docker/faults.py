"""What goes wrong with containers: cuts, kills, slow links, wrong clocks; and who watches what must never change."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import requests

from tests.docker.containers import Containers, Unanswered, run
from tests.docker.traffic import Wallet

NODES: Final = ("sequencer", "follower-1", "follower-2")
LOOK_SECONDS: Final = 0.5
SEND_SECONDS: Final = 0.2
YOUNG_SECONDS: Final = 20
"""A sequencer that makes up for its start keeps older blocks from peers, who would refuse them (p2p)."""


@contextmanager
def cut_off(network: Containers, service: str) -> Iterator[None]:
    """No packet between the service and all others; the host still reaches it."""
    container, name = network.container(service), f"{network.name}_default"
    run("docker", "network", "disconnect", name, container)
    try:
        yield
    finally:
        run("docker", "network", "connect", "--alias", service, name, container)


@contextmanager
def slow_link(
    network: Containers, service: str, image: str, *, milliseconds: int, percent: int, seed: int
) -> Iterator[str]:
    """What leaves the service for the others comes late or not at all; how that is done."""
    command = ["docker", "run", "--detach", "--net", f"container:{network.container(service)}"]
    command += ["--cap-add", "NET_ADMIN", "--user", "root", "--label", f"com.docker.compose.project={network.name}"]
    interface = _interface(network, service)
    program = ["/opt/faults/slow_link.py", interface, str(milliseconds), str(percent), str(seed)]
    holder = run(*command, "--entrypoint", "python", image, *program).split()[-1]
    try:
        yield _first_words(holder)
    finally:
        run("docker", "stop", "--time", "10", holder)
        run("docker", "rm", "--force", holder)


def _first_words(container: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        said = [line for line in run("docker", "logs", container).splitlines() if line.startswith("slow by")]
        if said:
            return said[0]
        time.sleep(0.1)
    raise AssertionError(run("docker", "logs", container))


def _interface(network: Containers, service: str) -> str:
    """The name of the interface to the other services."""
    form = f'{{{{(index .NetworkSettings.Networks "{network.name}_default").IPAddress}}}}'
    address = run("docker", "inspect", "--format", form, network.container(service)).strip()
    for line in network.inside(service, "ip", "-oneline", "-4", "address").splitlines():
        words = line.split()
        if words[3].split("/")[0] == address:
            return words[1]
    raise AssertionError(f"{service} has no interface with {address}")


def set_clock(network: Containers, service: str, seconds: int) -> None:
    """Make the service's UNIX clock wrong by that."""
    network.inside(service, "sh", "-c", f"echo {seconds} > /tmp/skew")


def kill(network: Containers, service: str) -> str:
    """kill -9, and the container's id to start again."""
    container = network.container(service)
    run("docker", "kill", "--signal", "KILL", container)
    return container


@dataclass
class Load:
    """Accounts that send to one node each, as fast as it takes transfers, in threads of their own."""

    network: Containers
    wallets: dict[str, Wallet]
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        for service in self.wallets:
            thread = threading.Thread(target=self._send, args=(service,))
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _send(self, service: str) -> None:
        while not self._stopping.wait(SEND_SECONDS):
            self.wallets[service].send(self.network, service)

    @property
    def acknowledged(self) -> list[str]:
        return [transaction for wallet in self.wallets.values() for transaction in wallet.acknowledged]


@dataclass
class Witness:
    """Looks at the safe head of every node, and at what it says about transactions in safe blocks, all the time."""

    network: Containers
    load: Load
    safe_blocks: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Number -> hashes that any node has called safe."""
    safe_transactions: dict[str, str] = field(default_factory=dict)
    """Transaction -> hash of its block, of those that a node has shown in a safe block."""
    looks: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Witness":
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        assert self._thread is not None
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            for service in NODES:
                try:
                    self._look(service)
                except (requests.RequestException, Unanswered):
                    continue

    def _look(self, service: str) -> None:
        block = self.network.block(service, "safe")
        self.safe_blocks[int(block["number"], 16)].add(block["hash"])
        self.looks += 1
        for transaction in block["transactions"]:
            self.safe_transactions.setdefault(transaction, block["hash"])

    def check(self) -> None:
        """Fails if anything that was called safe has changed on any node, or is gone."""
        assert self.looks > 0
        assert self.safe_blocks
        two = {number: hashes for number, hashes in self.safe_blocks.items() if len(hashes) > 1}
        assert not two, f"two blocks were called safe at one height: {two}"
        for service in NODES:
            for number, hashes in self.safe_blocks.items():
                block = self.network.block(service, hex(number))
                assert {block["hash"]} == hashes, f"{service} has another block {number} than what was safe"
            for transaction, block_hash in self.safe_transactions.items():
                receipt = self.network.call(service, "eth_getTransactionReceipt", transaction)
                assert receipt is not None, f"{service} has lost the safe transaction {transaction}"
                assert receipt["blockHash"] == block_hash


def unsafe_heads(network: Containers) -> dict[str, tuple[int, str]]:
    """Service -> (number, hash) of its unsafe head. Raises what an unreachable node raises."""
    heads = {service: network.block(service, "latest") for service in NODES}
    return {service: (int(head["number"], 16), head["hash"]) for service, head in heads.items()}


def on_one_chain(network: Containers, *, behind: int = 3) -> bool:
    """Whether all nodes are on the sequencer's chain, at most some blocks behind it."""
    heads = unsafe_heads(network)
    highest = max(number for number, _ in heads.values())
    lowest = min(number for number, _ in heads.values())
    if highest - lowest > behind:
        return False
    return len({network.block(service, hex(lowest))["hash"] for service in NODES}) == 1


def is_settled(network: Containers) -> bool:
    """Whether blocks are young enough to be gossiped, and gossip has brought all nodes together."""
    age = time.time() - int(network.block("sequencer", "latest")["timestamp"], 16)
    return age < YOUNG_SECONDS and on_one_chain(network)


def converge(network: Containers, seconds: float) -> float:
    """Seconds until all unsafe heads are on one chain. Fails after `seconds`."""
    started = time.monotonic()
    while True:
        try:
            if on_one_chain(network):
                return time.monotonic() - started
        except (requests.RequestException, Unanswered):
            pass
        assert time.monotonic() - started < seconds, f"unsafe heads did not converge within {seconds:.0f} s"
        time.sleep(0.1)
