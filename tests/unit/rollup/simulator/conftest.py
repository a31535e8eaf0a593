"""A simulated L1 on a memory store, with a clock that tests move and two rich accounts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rollup.simulator import SimulatedL1, SimulatorConfig
from rollup.txpool import Journal
from state.database import ChainDatabase, KeyValueStore, MemoryStore
from state.execution.fast import FastExecutor
from state.execution.reference import ReferenceExecutor
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType, sign_transaction
from state.transition import CheckedExecutor, GenesisSpec

GENESIS_TIME = 1_700_000_000
KEYS = [bytes([n]) * 32 for n in (1, 2)]
ACCOUNTS = [private_key_to_address(key) for key in KEYS]
TARGET = Address(b"\x42" * 20)


def genesis_json() -> dict[str, object]:
    alloc = {"0x" + address.hex(): {"balance": hex(10**21)} for address in ACCOUNTS}
    return {
        "config": {"chainId": 900},
        "timestamp": hex(GENESIS_TIME),
        "gasLimit": hex(30_000_000),
        "baseFeePerGas": hex(10**9),
        "alloc": alloc,
    }


@dataclass
class Bench:
    """The chain, what it lies on, and its clock."""

    path: Path
    config: SimulatorConfig = field(default_factory=SimulatorConfig)
    store: KeyValueStore = field(default_factory=MemoryStore)
    now: float = GENESIS_TIME

    journals: list[Journal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.l1 = self.start()

    def start(self) -> SimulatedL1:
        """A process start over what is on disk."""
        self.journals.append(Journal(self.path / "pool.journal"))
        self.l1 = SimulatedL1(
            ChainDatabase(self.store),
            CheckedExecutor(FastExecutor(), ReferenceExecutor(), self.path / "divergence"),
            GenesisSpec.from_json(genesis_json()),
            clock=lambda: self.now,
            config=self.config,
            journal=self.journals[-1],
        )
        return self.l1

    def number(self) -> int:
        return self.l1.db.require_header(self.l1.db.heads().unsafe).number

    def transfer(self, nonce: int, *, sender: int = 0, tip: int = 10**9, value: int = 1) -> bytes:
        unsigned = SignedTransaction(
            type=TransactionType.DYNAMIC_FEE,
            chain_id=900,
            nonce=Nonce(nonce),
            gas_limit=Gas(21_000),
            max_fee_per_gas=Wei(100 * 10**9),
            max_priority_fee_per_gas=Wei(tip),
            to=TARGET,
            value=Wei(value),
            data=b"",
            y_parity=0,
            r=0,
            s=0,
        )
        return sign_transaction(unsigned, KEYS[sender]).raw

    def transactions(self) -> list[bytes]:
        """All of the canonical chain, in order."""
        found = []
        for number in range(self.number() + 1):
            block_hash = self.l1.db.canonical_hash(number)
            assert block_hash is not None
            block = self.l1.db.block(block_hash)
            assert block is not None
            found += block.transactions
        return found


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[[SimulatorConfig], Bench]]:
    made: list[Bench] = []

    def make(config: SimulatorConfig) -> Bench:
        made.append(Bench(tmp_path / str(len(made)), config))
        return made[-1]

    yield make
    for bench in made:
        for journal in bench.journals:
            journal.close()  # the file only: what a kill would release too


@pytest.fixture
def bench(make_bench: Callable[[SimulatorConfig], Bench]) -> Bench:
    return make_bench(SimulatorConfig())
