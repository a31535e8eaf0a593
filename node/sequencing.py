"""What a sequencer runs beside what every node runs: sequencer, batcher, proposer, and a watch of their L1 accounts."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from node.accounts_watch import AccountsWatch
from node.adapters.sources import BatcherSource, ProposerSource
from node.administration import AdminControl
from node.config import NodeConfig
from node.errors import StartupError
from node.files import load_addresses, load_key
from node.joining import Chain
from node.metrics import Readings
from node.readings import watch_accounts, watch_batcher
from rollup.batcher import Batcher, BatcherConfig, Outbox
from rollup.driver import Driver
from rollup.l1 import L1Client, L1TransactionSender, MetaJournal
from rollup.proposer import GameFactory, Proposer, ProposerConfig
from rollup.sequencer import FillLimit, Sequencer, SequencerBuilder
from rollup.txpool import TxPool
from state.database.schema import META_BATCHER, META_PROPOSER

log = structlog.get_logger("node")


@dataclass(slots=True, kw_only=True)
class Sequencing:
    """The tasks of a node that may build blocks."""

    config: NodeConfig
    chain: Chain
    l1: L1Client
    driver: Driver
    clock: Callable[[], float]
    engine_thread: ThreadPoolExecutor
    readings: Readings
    _senders: dict[str, L1TransactionSender] = field(default_factory=dict)

    def start(self, tasks: asyncio.TaskGroup, pool: TxPool, admin: AdminControl | None) -> None:
        """Raises StartupError for files that lack what a part needs."""
        config = self.config
        batcher = self._batcher(config.batcher_key) if config.batcher and config.batcher_key else None
        if batcher is None:
            reason = "no --batcher-key" if config.batcher else "--no-batcher"
            log.warning("node.batcher_off", reason=reason, effect="blocks stay unsafe unless a batcher runs elsewhere")
        sequencer = self._sequencer(pool, throttled=batcher.throttle if batcher else lambda: False)
        tasks.create_task(sequencer.run(), name="sequencer")
        if admin is not None:
            admin.sequencer, admin.batcher = sequencer, batcher
        if batcher is not None:
            tasks.create_task(batcher.run(self._pause), name="batcher")
        if config.proposer and config.proposer_key and config.l1_addresses:
            proposer = self._proposer(config.proposer_key, config.l1_addresses)
            tasks.create_task(proposer.run(self._pause), name="proposer")
        if self._senders:
            accounts = AccountsWatch(self.l1)
            watch_accounts(self.readings, accounts, self._senders)
            tasks.create_task(accounts.run(), name="accounts")

    async def _pause(self) -> None:
        await asyncio.sleep(self.config.l1_poll)

    def _sequencer(self, pool: TxPool, *, throttled: Callable[[], bool]) -> Sequencer:
        engine = self.chain.engine
        return Sequencer(
            engine=engine,
            pool=pool,
            l1=self.l1,
            builder=SequencerBuilder(
                engine=engine, fill=FillLimit(block_time=self.chain.config.block_time), clock=self.clock
            ),
            clock=self.clock,
            sleep=asyncio.sleep,
            engine_thread=self.engine_thread,
            l1_confirmations=self.config.l1_confirmations,
            throttled=throttled,
            ready=lambda: self.driver.started,
            running=not self.config.sequencer_stopped,
        )

    def _batcher(self, key_file: Path) -> Batcher:
        config, chain = self.config, self.chain
        sender = self._sender("batcher", key_file, META_BATCHER)
        expected = chain.engine.system_config_at(chain.engine.safe_head).batcher
        if sender.address != expected:
            log.warning(
                "node.batcher_differs",
                got=sender.address.hex(),
                expected=expected.hex(),
                effect="derivation ignores what it posts",
            )
        outbox = Outbox(chain.db, META_BATCHER + b"out/")
        batcher = Batcher(
            l2=BatcherSource(chain.engine, lambda: self.driver.status),
            l1=self.l1,
            sender=sender,
            outbox=outbox,
            rollup=chain.config,
            config=BatcherConfig(max_channel_duration=config.channel_blocks, throttle_blocks=config.max_unsafe_blocks),
        )
        watch_batcher(self.readings, chain.engine, batcher, outbox)
        return batcher

    def _proposer(self, key_file: Path, addresses: Path) -> Proposer:
        sender = self._sender("proposer", key_file, META_PROPOSER)
        factory = load_addresses(addresses).get("DisputeGameFactory")
        if factory is None:
            raise StartupError(f"L1 addresses {addresses} lack DisputeGameFactory, which the proposer needs")
        return Proposer(
            l2=ProposerSource(self.chain.engine),
            l1=self.l1,
            factory=GameFactory(self.l1, factory),
            sender=sender,
            config=ProposerConfig(interval=self.config.proposer_interval),
        )

    def _sender(self, name: str, key_file: Path, prefix: bytes) -> L1TransactionSender:
        """A sender to L1 whose journal survives restarts; its account is watched."""
        journal = MetaJournal(self.chain.db, prefix + b"tx/")
        sender = L1TransactionSender(self.l1, load_key(key_file), journal, clock=time.monotonic)
        self._senders[name] = sender
        return sender
