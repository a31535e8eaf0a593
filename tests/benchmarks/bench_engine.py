"""Raw engine transfers a second: signed bytes -> recovery -> execution -> roots -> one synced LevelDB batch a block.

One worker process decodes and recovers block n+1 while this one executes block n, as the node does. Nothing is sampled
out: every block is sealed, and persisted with fsync, before the next one begins. Median of five rounds.

python -m tests.benchmarks.bench_engine
"""

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Any

from contracts.addresses import L1_BLOCK, WRAPPED_OPEN
from contracts.artifacts import artifact
from state.blocks import encode_holocene_extra_data
from state.database import ChainDatabase, Heads, LevelDBStore
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules, Executor
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.transactions import (
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
    recover_transaction,
    sign_transaction,
)
from state.transition import BlockAttributes, BlockBuilder, GenesisSpec, genesis_record

RULES = ChainRules(chain_id=161299, is_optimism=True)
ROUNDS = 5
BLOCKS_A_ROUND = 4
TRANSACTIONS_A_BLOCK = 500
OTHER_ACCOUNTS = 10_000
GWEI = 10**9
EXTRA_DATA = encode_holocene_extra_data(250, 6)
KEYS = [(number + 1).to_bytes(32, "big") for number in range(TRANSACTIONS_A_BLOCK)]
SENDERS = [private_key_to_address(key) for key in KEYS]
OTHERS = [Address(keccak256(number.to_bytes(4, "big"))[12:]) for number in range(OTHER_ACCOUNTS)]
TOKEN = Address(WRAPPED_OPEN)
L1_PRICES = {"0x1": hex(10**9), "0x3": hex(2 << 96 | 3 << 64), "0x7": hex(10**7)}


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one round, and of its parts on the executing process."""

    total: float
    execute: float
    seal: float
    persist: float
    waited: float
    cpu: float
    """CPU seconds of the executing process's thread."""


@dataclass(frozen=True, slots=True)
class EngineResult:
    """Medians over the rounds."""

    rate: float
    """Transactions a second, by the clock on the wall."""
    execution_cpu: float
    """Microseconds a transaction."""
    recovery_cpu: float
    """Microseconds a transaction, in the worker."""

    @property
    def free_rate(self) -> float:
        """What two cores with nothing else to do would reach: the busier of the two processes decides."""
        return 1e6 / max(self.execution_cpu, self.recovery_cpu)


class Chain:
    """An L2 on disk with funded senders, ten thousand other accounts and a token."""

    def __init__(self, directory: Path) -> None:
        alloc: dict[str, Any] = {sender.hex(): {"balance": hex(10**24)} for sender in SENDERS}
        alloc |= {other.hex(): {"balance": "0x1"} for other in OTHERS}
        alloc[L1_BLOCK.hex()] = {"nonce": "0x1", "code": "0x00", "storage": L1_PRICES}
        alloc[TOKEN.hex()] = {"nonce": "0x1", "code": "0x" + artifact("WrappedOpen").runtime.hex()}
        document = {
            "config": {"chainId": RULES.chain_id},
            "timestamp": hex(1_700_000_000),
            "gasLimit": hex(10**9),
            "baseFeePerGas": hex(GWEI),
            "extraData": "0x" + EXTRA_DATA.hex(),
            "alloc": alloc,
        }
        self.genesis = genesis_record(GenesisSpec.from_json(document), RULES)
        self.db = ChainDatabase(LevelDBStore(directory))
        self.db.initialise(self.genesis)

    def run(self, executor: Executor, blocks: Iterator[list[RecoveredTransaction]]) -> Timing:
        """Execute, seal and persist each block; `blocks` yields them as they are recovered."""
        start, cpu = perf_counter(), thread_time()
        execute = seal = persist = waited = 0.0
        before = start
        for transactions in blocks:
            ready = perf_counter()
            builder = BlockBuilder(self.db, executor, RULES, self.db.flat_head(), self._attributes())
            for tx in transactions:
                if not builder.apply(tx, tx.raw).succeeded:
                    raise RuntimeError(f"transaction 0x{tx.hash.hex()} failed")
            executed = perf_counter()
            record = builder.seal().record
            sealed = perf_counter()
            safe = self.genesis.hash
            self.db.commit_block(record, Heads(unsafe=record.hash, safe=safe, finalized=safe))
            done = perf_counter()
            waited, execute = waited + ready - before, execute + executed - ready
            seal, persist, before = seal + sealed - executed, persist + done - sealed, done
        return Timing(perf_counter() - start, execute, seal, persist, waited, thread_time() - cpu)

    def _attributes(self) -> BlockAttributes:
        parent = self.db.require_header(self.db.flat_head())
        return BlockAttributes(
            timestamp=UnixSeconds(parent.timestamp + 1),
            fee_recipient=Address(bytes.fromhex("4200000000000000000000000000000000000011")),
            prev_randao=Hash32(bytes(32)),
            gas_limit=Gas(10**9),
            extra_data=EXTRA_DATA,
        )


def recover_block(raws: list[bytes]) -> tuple[list[RecoveredTransaction], float]:
    """A block's transactions with their senders, and the CPU seconds that this took; runs in the worker."""
    start = process_time()
    return [recover_transaction(raw) for raw in raws], process_time() - start


def sign_block(nonce: int, **fields: Any) -> list[bytes]:
    """One signed transaction from every sender."""
    raws = []
    for index, key in enumerate(KEYS):
        changes = {name: value(index) if callable(value) else value for name, value in fields.items()}
        unsigned: dict[str, Any] = {
            "type": TransactionType.DYNAMIC_FEE,
            "chain_id": RULES.chain_id,
            "nonce": Nonce(nonce),
            "gas_limit": Gas(100_000),
            "max_fee_per_gas": Wei(1_000 * GWEI),
            "max_priority_fee_per_gas": Wei(1),
            "data": b"",
            "y_parity": 0,
            "r": 0,
            "s": 0,
        }
        raws.append(sign_transaction(SignedTransaction(**(unsigned | changes)), key).raw)
    return raws


def transfer_block(nonce: int) -> list[bytes]:
    """Transfers between funded senders and accounts all over the trie."""
    return sign_block(nonce, to=lambda i: OTHERS[(i * 7_919 + nonce * 31) % OTHER_ACCOUNTS], value=Wei(7))


def token_block(nonce: int) -> list[bytes]:
    """ERC-20 transfers to the same accounts."""
    selector = bytes(keccak256(b"transfer(address,uint256)")[:4])

    def data(index: int) -> bytes:
        recipient = OTHERS[(index * 7_919 + nonce * 31) % OTHER_ACCOUNTS]
        return selector + recipient.rjust(32, b"\0") + (1).to_bytes(32, "big")

    return sign_block(nonce, to=TOKEN, value=Wei(0), data=data)


def wrapping_block(nonce: int) -> list[bytes]:
    """Every sender wraps coins, so that it has tokens to send."""
    return sign_block(nonce, to=TOKEN, value=Wei(10**9), data=bytes(keccak256(b"deposit()")[:4]))


def measure(name: str, blocks: list[list[bytes]], chain: Chain, pool: ProcessPoolExecutor) -> EngineResult:
    """Prints the median rate over the rounds, and where the executing process spent a transaction's time."""
    timings, recovery = [], 0.0

    def recovered(part: list[list[bytes]]) -> Iterator[list[RecoveredTransaction]]:
        nonlocal recovery
        for transactions, seconds in pool.map(recover_block, part):
            recovery += seconds
            yield transactions

    for number in range(ROUNDS):
        part = blocks[number * BLOCKS_A_ROUND : (number + 1) * BLOCKS_A_ROUND]
        timings.append(chain.run(FastExecutor(), recovered(part)))
    count = BLOCKS_A_ROUND * TRANSACTIONS_A_BLOCK
    rate = median(count / timing.total for timing in timings)
    timing = sorted(timings, key=lambda t: t.total)[ROUNDS // 2]
    parts = ", ".join(
        f"{part} {getattr(timing, part) / count * 1e6:.0f}" for part in ("execute", "seal", "persist", "waited")
    )
    result = EngineResult(rate, median(t.cpu for t in timings) / count * 1e6, recovery / ROUNDS / count * 1e6)
    sys.stdout.write(
        f"{name:16} {rate:8,.0f}/s   µs a transaction: {parts}; CPU: {result.execution_cpu:.0f} executing, "
        f"{result.recovery_cpu:.0f} recovering, {result.free_rate:,.0f}/s if both cores were free\n"
    )
    return result


def main() -> tuple[EngineResult, EngineResult]:
    """Prints and returns transfers and ERC-20 transfers a second."""
    total = ROUNDS * BLOCKS_A_ROUND
    with tempfile.TemporaryDirectory() as directory, ProcessPoolExecutor(1) as pool:
        chain = Chain(Path(directory) / "db")
        transfers = [transfer_block(nonce) for nonce in range(total)]
        plain = measure("transfers", transfers, chain, pool)
        chain.run(FastExecutor(), iter([recover_block(wrapping_block(total))[0]]))
        tokens = [token_block(total + 1 + number) for number in range(total)]
        erc20 = measure("ERC-20 transfers", tokens, chain, pool)
        chain.db.close()
    return plain, erc20


if __name__ == "__main__":
    main()
