"""Reads a second over JSON-RPC, with the time each one takes, beside Anvil in one run.

Both nodes get the same WETH contract, deployed and used in the same way by one generator: a hundred deposits, each with
a log. Then the five reads that wallets and explorers make most often, with 1 and 32 connections, single and in batches
of 20. Both go on making a block a second meanwhile, so that nothing is answered from a chain that stands still.

python -m tests.benchmarks reads
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table
from web3 import Web3
from web3.types import TxParams

from contracts.artifacts import artifact
from node.devnet.accounts import user_accounts
from tests.benchmarks.anvil import AnvilMissing, find_anvil
from tests.benchmarks.bench_end_to_end import anvil, our_network
from tests.benchmarks.reader_load import Reads, measure_reads

SECONDS: Final = 1.5
"""Of each measurement."""
BATCH: Final = 20
SHAPES: Final = ((1, 1), (32, 1), (1, BATCH), (32, BATCH))
"""(connections, calls a request)."""
DEPOSITS: Final = 100
OURS: Final = "ours"
PEER: Final = "Anvil"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One method, asked in one way of one node."""

    node: str
    method: str
    connections: int
    batch: int
    reads: Reads


def measure(seconds: float = SECONDS) -> list[Measurement]:
    """Ours, then Anvil where it can be had; where not, the reason is printed."""
    found: list[Measurement] = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with our_network(directory / "devnet") as target:
            found += _measure(OURS, target.url, seconds)
        try:
            binary = find_anvil()
        except AnvilMissing as reason:
            sys.stdout.write(f"no Anvil to compare with: {reason}\n")
            return found
        with anvil(binary, directory / "anvil.log", "--block-time", "1") as target:
            found += _measure(PEER, target.url, seconds)
    return found


def _measure(node: str, url: str, seconds: float) -> Iterator[Measurement]:
    methods = _prepare(url)
    for method, params in methods:
        for connections, batch in SHAPES:
            reads = measure_reads(url, method, params, connections=connections, batch=batch, seconds=seconds)
            sys.stdout.write(f"  {node}: {method} {connections}x{batch}: {reads.rate:,.0f}/s\n")
            sys.stdout.flush()
            yield Measurement(node=node, method=method, connections=connections, batch=batch, reads=reads)


def _prepare(url: str) -> list[tuple[str, list[Any]]]:
    """Deploy and use the token; returns the reads."""
    web3 = Web3(Web3.HTTPProvider(url))
    account = user_accounts()[0]
    code = artifact("WrappedOpen").creation
    token = web3.eth.wait_for_transaction_receipt(_send(web3, {"data": code, "gas": 2_000_000}))["contractAddress"]
    deposit = Web3.keccak(text="deposit()")[:4]
    nonce = web3.eth.get_transaction_count(account.hex_address)
    hashes = [
        _send(web3, {"to": token, "data": deposit, "value": 1, "gas": 100_000, "nonce": nonce + index})
        for index in range(DEPOSITS)
    ]
    receipts = [web3.eth.wait_for_transaction_receipt(transaction) for transaction in hashes]
    numbers = [receipt["blockNumber"] for receipt in receipts]
    fullest = max(set(numbers), key=numbers.count)
    balance_of = Web3.keccak(text="balanceOf(address)")[:4] + bytes(12) + account.address
    logs = {"fromBlock": hex(min(numbers)), "toBlock": hex(max(numbers)), "address": token}
    return [
        ("eth_blockNumber", []),
        ("eth_getBalance", [account.hex_address, "latest"]),
        ("eth_call", [{"to": token, "data": Web3.to_hex(balance_of)}, "latest"]),
        ("eth_getLogs", [logs]),
        ("eth_getBlockByNumber", [hex(fullest), True]),
    ]


def _send(web3: Web3, fields: TxParams) -> Any:
    account = user_accounts()[0]
    transaction: TxParams = {
        "chainId": web3.eth.chain_id,
        "maxFeePerGas": Web3.to_wei(100, "gwei"),
        "maxPriorityFeePerGas": Web3.to_wei(1, "gwei"),
        "value": Web3.to_wei(0, "wei"),
        "nonce": web3.eth.get_transaction_count(account.hex_address),
        **fields,
    }
    signed = web3.eth.account.sign_transaction(transaction, account.private_key)
    return web3.eth.send_raw_transaction(signed.raw_transaction)


def table(measurements: Sequence[Measurement]) -> Table:
    """Rates with their p50 and p99 side by side."""
    shown = Table(title="Reads a second over JSON-RPC (p50 / p99 of a request, ms)", title_justify="left")
    for column in ("method", "connections x batch", OURS, "", PEER, "", "ratio"):
        shown.add_column(column, justify="left" if column == "method" else "right")
    by_key = {(one.node, one.method, one.connections, one.batch): one.reads for one in measurements}
    for (node, method, connections, batch), ours in by_key.items():
        if node != OURS:
            continue
        peer = by_key.get((PEER, method, connections, batch))
        cells = [method, f"{connections} x {batch}", f"{ours.rate:,.0f}", _times(ours)]
        cells += (
            ["-", "-", "-"] if peer is None else [f"{peer.rate:,.0f}", _times(peer), f"{ours.rate / peer.rate:.2f}"]
        )
        shown.add_row(*cells)
    return shown


def _times(reads: Reads) -> str:
    return f"{reads.p50 * 1e3:.1f} / {reads.p99 * 1e3:.1f}"


def main() -> list[Measurement]:
    """Prints and returns every measurement."""
    try:
        measurements = measure()
    except httpx.HTTPError as error:
        sys.stdout.write(f"reads did not finish: {error or type(error).__name__}\n")
        return []
    Console(width=120).print(table(measurements))
    return measurements


if __name__ == "__main__":
    main()
