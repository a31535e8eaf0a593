"""A network of real processes that speak to each other: L1, a sequencer and followers, by their p2p ports."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from client.keys import devnet_account
from node.devnet.network import NetworkFiles, create_network
from tests import compared
from tests.chaos.network import CHAIN_ID, Process, wait_for
from tests.ports import HOST, free_port

NOBODY = "0x" + "22" * 20


@dataclass
class PeerNetwork:
    """Processes under one directory; each node has JSON-RPC and p2p ports of its own."""

    directory: Path
    files: NetworkFiles
    l1: Process
    nodes: dict[str, Process] = field(default_factory=dict)
    peer_ports: dict[str, int] = field(default_factory=dict)

    @classmethod
    def create(cls, directory: Path) -> "PeerNetwork":
        compared.watch(directory)
        files = create_network(
            directory, timestamp=int(time.time()), l2_chain_id=CHAIN_ID, l1_chain_id=900, block_time=1,
            gas_limit=20_000_000,
        )  # fmt: skip
        port = free_port()
        arguments = [
            "l1", "--preset=devnet", f"--data-dir={directory / 'l1'}", f"--genesis={files.l1_genesis}",
            f"--rpc-port={port}", "--block-time=1",
        ]  # fmt: skip
        return cls(directory, files, Process("l1", arguments, f"http://{HOST}:{port}", directory / "l1.log"))

    def add(self, name: str, *options: str, peers: tuple[str, ...] = ()) -> Process:
        """A node that is not started yet; `peers` are names of earlier ones that it connects to."""
        rpc_port, peer_port = free_port(), free_port()
        self.peer_ports[name] = peer_port
        arguments = [
            "node", "--preset=devnet", f"--rollup={self.files.rollup}", f"--genesis={self.files.l2_genesis}",
            f"--l1-rpc={self.l1.url}", f"--data-dir={self.directory / name}", f"--rpc-port={rpc_port}",
            f"--p2p-port={peer_port}", f"--p2p-advertise={HOST}:{peer_port}", *options,
        ]  # fmt: skip
        if peers:
            arguments.append("--p2p-peers=" + ",".join(f"{HOST}:{self.peer_ports[peer]}" for peer in peers))
        self.nodes[name] = Process(name, arguments, f"http://{HOST}:{rpc_port}", self.directory / f"{name}.log")
        return self.nodes[name]

    def add_sequencer(self, *options: str) -> Process:
        key = f"--p2p-sequencer-key={self.files.key('unsafe_block_signer')}"
        return self.add("sequencer", "--role=sequencer", key, *options)

    def start(self, *names: str) -> None:
        """The named nodes, or all of them; L1 before them."""
        processes = [self.nodes[name] for name in names] or list(self.nodes.values())
        for process in processes if self.l1.running else [self.l1, *processes]:
            process.start()
            process.wait_until_up()

    def stop(self) -> None:
        for process in [*reversed(self.nodes.values()), self.l1]:
            process.stop()


@pytest.fixture
def make_network(tmp_path: Path) -> Iterator[Callable[[], PeerNetwork]]:
    made: list[PeerNetwork] = []

    def make() -> PeerNetwork:
        made.append(PeerNetwork.create(tmp_path / f"network-{len(made)}"))
        return made[-1]

    yield make
    for network in made:
        network.stop()


def head(process: Process, tag: str = "latest") -> tuple[int, str]:
    """(number, hash)."""
    block = process.call("eth_getBlockByNumber", tag, False)
    return int(block["number"], 16), str(block["hash"])


def wait_for_head(process: Process, number: int, tag: str = "latest") -> None:
    wait_for(lambda: head(process, tag)[0] >= number, f"block {number} ({tag}) of {process.name}")


def assert_same_chain(first: Process, second: Process) -> int:
    """Both have the same block at the lower of their heads; its number."""
    number = min(head(first)[0], head(second)[0])
    blocks = [process.call("eth_getBlockByNumber", hex(number), False) for process in (first, second)]
    assert blocks[0]["hash"] == blocks[1]["hash"], number
    assert blocks[0]["stateRoot"] == blocks[1]["stateRoot"], number
    return number


def transfer(account_index: int, nonce: int, *, value: int = 1) -> str:
    """A signed transfer of one of the devnet's accounts, in hexadecimal."""
    account = devnet_account(account_index)
    fields: dict[str, Any] = {
        "type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": NOBODY, "value": value, "gas": 21_000,
        "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9,
    }  # fmt: skip
    return str(Account.sign_transaction(fields, account.key).raw_transaction.to_0x_hex())


def included(process: Process, transaction_hash: str) -> int | None:
    """The number of the block that has it."""
    receipt = process.call("eth_getTransactionReceipt", transaction_hash)
    return None if receipt is None else int(receipt["blockNumber"], 16)
