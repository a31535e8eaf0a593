"""Block times while 50 clients ask what is expensive, without end: do reads delay blocks, do transactions flow?

A real sequencer with its L1, one block a second. First at rest, then with 50 clients in loops of eth_call (a million
gas of hashing), eth_getLogs (thousands of results over the whole chain) and debug_traceBlockByNumber (blocks full of
transfers), while one more client sends transfers and waits for each receipt. When blocks came is read off the
sequencer's log, which no client can delay. The aim: the interval's 99th percentile within 10 % of the block time.

python -m tests.benchmarks isolation
"""

import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, pairwise
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import httpx

from node.devnet.accounts import user_accounts
from tests.benchmarks.bench_end_to_end import CHAIN_ID, our_network
from tests.benchmarks.load import sign_transfers

CLIENTS: Final = 50
SECONDS: Final = 40.0
WARM_UP: Final = 4_000
"""Transfers that the blocks to trace are full of."""
LOGS: Final = 40
"""Transactions that log 100 times each, for searches to find."""
BLOCK_TIME: Final = 1.0
ALLOWED: Final = 0.10
HASHING: Final = "0x5b60205f205f52614e205a115f5700"
"""JUMPDEST; the hash of memory's first word takes its place; again while more than 20,000 gas is left; STOP."""
LOGGING: Final = "0x60645b5f5fa0600190038060025700"
"""100 times LOG0 of nothing; STOP. Both run as the code of a creation."""
SEALED: Final = re.compile(r"^(\S+) \[\w+ *\] engine\.sealed ", re.MULTILINE)
ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What was seen in one phase; seconds."""

    name: str
    intervals: tuple[float, ...]
    """Between blocks."""
    receipts: tuple[float, ...]
    """From a transfer's submission to its receipt."""
    answers: int
    """Expensive questions that were answered, errors counted."""
    errors: int

    @property
    def worst(self) -> float:
        """The 99th percentile of how far an interval is off the block time."""
        return percentile([abs(interval - BLOCK_TIME) for interval in self.intervals], 0.99)

    def line(self) -> str:
        """For people."""
        verdict = "within" if self.worst <= ALLOWED * BLOCK_TIME else "BEYOND"
        p50, p99 = percentile(self.intervals, 0.5), percentile(self.intervals, 0.99)
        receipts = f"{percentile(self.receipts, 0.5):.2f}/{percentile(self.receipts, 0.99):.2f} s"
        return (
            f"{self.name:28} {len(self.intervals):3} blocks, interval p50 {p50:.3f} p99 {p99:.3f} s, "
            f"p99 off by {self.worst / BLOCK_TIME:6.1%}: {verdict} {ALLOWED:.0%}; "
            f"{len(self.receipts)} transfers, receipt p50/p99 {receipts}; {self.answers} answers, {self.errors} errors"
        )


def percentile(values: Any, share: float) -> float:
    """The value that a share of all are at most; NaN of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Rpc:
    """JSON-RPC of the node under load."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    async def bytes_of(self, method: str, *params: Any) -> bytes:
        """The answer as it comes: the generator must not spend its core on reading megabytes."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return (await self._http.post(self._url, json=body)).content

    async def result(self, method: str, *params: Any) -> Any:
        """The result of a call that must succeed."""
        answer = json.loads(await self.bytes_of(method, *params))
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]


Question = tuple[str, tuple[Any, ...]]


def questions(blocks: int) -> dict[str, list[Question]]:
    """Kind -> what its clients ask in turn."""
    hashing = {"data": HASHING, "gas": hex(1_000_000)}
    return {
        "eth_call": [("eth_call", (hashing, "latest"))],
        "eth_getLogs": [("eth_getLogs", ({"fromBlock": "earliest", "toBlock": "latest"},))],
        "tracing": [
            ("debug_traceBlockByNumber", (hex(number), {"tracer": "callTracer"})) for number in range(1, blocks + 1)
        ],
    }


async def keep_asking(rpc: Rpc, wanted: Iterator[Question], counts: list[int]) -> None:
    """One client's loop: answers and errors are counted."""
    while True:
        method, params = next(wanted)
        try:
            answer = await rpc.bytes_of(method, *params)
        except httpx.HTTPError:
            answer = b'"error"'
        counts[0] += 1
        counts[1] += b'"error"' in answer[:64]


async def keep_sending(rpc: Rpc, receipts: list[float]) -> None:
    """One client's transfers, one after the other, timed from submission to receipt."""
    account = user_accounts()[0]
    nonce = int(await rpc.result("eth_getTransactionCount", account.hex_address, "pending"), 16)
    for raw, transaction_hash in sign_transfers(account, CHAIN_ID, nonce, int(2 * SECONDS)):
        begun = perf_counter()
        await rpc.result("eth_sendRawTransaction", raw)
        while await rpc.result("eth_getTransactionReceipt", transaction_hash) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        receipts.append(perf_counter() - begun)


def _size(log: Path) -> int:
    return log.stat().st_size


def sealed_at(log: Path, skip: int) -> list[float]:
    """UNIX times at which blocks were sealed, by the log from byte `skip` on."""
    text = ANSI.sub("", log.read_bytes()[skip:].decode(errors="replace"))
    return [datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() for stamp in SEALED.findall(text)]


async def run_phase(name: str, url: str, log: Path, wanted: list[list[Question]]) -> Phase:
    """`SECONDS` with one client for each list of questions, and one that sends."""
    receipts: list[float] = []
    counts = [0, 0]
    limits = httpx.Limits(max_connections=len(wanted) + 2)
    async with httpx.AsyncClient(timeout=60.0, limits=limits) as http:
        rpc = Rpc(http, url)
        start = _size(log)
        tasks = [asyncio.create_task(keep_asking(rpc, cycle(each), counts)) for each in wanted]
        tasks.append(asyncio.create_task(keep_sending(rpc, receipts)))
        await asyncio.sleep(SECONDS)
        times = sealed_at(log, start)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, asyncio.CancelledError):
            raise result
    intervals = tuple(after - before for before, after in pairwise(times))
    return Phase(name=name, intervals=intervals, receipts=tuple(receipts), answers=counts[0], errors=counts[1])


async def prepare(url: str) -> int:
    """Logs to search for; the number of blocks there are."""
    async with httpx.AsyncClient(timeout=60.0) as http:
        rpc = Rpc(http, url)
        account = user_accounts()[1].hex_address
        with suppress(RuntimeError):  # where no unlocked accounts are, there is less to find
            for _ in range(LOGS):
                await rpc.result("eth_sendTransaction", {"from": account, "data": LOGGING, "gas": hex(500_000)})
        deadline = perf_counter() + 60
        while perf_counter() < deadline:  # blocks that were late are made up for first
            await asyncio.sleep(2 * BLOCK_TIME)
            newest = await rpc.result("eth_getBlockByNumber", "latest", False)
            if time.time() - int(newest["timestamp"], 16) < 2 * BLOCK_TIME:
                break
        found = len(await rpc.result("eth_getLogs", {"fromBlock": "earliest"}))
        head = int(await rpc.result("eth_blockNumber"), 16)
        sys.stdout.write(f"  {head} blocks, {found} logs\n")
        return head


def measure(report: Callable[[Phase], None] = lambda _phase: None) -> list[Phase]:
    """At rest, then each kind of question from 50 clients, then all three kinds together."""
    phases = []
    with tempfile.TemporaryDirectory() as name, our_network(Path(name)) as target:
        target.run(WARM_UP)
        log = Path(name) / "logs" / "sequencer.log"
        kinds = questions(min(20, asyncio.run(prepare(target.url))))
        mixed = [kinds[kind] for kind in (*kinds, *kinds) for _ in range(CLIENTS // 2 // len(kinds) + 1)][:CLIENTS]
        loads: dict[str, list[list[Question]]] = {"at rest": []}
        loads |= {f"{CLIENTS} x {kind}": [asked] * CLIENTS for kind, asked in kinds.items()}
        loads |= {f"{CLIENTS} x all three": mixed}
        for title, wanted in loads.items():
            phases.append(asyncio.run(run_phase(title, target.url, log, wanted)))
            report(phases[-1])
    return phases


def main() -> list[Phase]:
    """Prints and returns the phases."""

    def report(phase: Phase) -> None:
        sys.stdout.write(phase.line() + "\n")
        sys.stdout.flush()

    return measure(report)


if __name__ == "__main__":
    main()
