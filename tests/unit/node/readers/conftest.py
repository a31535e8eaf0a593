"""A chain on disk that grows by blocks with real state roots, and contracts to call."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from node.readers import ReaderPool
from state.blocks import EMPTY_TRIE_ROOT
from state.database import BlockRecord, ChainDatabase, Heads, LevelDBStore
from state.execution.port import CallMessage, ChainRules
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Wei
from state.world.commit import commit_changes
from state.world.types import Account, StateChanges
from tests.unit.state.database.chain_blocks import block_record, log

RULES = ChainRules(chain_id=1337, is_optimism=False)
RICH = Address(b"\x11" * 20)
LOOP, REVERTER, STORE = (Address(bytes([n]) * 20) for n in (0x21, 0x22, 0x23))
PATIENT_SECONDS = 120.0
"""What a reader has for what it must answer: it runs at low priority, and other tests keep the machine busy."""
CODES = {LOOP: "5b5f56", REVERTER: "602a5f5260205ffd", STORE: "5f355460205260206020f3"}


@dataclass
class GrowingChain:
    """Block n sets RICH's balance to n + 1 and slot 1 of STORE to n + 1."""

    db: ChainDatabase
    records: list[BlockRecord] = field(default_factory=list)

    def grow(self, blocks: int = 1, salt: bytes = b"") -> BlockRecord:
        for _ in range(blocks):
            parent = self.records[-1] if self.records else None
            number = len(self.records)
            changes = StateChanges(accounts={RICH: Account(balance=Wei(number + 1))}, storage={STORE: {1: number + 1}})
            if parent is None:
                for address, code in CODES.items():
                    raw = bytes.fromhex(code)
                    changes.codes[keccak256(raw)] = raw
                    changes.accounts[address] = Account(code_hash=keccak256(raw))
            commit = commit_changes(self.db, parent.header.state_root if parent else EMPTY_TRIE_ROOT, changes)
            record = block_record(
                parent,
                delta=commit.delta,
                state_root=commit.state_root,
                logs_by_transaction=((log(1, number),),) if parent else (),
                salt=salt,
            )
            if parent is None:
                self.db.initialise(record)
            else:
                genesis = self.records[0].hash
                self.db.commit_block(record, Heads(unsafe=record.hash, safe=genesis, finalized=genesis))
            self.records.append(record)
        return self.records[-1]

    def rewind(self, to: int) -> BlockRecord:
        del self.records[to + 1 :]
        tip, genesis = self.records[-1].hash, self.records[0].hash
        self.db.rewind_to(tip, Heads(unsafe=tip, safe=genesis, finalized=genesis))
        return self.records[-1]


def call(to: Address, data: bytes = b"", gas: int = 1_000_000) -> CallMessage:
    return CallMessage(sender=RICH, to=to, gas_limit=Gas(gas), data=data)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a reader process takes its time to start."""
    monkeypatch.setattr("node.readers.reader.PATIENCE_SECONDS", PATIENT_SECONDS)


@pytest.fixture
def chain(tmp_path: Path) -> GrowingChain:
    chain = GrowingChain(ChainDatabase(LevelDBStore(tmp_path / "main")))
    chain.grow()
    return chain


@pytest.fixture
async def start_pool(chain: GrowingChain, tmp_path: Path) -> AsyncIterator[Callable[..., ReaderPool]]:
    """Makes pools over the chain that are closed when the test ends."""
    pools: list[ReaderPool] = []

    async def start(*, cap_seconds: float = PATIENT_SECONDS, **settings: object) -> ReaderPool:
        pool = ReaderPool(chain.db, tmp_path, RULES, cap_seconds=cap_seconds, **settings)  # type: ignore[arg-type]
        pools.append(pool)
        await pool.start()
        return pool

    yield start  # type: ignore[misc]
    for pool in pools:
        await pool.close()
    chain.db.close()
    await asyncio.sleep(0)
