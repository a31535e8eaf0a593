"""The whole rollup in one thread, moved second by second: simulated L1 with its contracts, sequencer with batcher and
proposer, a follower that has nothing but L1.

A kill throws everything away but the stores. Nothing sleeps; the engine's thread is this one. Every block, of L1 and
of L2, is executed by both executors, and a difference fails the test.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from contracts.genesis import l2_genesis
from contracts.genesis_config import GenesisConfig
from contracts.l1_genesis import l1_genesis
from contracts.rollup_json import rollup_config
from node.adapters.head import DatabaseHead
from node.adapters.sources import BatcherSource, ProposerSource
from rollup.batcher import Batcher, BatcherConfig, Outbox
from rollup.codec import SpanBatch, decode_batch, decode_frames, read_batches
from rollup.derivation import DerivationPipeline
from rollup.driver import Driver
from rollup.engine import Engine
from rollup.errors import DerivationReset, L1Unavailable
from rollup.l1 import (
    L1TransactionSender,
    MetaJournal,
    SenderConfig,
)
from rollup.proposer import GameFactory, Proposer, ProposerConfig
from rollup.sequencer import FillLimit, Sequencer, SequencerBuilder
from rollup.simulator import SimulatedL1
from rollup.txpool import TxPool
from rollup.types import L2BlockRef, RollupConfig
from state.database import BlockRecord, ChainDatabase, MemoryStore, WriteBatch
from state.database.schema import META_BATCHER, META_PROPOSER
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.execution.reference import ReferenceExecutor
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType, decode_transaction, sign_transaction
from state.transition import CheckedExecutor, GenesisSpec, genesis_record
from tests.actions.network.local_l1 import LocalL1

P = ParamSpec("P")
T = TypeVar("T")

GENESIS_TIME = 1_700_000_000
L1_SLOT = 3
OPERATOR, BATCHER, PROPOSER, CHALLENGER, *USERS = (bytes([n]) * 32 for n in range(1, 9))
WINDOW = 30


def genesis_config(window: int) -> GenesisConfig:
    keys = (OPERATOR, BATCHER, PROPOSER, CHALLENGER, *USERS)
    return GenesisConfig(
        operator=private_key_to_address(OPERATOR),
        timestamp=GENESIS_TIME,
        batcher=private_key_to_address(BATCHER),
        proposer=private_key_to_address(PROPOSER),
        challenger=private_key_to_address(CHALLENGER),
        accounts=tuple((private_key_to_address(key), 10**22) for key in USERS),
        l1_accounts=tuple((private_key_to_address(key), 10**21) for key in keys),
        block_time=1,
        seq_window_size=window,
    )


class Killed(BaseException):
    """The process died here; nothing but the stores is left."""


class FragileStore(MemoryStore):
    """A store whose process can be killed just before or just after a write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes_left: float = float("inf")
        """A kill at the half: after the write; at the whole: before it."""

    def write(self, batch: WriteBatch, /, *, sync: bool) -> None:
        self._age()
        super().write(batch, sync=sync)
        self._age()

    def _age(self) -> None:
        self.writes_left -= 0.5
        if self.writes_left < 0:
            self.writes_left = float("inf")
            raise Killed


class Inline(Executor):
    """Runs at once, in this thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class _PoolFeed:
    def __init__(self, pool: TxPool) -> None:
        self._pool = pool

    def on_unsafe_block(self, ref: L2BlockRef, record: BlockRecord) -> None:
        self._pool.on_new_head(list(record.delta.accounts))

    def on_reorg(self, kept: L2BlockRef, dropped: Sequence[BlockRecord]) -> None:
        raws = [raw for record in dropped for raw in record.transactions if raw[0] != 0x7E]
        self._pool.on_reorg([sender for record in dropped for sender in record.senders], raws)

    def on_heads(self, unsafe: L2BlockRef, safe: L2BlockRef, finalized: L2BlockRef) -> None:
        return


async def _no_sleep(_seconds: float) -> None:
    return


class Node:
    """One process: a follower, or with keys a sequencer."""

    def __init__(self, network: "Network", store: FragileStore, *, sequences: bool) -> None:
        self.store = store
        rules = ChainRules(chain_id=network.rollup.l2_chain_id, is_optimism=True)
        self.db = ChainDatabase(store)
        self.db.initialise(genesis_record(network.genesis, rules))
        self.engine = Engine(db=self.db, executor=network.make_executor(), rules=rules, config=network.rollup)
        thread: Any = Inline()
        self.driver = Driver(
            engine=self.engine,
            l1=network.l1,
            pipeline=DerivationPipeline(network.rollup, self.engine.ref_by_number),
            sleep=_no_sleep,
            engine_thread=thread,
            poll_seconds=1.0,
        )
        self.sequences = sequences
        if not sequences:
            return

        def clock() -> float:
            return network.now

        self.pool = TxPool(rules=rules, state=DatabaseHead(self.db, is_optimism=True), clock=clock)
        self.engine.add_listener(_PoolFeed(self.pool))
        fill = FillLimit(block_time=1.0)
        self.sequencer = Sequencer(
            engine=self.engine,
            pool=self.pool,
            l1=network.l1,
            builder=SequencerBuilder(engine=self.engine, fill=fill, clock=clock),
            clock=clock,
            sleep=_no_sleep,
            engine_thread=thread,
            l1_confirmations=network.l1_confirmations,
        )
        self.batcher = Batcher(
            l2=BatcherSource(self.engine, lambda: self.driver.status),
            l1=network.l1,
            sender=self._sender(network, BATCHER, META_BATCHER + b"tx/"),
            outbox=Outbox(self.db, META_BATCHER + b"out/"),
            rollup=network.rollup,
            config=network.batcher_config,
        )
        self.proposer = Proposer(
            l2=ProposerSource(self.engine),
            l1=network.l1,
            factory=GameFactory(network.l1, Address(network.config.l1_contracts["DisputeGameFactory"])),
            sender=self._sender(network, PROPOSER, META_PROPOSER + b"tx/"),
            config=ProposerConfig(interval=20),
        )

    def _sender(self, network: "Network", key: bytes, prefix: bytes) -> L1TransactionSender:
        journal = MetaJournal(self.db, prefix)
        return L1TransactionSender(network.l1, key, journal, clock=lambda: network.now, config=SenderConfig())

    async def derive(self) -> None:
        """What the driver's loop does between two sleeps."""
        try:
            await self.driver.poll()
            while await self.driver.advance():
                pass
        except DerivationReset as error:
            self.driver.request_reset(str(error))

    async def sequence(self, now: float) -> None:
        """Blocks until the clock is reached."""
        for _ in range(100):
            if not self.driver.started or self.engine.unsafe_head.timestamp + 1 > now:
                return
            try:
                if await self.sequencer.step() is None:
                    return
            except DerivationReset:
                await self.derive()


@dataclass
class Span:
    """A span batch on L1, by the L2 blocks that it names."""

    first: int
    last: int


class Network:
    """L1, sequencer, follower, and a clock."""

    l1: Any
    config: GenesisConfig

    def __init__(self, evidence: Path, *, window: int = 600, l1_confirmations: int = 0) -> None:
        """`evidence`: where both results lie if the executors differ."""
        self._evidence = evidence
        self.now: float = GENESIS_TIME
        self.l1_confirmations = l1_confirmations
        self.config = genesis_config(window)
        self._l1_spec = GenesisSpec.from_json(l1_genesis(self.config))
        self.l1_store = FragileStore()
        self.chain = self._start_l1()
        self.l1 = LocalL1(self.chain)
        self._begin(l1_hash=self.chain.db.flat_head(), l1_number=0)

    def _begin(self, *, l1_hash: Hash32, l1_number: int) -> None:
        """Everything above L1, from its block of this hash on."""
        self.genesis = GenesisSpec.from_json(l2_genesis(self.config))
        rules = ChainRules(chain_id=self.config.l2_chain_id, is_optimism=True)
        l2_hash = genesis_record(self.genesis, rules).hash
        document = rollup_config(self.config, l1_hash=l1_hash, l1_number=l1_number, l2_hash=l2_hash)
        self.rollup = RollupConfig.from_json(json.dumps(document))
        self.batcher_config = BatcherConfig(max_channel_duration=1, max_transaction_bytes=4_000)
        self.posting = True
        self.sequencer = Node(self, FragileStore(), sequences=True)
        self.follower = Node(self, FragileStore(), sequences=False)
        self.nonces = [0] * len(USERS)
        self.sent: list[Hash32] = []
        self.raws: list[bytes] = []

    def make_executor(self) -> Any:
        """What L1 and the nodes execute blocks with."""
        return CheckedExecutor(FastExecutor(), ReferenceExecutor(), self._evidence)

    def _start_l1(self) -> SimulatedL1:
        return SimulatedL1(ChainDatabase(self.l1_store), self.make_executor(), self._l1_spec, clock=lambda: self.now)

    def kill_sequencer(self) -> None:
        """Everything in its memory is gone; the users' wallets send again what no block has."""
        self.sequencer = Node(self, self.sequencer.store, sequences=True)
        self.sequencer.pool.reinject(self.raws)

    def kill_l1(self) -> None:
        """Its pool is gone too: no journal."""
        self.chain = self._start_l1()
        self.l1.use(self.chain)

    async def second(self, *, load: int = 0) -> None:
        """One second of the network's life, with `load` user transactions."""
        self.now += 1
        await self._l1_slot()
        await self._tolerant(self.sequencer.derive)
        for _ in range(load):
            self.transfer()
        await self._tolerant(lambda: self.sequencer.sequence(self.now))
        if self.posting:
            await self._tolerant(self.sequencer.batcher.step)
            await self._tolerant(self.sequencer.proposer.step)

    async def _l1_slot(self) -> None:
        self.chain.tick()

    async def seconds(self, count: int, *, load: int = 0) -> None:
        for _ in range(count):
            await self.second(load=load)

    async def _tolerant(self, action: Callable[[], Any]) -> None:
        try:
            await action()
        except L1Unavailable:
            assert self.l1.away, "L1 was asked for what it does not have"

    def transfer(self, user: int | None = None) -> None:
        """One user's next transaction."""
        user = len(self.sent) % len(USERS) if user is None else user
        unsigned = SignedTransaction(
            type=TransactionType.DYNAMIC_FEE,
            chain_id=self.rollup.l2_chain_id,
            nonce=Nonce(self.nonces[user]),
            gas_limit=Gas(60_000),
            max_fee_per_gas=Wei(10**11),
            max_priority_fee_per_gas=Wei(10**9),
            to=Address(keccak256(bytes([user]))[:20]),
            value=Wei(1),
            data=keccak256(len(self.sent).to_bytes(4, "big")),
            y_parity=0,
            r=0,
            s=0,
        )
        recovered = sign_transaction(unsigned, USERS[user])
        self.sequencer.pool.add(recovered.raw)
        self.nonces[user] += 1
        self.sent.append(recovered.hash)
        self.raws.append(recovered.raw)

    async def settle(self, seconds: int = 90) -> None:
        """On until every sent transaction is in a safe block, then the follower derives all of it."""
        for _ in range(seconds):
            if all(self._is_safe(one) for one in self.sent):
                break
            await self.second()
        await self.follower.derive()
        missing = [one for one in self.sent if not self._is_safe(one)]
        assert not missing, f"{len(missing)} of {len(self.sent)} transactions are not safe"
        assert self.follower.engine.safe_head == self.sequencer.engine.safe_head

    def _is_safe(self, transaction_hash: Hash32) -> bool:
        place = self.sequencer.db.transaction_location(transaction_hash)
        if place is None:
            return False
        return self.sequencer.db.require_header(place[0]).number <= self.sequencer.engine.safe_head.number

    def spans(self) -> list[Span]:
        """Every span batch of the canonical L1, in order, valid or not."""
        found: list[Span] = []
        channels: dict[bytes, bytes] = {}
        for data in self._batcher_calldata():
            for frame in decode_frames(data):
                channels[frame.channel_id] = channels.get(frame.channel_id, b"") + frame.data
                if frame.is_last:
                    found += self._read(channels.pop(frame.channel_id))
        return found

    def _batcher_calldata(self) -> list[bytes]:
        head = self.chain.db.require_header(self.chain.db.flat_head()).number
        blocks = [self.chain.db.block(self.chain.db.canonical_hash(n)) for n in range(head + 1)]  # type: ignore[arg-type]
        transactions = [decode_transaction(raw) for block in blocks if block for raw in block.transactions]
        return [tx.data for tx in transactions if tx.to == self.rollup.batch_inbox]

    def _read(self, data: bytes) -> list[Span]:
        found = []
        for encoded in read_batches(data):
            batch = decode_batch(encoded, self.rollup)
            assert isinstance(batch, SpanBatch)
            first = batch.first_timestamp - self.rollup.genesis.l2_time
            found.append(Span(first, first + len(batch.transaction_counts) - 1))
        return found

    def assert_no_range_twice(self) -> None:
        numbers = [number for span in self.spans() for number in range(span.first, span.last + 1)]
        assert numbers == list(range(1, len(numbers) + 1))
