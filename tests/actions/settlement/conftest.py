"""The simulated L1 with its real contracts, asked directly instead of over JSON-RPC, and an L2 that is only claimed."""

from dataclasses import dataclass, field

import pytest

from contracts.genesis_config import GenesisConfig
from contracts.l1_genesis import l1_genesis
from rollup.errors import L1Rejected
from rollup.l1 import L1TransactionReceipt, L1TransactionSender, MetaJournal, SenderConfig
from rollup.proposer import GameFactory, Proposer, ProposerConfig
from rollup.simulator import SimulatedL1
from rollup.types import BlockId, L1BlockNumber, L1BlockRef, L1Receipt, L2BlockNumber, L2BlockRef
from state.database import ChainDatabase, MemoryStore
from state.database.schema import META_BATCHER, META_PROPOSER
from state.errors import InvalidTransaction, NodeError
from state.execution.fast import FastExecutor
from state.execution.port import CallMessage
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import ZERO_HASH, Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.queries import StateQueries
from state.transition import GenesisSpec

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


class LocalL1:
    """What `L1Client` offers, over a SimulatedL1 in the same process."""

    def __init__(self, chain: SimulatedL1) -> None:
        self.chain = chain
        self._queries = StateQueries(chain.db, FastExecutor(), chain.rules)

    async def chain_id(self) -> int:
        return self.chain.rules.chain_id

    async def block_ref(self, which: int | Hash32 | str) -> L1BlockRef:
        heads = self.chain.db.heads()
        by_tag = {"latest": heads.unsafe, "finalized": heads.finalized}
        block_hash = self.chain.db.canonical_hash(which) if isinstance(which, int) else by_tag[str(which)]
        assert block_hash is not None
        header = self.chain.db.require_header(block_hash)
        return L1BlockRef(
            hash=block_hash,
            number=L1BlockNumber(header.number),
            parent_hash=header.parent_hash,
            timestamp=header.timestamp,
        )

    async def nonce(self, address: Address, which: str = "latest") -> Nonce:
        account = self._queries.account(self.chain.db.flat_head(), address)
        return Nonce(account.nonce)

    async def pending_nonce(self, address: Address) -> Nonce:
        return Nonce(self.chain.pool.pending_nonce(address))

    async def balance(self, address: Address) -> Wei:
        return self._queries.account(self.chain.db.flat_head(), address).balance

    async def gas_price(self) -> tuple[Wei, Wei]:
        return self.chain.db.require_header(self.chain.db.flat_head()).base_fee_per_gas, Wei(10**9)

    async def call(self, to: Address, data: bytes) -> bytes:
        message = CallMessage(sender=Address(bytes(20)), to=to, gas_limit=Gas(30_000_000), data=data)
        outcome = self._queries.call(self.chain.db.flat_head(), message, {})
        if not outcome.succeeded:
            raise L1Rejected(f"eth_call: {outcome.error} 0x{outcome.output.hex()} (3)")
        return outcome.output

    async def estimate_gas(self, *, sender: Address, to: Address | None, data: bytes, value: int = 0) -> Gas:
        message = CallMessage(sender=sender, to=to, gas_limit=Gas(30_000_000), value=Wei(value), data=data)
        try:
            return self._queries.estimate_gas(self.chain.db.flat_head(), message, {})
        except NodeError as error:
            raise L1Rejected(f"eth_estimateGas: {error} (3)") from error

    async def receipt(self, transaction_hash: Hash32) -> L1TransactionReceipt | None:
        place = self.chain.db.transaction_location(transaction_hash)
        if place is None:
            return None
        block_hash, index = place
        receipts = self.chain.db.receipts(block_hash)
        assert receipts is not None
        before = receipts[index - 1].cumulative_gas_used if index else 0
        return L1TransactionReceipt(
            transaction_hash=transaction_hash,
            block_hash=block_hash,
            block_number=L1BlockNumber(self.chain.db.require_header(block_hash).number),
            succeeded=receipts[index].succeeded,
            gas_used=Gas(receipts[index].cumulative_gas_used - before),
            effective_gas_price=Wei(0),
            contract_address=None,
            receipt=L1Receipt(succeeded=receipts[index].succeeded, logs=receipts[index].logs),
        )

    async def send_raw_transaction(self, raw: bytes) -> Hash32:
        try:
            return self.chain.submit(raw)
        except InvalidTransaction as error:
            raise L1Rejected(f"eth_sendRawTransaction: {error} (-32000)") from error


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

    now: float = GENESIS_TIME
    l2: ClaimedL2 = field(default_factory=ClaimedL2)

    def __post_init__(self) -> None:
        self.db = ChainDatabase(MemoryStore())
        genesis = GenesisSpec.from_json(l1_genesis(CONFIG))
        self.chain = SimulatedL1(self.db, FastExecutor(), genesis, clock=lambda: self.now)
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
def settlement() -> Settlement:
    return Settlement()
