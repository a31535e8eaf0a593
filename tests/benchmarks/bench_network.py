"""How soon a block is everywhere, and how fast a new follower catches up.

Propagation: from the moment at which the sequencer's log says that a block is sealed to the moment at which a
follower's `newHeads` tells it, for a follower beside the sequencer and for one behind a link of 50 ms each way
(`relay.py`, a process of its own). The peer of each is a plain TCP echo over the same kind of link in the same run:
half of its round trip is what the link itself takes.

Catch-up: a new follower on the chain that was made meanwhile, about 500 blocks of 20 transfers, from peers (with L1
beside, as followers have it), from L1 alone, which is the peer of the others, and from a snapshot with peers.
The clock runs from the first answer of JSON-RPC until the sequencer's head of the start is there; for L1 alone until
the safe head of the start is.

python -m tests.benchmarks network
"""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect

from node.devnet.accounts import user_accounts
from node.devnet.network import NetworkFiles, create_network
from node.devnet.processes import Processes, wait_until_answers
from tests.benchmarks.bench_isolation import ANSI, percentile
from tests.benchmarks.load import sign_transfers
from tests.benchmarks.ports import free_port

HOST: Final = "127.0.0.1"
CHAIN_ID: Final = 161_299
BLOCKS: Final = 500
TRANSFERS: Final = 20
"""A block."""
PAST: Final = 440
"""Seconds by which the chain begins in the past: the sequencer makes these blocks up as fast as it can."""
MEASURED: Final = 60
"""Blocks whose way is timed."""
LINK_MILLISECONDS: Final = 50
PING_BYTES: Final = 1_024
"""Of the echo; an announcement of 20 transfers has about three times as many."""
MOST_SECONDS: Final = 180.0
SEALED: Final = re.compile(r"^(\S+) \[\w+ *\] engine\.sealed .*?number=(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Propagation:
    """One link."""

    name: str
    seconds: tuple[float, ...]
    """From seal to newHeads, a block each."""
    pings: tuple[float, ...]
    """Half a round trip, each."""

    def p(self, share: float) -> float:
        return percentile(self.seconds, share) * 1_000

    def ping(self, share: float) -> float:
        return percentile(self.pings, share) * 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """One way to catch up."""

    name: str
    blocks: int
    transactions: int
    seconds: float
    remark: str = ""


@dataclass
class Network:
    """L1, sequencer and whatever followers are started."""

    directory: Path
    files: NetworkFiles
    processes: dict[str, Processes] = field(default_factory=dict)
    """Name -> the one process of that name, so that one may end while the others run."""
    urls: dict[str, str] = field(default_factory=dict)
    p2p_port: int = 0

    def start(self, name: str, *options: str) -> None:
        """A process with JSON-RPC on a port of its own; returns when it answers."""
        port = free_port()
        self.urls[name] = f"http://{HOST}:{port}"
        self.processes[name] = Processes(self.directory / "logs")
        self.processes[name].start(
            name, [*options, "--preset=devnet", f"--rpc-port={port}", f"--data-dir={self.directory / name}"]
        )
        wait_until_answers(self.urls[name], self.check, 120.0)

    def check(self) -> None:
        """Raises StartupError where a process has ended by itself."""
        for one in tuple(self.processes.values()):
            one.check()

    def stop(self, name: str) -> None:
        """As an operator stops it; returns when it has ended."""
        self.processes.pop(name).stop(60.0)

    def node(self, name: str, *options: str) -> None:
        files = self.files
        self.start(
            name, "node", f"--rollup={files.rollup}", f"--genesis={files.l2_genesis}", f"--l1-rpc={self.urls['l1']}",
            "--audit-share=0", *options,
        )  # fmt: skip

    def follower(self, name: str, peer: int | None) -> None:
        """One whose only peer is at that port; without peers where there is none."""
        peers = () if peer is None else (f"--p2p-port={free_port()}", f"--p2p-peers={HOST}:{peer}")
        self.node(name, "--role=follower", *peers)

    def call(self, name: str, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(self.urls[name], json=body, timeout=60).json()
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def head(self, name: str, which: str = "unsafe") -> int:
        return int(self.call(name, "optimism_syncStatus")[f"{which}_l2"]["number"])

    def wait(self, what: str, reached: Callable[[], bool]) -> None:
        deadline = perf_counter() + MOST_SECONDS
        while not reached():
            self.check()
            if perf_counter() > deadline:
                raise RuntimeError(f"{what} did not come within {MOST_SECONDS:.0f} s")
            time.sleep(0.05)

    def log(self, name: str) -> str:
        return ANSI.sub("", (self.directory / "logs" / f"{name}.log").read_text(errors="replace"))


@contextmanager
def network(directory: Path) -> Iterator[Network]:
    """L1 and a sequencer that signs its blocks, with a chain that begins in the past."""
    files = create_network(
        directory, timestamp=int(time.time()) - PAST, l2_chain_id=CHAIN_ID, l1_chain_id=900, block_time=1,
        gas_limit=30_000_000,
    )  # fmt: skip
    found = Network(directory, files)
    try:
        found.start("l1", "l1", f"--genesis={files.l1_genesis}", "--block-time=2", "--finality-blocks=2")
        found.p2p_port = free_port()
        found.node(
            "sequencer", "--role=sequencer", f"--batcher-key={files.key('batcher')}", "--no-proposer",
            "--pool-slots=50000", f"--p2p-port={found.p2p_port}",
            f"--p2p-sequencer-key={files.key('unsafe_block_signer')}",
        )  # fmt: skip
        yield found
    finally:
        for name in reversed(tuple(found.processes)):
            found.stop(name)


async def _heads(url: str, told: Callable[[int], None]) -> None:
    """Calls `told` with the number of each new head, until cancelled."""
    async with connect(url.replace("http", "ws", 1), max_size=None) as socket:
        await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}))
        async for message in socket:
            said = json.loads(message)
            if said.get("method") == "eth_subscription":
                told(int(said["params"]["result"]["number"], 16))


async def _load(url: str) -> None:
    """20 transfers for each block that there is, until cancelled; where they come too fast, the rest follows."""
    account = user_accounts()[0]
    raws = iter([raw for raw, _ in sign_transfers(account, CHAIN_ID, 0, (BLOCKS + 200) * TRANSFERS)])
    blocks: asyncio.Queue[int] = asyncio.Queue()
    follow = asyncio.create_task(_heads(url, blocks.put_nowait))
    sent = 0
    async with httpx.AsyncClient(timeout=60.0) as http:
        try:
            while True:
                head = await blocks.get()
                while sent < (head + 1) * TRANSFERS:
                    await http.post(url, json=[_submission(n, next(raws)) for n in range(TRANSFERS)])
                    sent += TRANSFERS
        finally:
            follow.cancel()


def _submission(number: int, raw: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": "eth_sendRawTransaction", "params": [raw]}


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        while data := await reader.read(1 << 16):
            writer.write(data)
    writer.close()


async def _ping(port: int, halves: list[float]) -> None:
    """Half of each round trip of a kibibyte, four a second, until cancelled."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        while True:
            begun = perf_counter()
            writer.write(bytes(PING_BYTES))
            await reader.readexactly(PING_BYTES)
            halves.append((perf_counter() - begun) / 2)
            await asyncio.sleep(0.25)
    finally:
        writer.close()


@contextmanager
def relay(to: int) -> Iterator[int]:
    """The port of a link of 50 ms to a port."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.relay", str(port), str(to), str(LINK_MILLISECONDS)]
    process = subprocess.Popen(command)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _note(arrivals: dict[int, float], number: int) -> None:
    arrivals.setdefault(number, time.time())


def _is_in_step(net: Network, name: str) -> bool:
    return net.head(name) >= net.head("sequencer") - 1


async def _propagate(net: Network) -> list[Propagation]:
    """Both links at once: the same blocks go over them."""
    echo = await asyncio.start_server(_echo, HOST, 0)
    echo_port = int(echo.sockets[0].getsockname()[1])
    load = asyncio.create_task(_load(net.urls["sequencer"]))
    arrivals: dict[str, dict[int, float]] = {"near": {}, "far": {}}
    pings: dict[str, list[float]] = {"near": [], "far": []}
    with relay(net.p2p_port) as far, relay(echo_port) as far_echo:
        await asyncio.to_thread(net.wait, "the present", lambda: net.head("sequencer") >= PAST)
        for name, port in (("near", net.p2p_port), ("far", far)):
            net.follower(name, port)  # not in another thread: a child ends with the thread that started it
        for name in arrivals:
            await asyncio.to_thread(net.wait, f"{name} in step", partial(_is_in_step, net, name))
        tasks = [asyncio.create_task(_heads(net.urls[name], partial(_note, at))) for name, at in arrivals.items()]
        tasks += [asyncio.create_task(_ping(port, pings[name])) for name, port in
                  (("near", echo_port), ("far", far_echo))]  # fmt: skip
        while min(map(len, arrivals.values())) < MEASURED:
            net.check()
            await asyncio.sleep(0.5)
        for task in (*tasks, load):
            task.cancel()
        await asyncio.gather(*tasks, load, return_exceptions=True)
    echo.close()
    sealed = {
        int(number): datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
        for stamp, number in SEALED.findall(net.log("sequencer"))
    }
    return [
        Propagation(
            name=title,
            seconds=tuple(at - sealed[number] for number, at in arrivals[key].items() if number in sealed),
            pings=tuple(pings[key]),
        )
        for key, title in (("near", "loopback"), ("far", f"{LINK_MILLISECONDS} ms link"))
    ]


def _transactions(net: Network, blocks: int) -> int:
    """Of the chain up to a block, deposits too."""
    counted = 0
    for start in range(0, blocks, 100):
        numbers = range(start + 1, min(start + 100, blocks) + 1)
        body = [
            {"jsonrpc": "2.0", "id": n, "method": "eth_getBlockTransactionCountByNumber", "params": [hex(n)]}
            for n in numbers
        ]
        answers = httpx.post(net.urls["sequencer"], json=body, timeout=60).json()
        counted += sum(int(answer["result"], 16) for answer in answers)
    return counted


def _catch_up(
    net: Network, name: str, title: str, *, peer: int | None, before: float = 0.0, remark: str = ""
) -> CatchUp:
    """A follower with a new data directory, or one that a snapshot made; `before`: seconds spent on that."""
    which = "safe" if peer is None else "unsafe"
    wanted = net.head("sequencer", which)
    net.follower(name, peer)
    begun = perf_counter()
    net.wait(f"block {wanted} at {title}", lambda: net.head(name) >= wanted)
    return CatchUp(
        name=title,
        blocks=wanted,
        transactions=_transactions(net, wanted),
        seconds=before + perf_counter() - begun,
        remark=remark,
    )


def _openledger(*arguments: str) -> float:
    """Seconds of one command."""
    begun = perf_counter()
    done = subprocess.run([sys.executable, "-m", "node", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments[:2])}: {done.stderr[-1_000:] or done.stdout[-1_000:]}")
    return perf_counter() - begun


def _from_snapshot(net: Network) -> CatchUp:
    """Of the near follower's finalized head; who imports knows its output root."""
    block = net.head("near", "finalized")
    root = str(net.call("near", "optimism_outputAtBlock", hex(block))["outputRoot"])
    net.stop("near")
    file = net.directory / "snapshot"
    network_files = (f"--rollup={net.files.rollup}", f"--genesis={net.files.l2_genesis}")
    exported = _openledger(
        "snapshot", "export", f"--data-dir={net.directory / 'near'}", f"--out={file}", f"--block={block}",
        *network_files,
    )  # fmt: skip
    imported = _openledger(
        "snapshot", "import", str(file), f"--data-dir={net.directory / 'imported'}", f"--trust-output-root={root}",
        *network_files,
    )  # fmt: skip
    remark = f"snapshot of block {block}: export {exported:.1f} s, import {imported:.1f} s (counted)"
    return _catch_up(net, "imported", "a snapshot, then peers", peer=net.p2p_port, before=imported, remark=remark)


def measure() -> tuple[list[Propagation], list[CatchUp]]:
    """Propagation while the chain grows, then each way to catch up on it."""
    with tempfile.TemporaryDirectory() as name, network(Path(name)) as net:
        links = asyncio.run(_propagate(net))
        net.wait("a safe chain", lambda: net.head("sequencer", "safe") >= BLOCKS - 40)
        ways = [
            _catch_up(net, "alone", "L1 alone", peer=None),
            _catch_up(net, "peered", "peers", peer=net.p2p_port),
            _from_snapshot(net),
        ]
    return links, ways


def tables(links: list[Propagation], ways: list[CatchUp]) -> tuple[Table, Table]:
    """For people."""
    spread = Table(title="From seal to newHeads, ms", title_justify="left")
    for column in ("link", "blocks", "p50", "p99", "TCP one way p50", "p99", "ratio p50"):
        spread.add_column(column, justify="left" if column == "link" else "right")
    for link in links:
        spread.add_row(
            link.name, str(len(link.seconds)), f"{link.p(0.5):.1f}", f"{link.p(0.99):.1f}", f"{link.ping(0.5):.2f}",
            f"{link.ping(0.99):.2f}", f"{link.p(0.5) / link.ping(0.5):.2f}",
        )  # fmt: skip
    caught = Table(title="A new follower catches up", title_justify="left")
    for column in ("from", "blocks", "seconds", "blocks/s", "transactions/s", "ratio"):
        caught.add_column(column, justify="left" if column == "from" else "right")
    peer = ways[0].blocks / ways[0].seconds
    for way in ways:
        rate = way.blocks / way.seconds
        caught.add_row(
            way.name, str(way.blocks), f"{way.seconds:.1f}", f"{rate:,.0f}", f"{way.transactions / way.seconds:,.0f}",
            f"{rate / peer:.2f}",
        )  # fmt: skip
    return spread, caught


def main() -> tuple[list[Propagation], list[CatchUp]]:
    """Prints and returns what was measured."""
    links, ways = measure()
    console = Console()
    for table in tables(links, ways):
        console.print(table)
    console.print("\n".join(way.remark for way in ways if way.remark))
    return links, ways


if __name__ == "__main__":
    main()
