"""The simulated L1 with its real contracts, asked directly instead of over JSON-RPC, and an L2 that is only claimed."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contracts.genesis_config import GenesisConfig
from contracts.l1_genesis import l1_genesis
from rollup.l1 import L1TransactionSender, MetaJournal, SenderConfig
from rollup.proposer import GameFactory, Proposer, ProposerConfig
from rollup.simulator import SimulatedL1
from rollup.types import BlockId, L2BlockNumber, L2BlockRef
from state.database import ChainDatabase, MemoryStore
from state.database.schema import META_BATCHER, META_PROPOSER
from state.execution.fast import FastExecutor
from state.execution.reference import ReferenceExecutor
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import ZERO_HASH, Address, Hash32, UnixSeconds
from state.transition import CheckedExecutor, GenesisSpec
from tests.actions.network.local_l1 import LocalL1

GENESIS_TIME = 1_700_000_000
OPERATOR, BATCHER, PROPOSER, CHALLENGER = (bytes([n]) * 32 for n in (1, 2, 3, 4))
BOND = 10**17
CONFIG = GenesisConfig(
    operator=private_key_to_address(OPERATOR),
    timestamp=GENESIS_TIME,
    batcher=private_key_to_address(BATCHER),
    proposer=private_key_to_address(PROPOSER),
    challenger=private_key_to_address(CHALLENGER),
    l1_accounts=tuple((private_key_to_address(key), 10**21) for key in (OPERATOR, BATCHER, PROPOSER, CHALLENGER)),
    max_clock_duration=30,
    init_bond=BOND,
)


@dataclass
class ClaimedL2:
    """An L2 chain as the proposer sees it: heads and output roots."""

    safe: int = 0
    finalized: int = 0
    salt: bytes = b""
    """Changes every output root: as after a reorg."""

    def _ref(self, number: int) -> L2BlockRef:
        return L2BlockRef(
            hash=keccak256(self.salt + number.to_bytes(8, "big")),
            number=L2BlockNumber(number),
            parent_hash=ZERO_HASH,
            timestamp=UnixSeconds(GENESIS_TIME + number),
            l1_origin=BlockId(hash=ZERO_HASH, number=0),
            sequence_number=0,
        )

    async def safe_head(self) -> L2BlockRef:
        return self._ref(self.safe)

    async def finalized_head(self) -> L2BlockRef:
        return self._ref(self.finalized)

    async def output_root(self, number: L2BlockNumber) -> Hash32 | None:
        return keccak256(b"output" + self.salt + number.to_bytes(8, "big")) if number <= self.safe else None


@dataclass
class Settlement:
    """L1 with contracts, a claimed L2, and senders whose journals lie in the L1's own store (any store will do)."""

    evidence: Path
    now: float = GENESIS_TIME
    l2: ClaimedL2 = field(default_factory=ClaimedL2)

    def __post_init__(self) -> None:
        self.db = ChainDatabase(MemoryStore())
        genesis = GenesisSpec.from_json(l1_genesis(CONFIG))
        executor = CheckedExecutor(FastExecutor(), ReferenceExecutor(), self.evidence)
        self.chain = SimulatedL1(self.db, executor, genesis, clock=lambda: self.now)
        self.slot()  # a game asks for the hash of the block before, which genesis lacks
        self.l1 = LocalL1(self.chain)
        self.factory = GameFactory(self.l1, Address(CONFIG.l1_contracts["DisputeGameFactory"]))
        self.inbox = Address(CONFIG.l1_contracts["BatchInbox"])

    def sender(self, key: bytes) -> L1TransactionSender:
        prefix = (META_PROPOSER if key == PROPOSER else META_BATCHER) + b"tx"
        config = SenderConfig(confirmation_depth=2)
        return L1TransactionSender(self.l1, key, MetaJournal(self.db, prefix), clock=lambda: self.now, config=config)

    def proposer(self, key: bytes = PROPOSER, **config: bool | int) -> Proposer:
        return Proposer(
            l2=self.l2,
            l1=self.l1,
            factory=self.factory,
            sender=self.sender(key),
            config=ProposerConfig(interval=10, **config),  # type: ignore[arg-type]
        )

    def slot(self) -> None:
        self.now += 3
        self.chain.tick()

    async def rounds(self, proposer: Proposer, count: int = 1) -> None:
        for _ in range(count):
            await proposer.step()
            self.slot()


@pytest.fixture
def settlement(tmp_path: Path) -> Settlement:
    return Settlement(evidence=tmp_path / "divergence")
