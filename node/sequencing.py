"""What a sequencer runs beside what every node runs: sequencer, batcher, proposer, and a watch of their L1 accounts."""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import structlog

from node.accounts_watch import AccountsWatch
from node.adapters.sources import BatcherSource, ProposerSource
from node.administration import AdminControl
from node.conductor import Candidate, CandidateChain, Conductor, EtcdClient, Leadership, SharedLog
from node.config import NodeConfig
from node.errors import StartupError
from node.files import load_addresses, load_key, read_text
from node.joining import Chain
from node.metrics import Readings
from node.readings import watch_accounts, watch_batcher, watch_leadership
from rollup.batcher import Batcher, BatcherConfig, BatcherMetrics, Outbox
from rollup.driver import Driver
from rollup.l1 import L1Client, L1TransactionSender, MetaJournal
from rollup.proposer import GameFactory, Proposer, ProposerConfig
from rollup.sequencer import FillLimit, Sequencer, SequencerBuilder
from rollup.txpool import TxPool
from state.database.schema import META_BATCHER, META_PROPOSER
from state.primitives.crypto import private_key_to_address
from state.transition import SealedBlock

log = structlog.get_logger("node")

L1_SILENCE_SECONDS: Final = 10.0
"""After which a candidate leaves leading to another, whose L1 may answer."""
BATCHER_ADDRESS: Final = META_BATCHER + b"address"
"""Whose key posted last: what another key was about to post is given up."""

JsonObject = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Sequencing:
    """The tasks of a node that may build blocks: always, or with a conductor while it leads."""

    config: NodeConfig
    chain: Chain
    l1: L1Client
    driver: Driver
    clock: Callable[[], float]
    engine_thread: ThreadPoolExecutor
    readings: Readings
    conductor: Conductor | None = None
    on_produced: Callable[[SealedBlock], None] = lambda _sealed: None
    """Told of each block of ours once it is the unsafe head, while this node may publish it."""
    _keys: dict[str, bytes] = field(default_factory=dict)
    _senders: dict[str, L1TransactionSender] = field(default_factory=dict)
    _posting: tuple[Batcher, Outbox] | None = None
    _running: Sequencer | None = None
    _batcher_metrics: BatcherMetrics = field(default_factory=BatcherMetrics)

    @property
    def leading(self) -> bool:
        """Whether this node may publish at this instant."""
        return self.conductor is None or self.conductor.leading

    @property
    def builds(self) -> bool:
        """Whether blocks are built here now, so that none from elsewhere are taken."""
        return self._running is not None and self._running.running and self.driver.started

    def leadership(self) -> JsonObject | None:
        """As open_leadership answers it; None without failover."""
        if self.conductor is None:
            return None
        status = self.conductor.status
        leader, committed = status.leader, status.committed
        return {
            "standing": status.standing.value,
            "term": None if status.term is None else hex(status.term),
            "leader": None if leader is None else {"name": leader.name, "nodeId": leader.node_id, "rpc": leader.rpc},
            "why": status.why,
            "committed": None
            if committed is None
            else {"number": hex(committed.number), "hash": "0x" + committed.hash.hex()},
        }

    def start(self, tasks: asyncio.TaskGroup, pool: TxPool, admin: AdminControl | None) -> None:
        """`run`, as one of the tasks."""
        tasks.create_task(self.run(pool, admin), name="sequencing")

    async def run(self, pool: TxPool, admin: AdminControl | None) -> None:
        """Until cancelled. Raises StartupError for files that lack what a part needs, before it leads."""
        self._load_keys()
        watch_leadership(self.readings, self.conductor)
        accounts = AccountsWatch(self.l1)
        if "batcher" in self._keys:
            watch_batcher(self.readings, self.chain.engine, lambda: self._posting)
        if self._keys:
            watch_accounts(self.readings, accounts, self._senders)

        async def lead() -> None:
            await self._lead(pool, admin, accounts)

        if self.conductor is None:
            await lead()
        else:
            await self.conductor.run(lead)

    def _load_keys(self) -> None:
        config = self.config
        if config.batcher and config.batcher_key:
            self._keys["batcher"] = load_key(config.batcher_key, config.keystore_password)
        else:
            reason = "no --batcher-key" if config.batcher else "--no-batcher"
            log.warning("node.batcher_off", reason=reason, effect="blocks stay unsafe unless a batcher runs elsewhere")
        if config.proposer and config.proposer_key and config.l1_addresses:
            self._keys["proposer"] = load_key(config.proposer_key, config.keystore_password)
            game_factory(self.l1, config.l1_addresses)

    async def _lead(self, pool: TxPool, admin: AdminControl | None, accounts: AccountsWatch) -> None:
        """Sequencer, batcher and proposer, made anew from what is on disk, until cancelled."""
        batcher = self._batcher() if "batcher" in self._keys else None
        sequencer = self._sequencer(pool, throttled=batcher.throttle if batcher else lambda: False)
        self._running = sequencer
        if admin is not None:
            admin.sequencer, admin.batcher = sequencer, batcher
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(sequencer.run(), name="sequencer")
                if batcher is not None:
                    tasks.create_task(batcher.run(self._pause), name="batcher")
                if "proposer" in self._keys and self.config.l1_addresses:
                    proposer = self._proposer(self.config.l1_addresses)
                    tasks.create_task(proposer.run(self._pause), name="proposer")
                for name, sender in self._senders.items():
                    accounts.add(name, sender.address)
                if self._senders:
                    tasks.create_task(accounts.run(), name="accounts")
        finally:
            self._posting = self._running = None
            self._senders.clear()
            if admin is not None:
                admin.sequencer = admin.batcher = None

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
            commit=None if self.conductor is None else self.conductor.commit,
            on_produced=self._tell,
        )

    def _tell(self, sealed: SealedBlock) -> None:
        if self.leading:
            self.on_produced(sealed)

    def _batcher(self) -> Batcher:
        config, chain = self.config, self.chain
        sender = self._sender("batcher", META_BATCHER)
        expected = chain.engine.system_config_at(chain.engine.safe_head).batcher
        if sender.address != expected:
            log.warning(
                "node.batcher_differs",
                got=sender.address.hex(),
                expected=expected.hex(),
                effect="derivation ignores what it posts",
            )
        salt = b"" if self.conductor is None else _candidate_name(config).encode()
        outbox = Outbox(chain.db, META_BATCHER + b"out/", salt=salt)
        takes_over = self.conductor is not None and self.conductor.takes_over
        if takes_over or chain.db.get_meta(BATCHER_ADDRESS) != sender.address:
            outbox.abandon_all()
            chain.db.put_meta(BATCHER_ADDRESS, sender.address)
        batcher = Batcher(
            l2=BatcherSource(chain.engine, lambda: self.driver.status),
            l1=self.l1,
            sender=sender,
            outbox=outbox,
            rollup=chain.config,
            config=BatcherConfig(max_channel_duration=config.channel_blocks, throttle_blocks=config.max_unsafe_blocks),
        )
        batcher.metrics = self._batcher_metrics
        self._posting = batcher, outbox
        return batcher

    def _proposer(self, addresses: Path) -> Proposer:
        sender = self._sender("proposer", META_PROPOSER)
        return Proposer(
            l2=ProposerSource(self.chain.engine),
            l1=self.l1,
            factory=game_factory(self.l1, addresses),
            sender=sender,
            config=ProposerConfig(interval=self.config.proposer_interval),
        )

    def _sender(self, name: str, prefix: bytes) -> L1TransactionSender:
        """A sender to L1 whose journal survives restarts, and which sends only while this node leads.

        Each key has a journal of its own: nonces of a key that was rotated out mean nothing to the next.
        """
        key = self._keys[name]
        journal = MetaJournal(self.chain.db, prefix + b"tx/" + private_key_to_address(key))
        sender = L1TransactionSender(self.l1, key, journal, clock=time.monotonic, may_send=lambda: self.leading)
        self._senders[name] = sender
        return sender


def game_factory(l1: L1Client, addresses: Path) -> GameFactory:
    """The factory of a network's dispute games. Raises StartupError for a file that lacks it."""
    factory = load_addresses(addresses).get("DisputeGameFactory")
    if factory is None:
        raise StartupError(f"L1 addresses {addresses} lack DisputeGameFactory, which output roots are claimed at")
    return GameFactory(l1, factory)


def make_conductor(
    config: NodeConfig,
    chain: Chain,
    *,
    driver: Driver,
    l1: L1Client,
    http: httpx.AsyncClient,
    engine_thread: ThreadPoolExecutor,
    node_id: str = "",
) -> Conductor | None:
    """The conductor of a sequencer candidate; None where no etcd is configured, and so one sequencer leads always.

    `node_id`: of the node towards its peers; without one it is made up for this process.
    """
    if not config.etcd:
        return None
    password = None if config.etcd_password is None else read_text(config.etcd_password, "etcd password").strip()
    client = EtcdClient(config.etcd, http, user=config.etcd_user, password=password)
    rollup = chain.config
    shared = SharedLog(client, f"/openledger/{rollup.l2_chain_id}/{rollup.genesis.l2.hash.hex()}".encode())
    candidate = Candidate(
        name=_candidate_name(config), node_id=node_id or secrets.token_hex(8), rpc=config.candidate_rpc or ""
    )
    return Conductor(
        leadership=Leadership(client, shared.leader_key, candidate, lease_seconds=config.etcd_lease),
        shared_log=shared,
        chain=CandidateChain(chain.engine, engine_thread, l1),
        ready=lambda: driver.started and (driver.l1_silence or 0.0) < max(L1_SILENCE_SECONDS, 5 * config.l1_poll),
    )


def _candidate_name(config: NodeConfig) -> str:
    return config.candidate_name or socket.gethostname()
