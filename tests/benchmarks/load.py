"""One load generator for every node: signed transfers in JSON-RPC batches of 100, timed until all are included.

Signing and encoding happen before the clock starts. Each connection carries some senders' transactions in nonce order.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import httpx

from node.devnet.accounts import DevAccount, user_accounts
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType, sign_transaction

BATCH: Final = 100
CONNECTIONS: Final = 5
GWEI: Final = 10**9
POLL_SECONDS: Final = 0.05
MOST_SECONDS: Final = 60.0
_TICKS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one connection sends, ready to go."""

    bodies: tuple[bytes, ...]
    last_hashes: tuple[str, ...]
    """Of each sender's last transaction: when they are included, all are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """One run."""

    transactions: int
    accepted_seconds: float
    """Until the last batch was answered."""
    seconds: float
    """Until the last transaction had a receipt."""
    cpu_seconds: float
    """Of the node's process and its children."""

    @property
    def rate(self) -> float:
        """Accepted and included, a second."""
        return self.transactions / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """A transaction."""
        return self.cpu_seconds / self.transactions * 1e6


class LoadFailed(Exception):
    """The node refused a transaction or did not include all of them in time."""


class Target:
    """A node under load."""

    def __init__(self, url: str, pid: int, *, nudge: str | None = None) -> None:
        """`nudge` is a method that makes the node mine what its pool still holds, called at every look."""
        self.url = url
        self._pid = pid
        self._nudge = nudge

    def run(self, transactions: int) -> LoadResult:
        """Sign `transactions` transfers from the ten devnet accounts, send them, wait for them."""
        return asyncio.run(self._run(transactions))

    async def _run(self, transactions: int) -> LoadResult:
        limits = httpx.Limits(max_connections=CONNECTIONS + 1)
        async with httpx.AsyncClient(timeout=30.0, limits=limits) as http:
            loads = await self._prepare(http, transactions)
            cpu, start = cpu_seconds(self._pid), perf_counter()
            hashes = [last for load in loads for last in load.last_hashes]
            accepted, _ = await asyncio.gather(self._send_all(http, loads, start), self._wait_for(http, hashes))
            seconds = perf_counter() - start
        return LoadResult(
            transactions=transactions,
            accepted_seconds=accepted,
            seconds=seconds,
            cpu_seconds=cpu_seconds(self._pid) - cpu,
        )

    async def _prepare(self, http: httpx.AsyncClient, transactions: int) -> list[Load]:
        accounts = user_accounts()
        chain_id = int((await self._call(http, [("eth_chainId", [])]))[0], 16)
        nonces = await self._call(
            http, [("eth_getTransactionCount", [account.hex_address, "latest"]) for account in accounts]
        )
        each = transactions // len(accounts)
        signed = [
            sign_transfers(account, chain_id, int(nonce, 16), each)
            for account, nonce in zip(accounts, nonces, strict=True)
        ]
        share = len(accounts) // CONNECTIONS
        return [prepare_load(signed[first : first + share]) for first in range(0, len(accounts), share)]

    async def _call(self, http: httpx.AsyncClient, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        body = [
            {"jsonrpc": "2.0", "id": index, "method": method, "params": params}
            for index, (method, params) in enumerate(calls)
        ]
        answers = (await http.post(self.url, json=body)).json()
        return [answer["result"] for answer in sorted(answers, key=lambda answer: int(answer["id"]))]

    async def _send_all(self, http: httpx.AsyncClient, loads: Sequence[Load], start: float) -> float:
        """Seconds from `start` until everything is answered."""
        await asyncio.gather(*(self._send(http, load) for load in loads))
        return perf_counter() - start

    async def _send(self, http: httpx.AsyncClient, load: Load) -> None:
        headers = {"content-type": "application/json"}
        for body in load.bodies:
            answer = (await http.post(self.url, content=body, headers=headers)).content
            if b'"error"' in answer:
                raise LoadFailed(f"{self.url} refused a transaction: {answer[:500].decode()}")

    async def _wait_for(self, http: httpx.AsyncClient, hashes: list[str]) -> None:
        deadline = perf_counter() + MOST_SECONDS
        while hashes:
            await asyncio.sleep(POLL_SECONDS)
            if self._nudge is not None:
                await self._call(http, [(self._nudge, [])])
            receipts = await self._call(http, [("eth_getTransactionReceipt", [h]) for h in hashes])
            hashes = [h for h, receipt in zip(hashes, receipts, strict=True) if receipt is None]
            if perf_counter() > deadline:
                raise LoadFailed(f"{self.url}: transactions not included after {MOST_SECONDS:.0f} s")


def sign_transfers(account: DevAccount, chain_id: int, nonce: int, count: int) -> list[tuple[str, str]]:
    """(raw, hash) in hex of `count` transfers to as many accounts."""
    signed = []
    for number in range(nonce, nonce + count):
        to = Address(keccak256(account.address + number.to_bytes(8, "big"))[12:])
        unsigned = SignedTransaction(
            type=TransactionType.DYNAMIC_FEE,
            chain_id=chain_id,
            nonce=Nonce(number),
            gas_limit=Gas(21_000),
            max_fee_per_gas=Wei(100 * GWEI),
            max_priority_fee_per_gas=Wei(GWEI),
            to=to,
            value=Wei(1),
            data=b"",
            y_parity=0,
            r=0,
            s=0,
        )
        done = sign_transaction(unsigned, account.private_key)
        signed.append(("0x" + done.raw.hex(), "0x" + done.hash.hex()))
    return signed


def prepare_load(senders: Sequence[Sequence[tuple[str, str]]]) -> Load:
    """The senders' transactions by turns, so that each one's are in nonce order, cut into batches."""
    raws = [transaction[0] for turn in zip(*senders, strict=True) for transaction in turn]
    bodies = []
    for start in range(0, len(raws), BATCH):
        calls = [
            {"jsonrpc": "2.0", "id": index, "method": "eth_sendRawTransaction", "params": [raw]}
            for index, raw in enumerate(raws[start : start + BATCH])
        ]
        bodies.append(json.dumps(calls, separators=(",", ":")).encode())
    return Load(bodies=tuple(bodies), last_hashes=tuple(sender[-1][1] for sender in senders))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its living descendants (Linux)."""
    parents: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry.name))
        ticks[int(entry.name)] = int(fields[11]) + int(fields[12])
    family, total = [pid], 0
    while family:
        member = family.pop()
        total += ticks.get(member, 0)
        family += parents.get(member, [])
    return total / _TICKS
