"""Transfers a second over JSON-RPC, accepted and included: a real sequencer with its L1 beside Anvil, in turns.

Both get transfers of the same kind in batches of 100 from one load generator, make one block a second and have a gas
limit of 300 million. Anvil also runs with its default, a block as soon as there is a transaction; under such a load it
leaves transactions in its pool until the next one arrives, so that the generator asks it to mine at every look, and
with more than a few thousand it may stop answering: that run is the warm-up's length.
The sequencer persists every block with fsync, feeds its reader process and posts batches to L1 meanwhile; Anvil keeps
its chain in memory. The node's CPU time is printed, too: it depends less on what else the machine does.

python -m tests.benchmarks end_to_end
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import httpx

from node.devnet.network import create_network
from node.devnet.processes import Processes, wait_until_answers
from tests.benchmarks.anvil import AnvilMissing, find_anvil
from tests.benchmarks.load import LoadFailed, LoadResult, Target
from tests.benchmarks.ports import free_port

GAS_LIMIT: Final = 300_000_000
CHAIN_ID: Final = 161_299
HOST: Final = "127.0.0.1"
TRANSACTIONS: Final = 12_000
WARM_UP: Final = 2_000
ROUNDS: Final = 3
OURS: Final = "OpenLedger sequencer"
PEER: Final = "Anvil, 1 s blocks"
AUTOMINE: Final = "Anvil, automine"
MNEMONIC: Final = "test test test test test test test test test test test junk"


@contextmanager
def our_network(directory: Path, *options: str) -> Iterator[Target]:
    """A new devnet's L1 and sequencer, with batcher and proposer, as processes."""
    files = create_network(
        directory,
        timestamp=int(time.time()),
        l2_chain_id=CHAIN_ID,
        l1_chain_id=900,
        block_time=1,
        gas_limit=GAS_LIMIT,
    )
    l1_port, port = free_port(), free_port()
    processes = Processes(directory / "logs")
    try:
        l1 = ["l1", "--preset=devnet", f"--genesis={files.l1_genesis}", f"--data-dir={directory / 'l1'}"]
        processes.start("l1", [*l1, f"--rpc-port={l1_port}"])
        wait_until_answers(f"http://{HOST}:{l1_port}", processes.check, 60.0)
        node = [
            "node",
            "--preset=devnet",
            "--role=sequencer",
            f"--rollup={files.rollup}",
            f"--genesis={files.l2_genesis}",
            f"--l1-addresses={files.l1_addresses}",
            f"--l1-rpc=http://{HOST}:{l1_port}",
            f"--data-dir={directory / 'sequencer'}",
            f"--batcher-key={files.key('batcher')}",
            f"--proposer-key={files.key('proposer')}",
            f"--rpc-port={port}",
            "--pool-slots=50000",
        ]
        sequencer = processes.start("sequencer", [*node, *options])
        wait_until_answers(f"http://{HOST}:{port}", processes.check, 60.0)
        yield Target(f"http://{HOST}:{port}", sequencer.process.pid)
    finally:
        processes.stop()


@contextmanager
def anvil(binary: Path, log: Path, *options: str, nudge: str | None = None) -> Iterator[Target]:
    """A fresh Anvil with the same accounts."""
    port = free_port()
    command = [str(binary), "--port", str(port), "--chain-id", str(CHAIN_ID), "--mnemonic", MNEMONIC]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--gas-limit", str(GAS_LIMIT), "--silent", *options], stdout=output, stderr=output
        )
        try:
            wait_until_answers(f"http://{HOST}:{port}", lambda: None, 30.0)
            yield Target(f"http://{HOST}:{port}", process.pid, nudge=nudge)
        finally:
            process.terminate()
            process.wait(timeout=20)


@dataclass(frozen=True, slots=True)
class Summary:
    """Several runs on one node."""

    name: str
    runs: tuple[LoadResult, ...]

    @property
    def included(self) -> float:
        """The median rate, a second."""
        return median(run.rate for run in self.runs)

    @property
    def accepted(self) -> float:
        """The median rate at which batches were answered, a second."""
        return median(run.transactions / run.accepted_seconds for run in self.runs)

    @property
    def cpu_microseconds(self) -> float:
        """The node's median CPU time, a transaction."""
        return median(run.cpu_microseconds for run in self.runs)

    def line(self) -> str:
        """For people."""
        rates = ", ".join(f"{run.rate:,.0f}" for run in self.runs)
        return (
            f"{self.name:20} {self.included:7,.0f}/s included ({rates}) {self.accepted:7,.0f}/s accepted "
            f"{self.cpu_microseconds:5,.0f} µs CPU a transaction"
        )


def measure(transactions: int = TRANSACTIONS, rounds: int = ROUNDS) -> list[Summary]:
    """Ours first. A peer's runs are missing, with a printed reason, where there is no Anvil or it didn't finish.

    In turns, each node alone on the machine, so that what else happens there meets all of them.
    """
    runs: dict[str, list[LoadResult]] = {}
    binary = _anvil_or_reason()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            with our_network(directory / "devnet") as ours:
                _run(OURS, ours, transactions, runs)
            if binary is not None:
                with anvil(binary, directory / "anvil.log", "--block-time", "1") as peer:
                    _run(PEER, peer, transactions, runs)
    if binary is not None:
        with tempfile.TemporaryDirectory() as name, anvil(binary, Path(name) / "log", nudge="evm_mine") as peer:
            _run(AUTOMINE, peer, WARM_UP, runs)
    return [Summary(name, tuple(results)) for name, results in runs.items()]


def _anvil_or_reason() -> Path | None:
    try:
        return find_anvil()
    except AnvilMissing as reason:
        sys.stdout.write(f"no Anvil to compare with: {reason}\n")
        return None


def _run(name: str, target: Target, transactions: int, runs: dict[str, list[LoadResult]]) -> None:
    """A warm-up and a run; one that doesn't finish is reported and left out."""
    try:
        target.run(WARM_UP)
        result = target.run(transactions)
    except (LoadFailed, httpx.HTTPError) as error:
        sys.stdout.write(f"{name} did not finish: {str(error) or type(error).__name__}\n")
        return
    runs.setdefault(name, []).append(result)
    sys.stdout.write(f"  {name}: {result.rate:,.0f}/s\n")
    sys.stdout.flush()


def main() -> list[Summary]:
    """Prints and returns each node's runs."""
    summaries = measure()
    for summary in summaries:
        sys.stdout.write(summary.line() + "\n")
    by_name = {summary.name: summary for summary in summaries}
    if OURS in by_name and PEER in by_name:
        ratio = by_name[OURS].included / by_name[PEER].included
        sys.stdout.write(f"ours / Anvil with the same block time: {ratio:.2f}\n")
    return summaries


if __name__ == "__main__":
    main()
