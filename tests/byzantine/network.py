"""The network under attack: L1, a sequencer that gossips, an honest follower, and the follower that is attacked.

All are peers of each other; liars connect to the attacked one.
"""

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from node.devnet.network import NetworkFiles, create_network
from state.primitives.crypto import keccak256
from tests import compared
from tests.byzantine import speech
from tests.byzantine.forgery import Forged
from tests.byzantine.liar import Place, greeted
from tests.chaos.network import CHAIN_ID, Process, RpcFailure, wait_for
from tests.ports import HOST, free_ports

LOOK_SECONDS: Final = 0.25


class Progress(threading.Thread):
    """Looks at a node's head all the time."""

    def __init__(self, process: Process) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._ended = threading.Event()
        self.longest = 0.0
        """Seconds for which the head stood still at most."""

    def run(self) -> None:
        head, since = -1, time.monotonic()
        while not self._ended.wait(LOOK_SECONDS):
            try:
                now = int(self._process.call("eth_blockNumber"), 16)
            except RpcFailure:
                continue
            if now > head >= 0:
                self.longest = max(self.longest, time.monotonic() - since)
            if now != head:
                head, since = now, time.monotonic()

    def end(self) -> None:
        self._ended.set()
        self.join(120)


@dataclass
class Network:
    """Processes on free ports under one directory."""

    files: NetworkFiles
    directory: Path
    l1: Process
    sequencer: Process
    honest: Process
    target: Process
    ports: dict[str, int]
    """Name -> port for peers."""
    place: Place
    """Where liars connect to."""
    metrics: str
    """URL of the attacked follower's."""

    @classmethod
    def create(cls, directory: Path) -> "Network":
        compared.watch(directory)
        files = create_network(
            directory, timestamp=int(time.time()), l2_chain_id=CHAIN_ID, l1_chain_id=900, block_time=1,
            gas_limit=20_000_000,
        )  # fmt: skip
        found = free_ports(8)
        names = ("sequencer", "honest", "target")
        rpc = dict(zip(("l1", *names), found[:4], strict=True))
        ports = dict(zip(names, found[4:7], strict=True))
        l1 = ["l1", f"--genesis={files.l1_genesis}", "--block-time=1", "--finality-blocks=12"]
        node = ["node", f"--rollup={files.rollup}", f"--genesis={files.l2_genesis}",
                f"--l1-rpc=http://{HOST}:{rpc['l1']}"]  # fmt: skip
        keys = [f"--batcher-key={files.key('batcher')}", "--no-proposer",
                f"--p2p-sequencer-key={files.key('unsafe_block_signer')}"]  # fmt: skip
        arguments = {
            "l1": l1,
            "sequencer": [*node, "--role=sequencer", *keys, *_peers(ports["sequencer"])],
            "honest": [*node, "--role=follower", *_peers(ports["honest"], ports["sequencer"])],
            "target": [
                *node,
                "--role=follower",
                *_peers(ports["target"], ports["sequencer"], ports["honest"]),
                f"--metrics-port={found[7]}",
            ],
        }
        made = {name: process(directory, name, rpc[name], *parts) for name, parts in arguments.items()}
        rollup = json.loads(files.rollup.read_text())
        place = Place(
            port=ports["target"],
            chain_id=CHAIN_ID,
            rollup_hash=keccak256(json.dumps(rollup, sort_keys=True, separators=(",", ":")).encode()),
            genesis_hash=bytes.fromhex(rollup["genesis"]["l2"]["hash"][2:]),
        )
        metrics = f"http://{HOST}:{found[7]}/metrics"
        return cls(files=files, directory=directory, ports=ports, place=place, metrics=metrics, **made)

    @property
    def processes(self) -> tuple[Process, ...]:
        return (self.l1, self.sequencer, self.honest, self.target)

    @property
    def sequencer_key(self) -> bytes:
        """With which blocks are signed: a liar that has it is a sequencer that lies."""
        return bytes.fromhex(self.files.key("unsafe_block_signer").read_text().strip().removeprefix("0x"))

    def start(self) -> None:
        for one in self.processes:
            one.start()
            one.wait_until_up()
        wait_for(lambda: self.head(self.target) > 2, "a gossiped block at the attacked follower", 300.0)

    def stop(self) -> None:
        for one in reversed(self.processes):
            one.stop()

    def head(self, process: Process) -> int:
        return int(process.call("eth_blockNumber"), 16)

    def wait_for_blocks(self, count: int = 2) -> None:
        """The honest follower and the attacked one go on, on the sequencer's chain."""
        for one in (self.honest, self.target):
            before = self.head(one)
            wait_for(lambda one=one, before=before: self.head(one) >= before + count, f"blocks at {one.name}", 240.0)  # type: ignore[misc]
        for one in (self.honest, self.target):
            wait_for(lambda one=one: self._agrees(one), f"the sequencer's chain at {one.name}", 240.0)  # type: ignore[misc]

    def _agrees(self, process: Process) -> bool:
        block = process.call("eth_getBlockByNumber", "latest", False)
        same = self.sequencer.call("eth_getBlockByNumber", block["number"], False)
        return same is not None and bool(same["hash"] == block["hash"])

    def newest(self) -> Forged:
        """The attacked follower's head, as it hands it over."""
        return self.blocks(self.head(self.target), 1)[0]

    def blocks(self, first: int, count: int) -> list[Forged]:
        with greeted(self.place) as scout:
            answer = scout.ask(speech.GET_BLOCKS, first, count)
            assert answer is not None
            assert answer.kind == speech.BLOCKS, answer.fields
            return [Forged.read(envelope) for envelope in answer.fields[1]]

    def metric(self, name: str) -> float:
        """The sum of a metric of the attacked follower, over its labels."""
        lines = httpx.get(self.metrics, timeout=60).text.splitlines()
        found = [line for line in lines if line.startswith((name + " ", name + "{", name + "_total"))]
        assert found, f"no metric {name}"
        return sum(float(line.rpartition(" ")[2]) for line in found)

    def signed(self, block: Forged, key: bytes | None = None) -> bytes:
        """An announcement of it."""
        message = block.signed(key or self.sequencer_key, CHAIN_ID)
        return speech.say(speech.ANNOUNCEMENT, message)


def process(directory: Path, name: str, port: int, *arguments: Any) -> Process:
    """One of the network's, not started."""
    place = [f"--data-dir={directory / name}", f"--rpc-port={port}", "--preset=devnet"]
    return Process(name, [*arguments, *place], f"http://{HOST}:{port}", directory / f"{name}.log")


def _peers(port: int, *others: int) -> list[str]:
    static = ",".join(f"{HOST}:{other}" for other in others)
    return [f"--p2p-port={port}", *([f"--p2p-peers={static}"] if static else [])]
