"""Every part of a node, put together. Read this first.

    L1Client ─────▶ Driver ─▶ Engine ◀─ Sequencer ◀─ TxPool ◀─ rpc
        ▲             │          │
        └── Batcher ◀─┴── Proposer

The engine runs on one worker thread of its own; everything else is a task on the event loop. Rooms meet here and
nowhere else: through Protocols that each declares, adapted in `node/adapters`.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import structlog

from node.accounts_watch import AccountsWatch
from node.adapters.answers import Answers
from node.adapters.chain import DatabaseChain
from node.adapters.economy import ReaderEconomy
from node.adapters.forwarding import ForwardingPool
from node.adapters.head import DatabaseHead
from node.adapters.head_reads import HeadReads
from node.adapters.history import ReaderHistory
from node.adapters.info import ProcessInfo
from node.adapters.pending import PendingView
from node.adapters.pool import LocalPool
from node.adapters.pool_feed import HeadFeed, HeadObserver
from node.adapters.rollup import EngineRollup
from node.adapters.sources import BatcherSource, ProposerSource
from node.adapters.state import ReaderState
from node.adapters.traces import ReaderTraces
from node.administration import AdminControl, admin_secret
from node.auditing import DIRECTORY, Auditor
from node.config import NodeConfig, Role
from node.devnet_clock import chain_clock
from node.errors import StartupError
from node.files import load_addresses, load_key
from node.heartbeat import Heartbeat
from node.joining import check_l1, open_chain
from node.metrics import Metrics
from node.readers import QUERY_SECONDS, ReaderPool
from node.readiness import L1_SILENCE_SECONDS, ReadinessBounds, VitalSigns, not_ready, reader_signs, unhealthy
from node.readings import (
    watch_accounts,
    watch_batcher,
    watch_chain,
    watch_pool,
    watch_process,
    watch_readers,
    watch_store,
)
from node.recovery import SenderRecovery
from node.unlocked import with_dev_accounts
from rollup.batcher import Batcher, BatcherConfig, Outbox
from rollup.derivation.pipeline import DerivationPipeline
from rollup.driver import Driver
from rollup.l1 import L1Client, L1TransactionSender, MetaJournal, RetryPolicy
from rollup.proposer import GameFactory, Proposer, ProposerConfig
from rollup.sequencer import FillLimit, Sequencer, SequencerBuilder
from rollup.txpool import Journal, PoolLimits, TxPool
from rpc.namespaces import ADMIN
from rpc.ports import PoolPort, Ports, SyncProgress
from rpc.server import RpcServer
from rpc.transport.bearer import BearerTokens
from state.database import BlockRecord
from state.database.schema import META_BATCHER, META_PROPOSER
from state.execution.precompiles import prepare_precompiles
from state.primitives.types import BlockNumber
from state.transition import child_base_fee

log = structlog.get_logger("node")


class Node:
    """A sequencer or a follower. `run` returns when it is cancelled, with everything on disk and closed."""

    def __init__(
        self, config: NodeConfig, *, trace_block: Callable[[int, Sequence[bytes]], None] | None = None
    ) -> None:
        """`trace_block` hears each block's number and transaction hashes, on the engine's thread."""
        self._config = config
        self._trace_block = trace_block
        self._chain = open_chain(config)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._clock: Callable[[], float] = chain_clock(config.rollup)
        self._metrics = Metrics()
        self._heartbeat = Heartbeat(self._thread)
        self._senders: dict[str, L1TransactionSender] = {}
        self._admin: AdminControl | None = None
        self.port: int | None = None
        """The JSON-RPC port, once it listens."""
        self.admin_port: int | None = None
        """The port of admin_*, once it listens; None while that is off."""

    async def run(self, started: Callable[[int], None] = lambda _port: None) -> None:
        """Serve until cancelled; `started` is called with the port. A bug in any part stops all of them."""
        config, chain = self._config, self._chain
        async with AsyncExitStack() as stack:
            stack.callback(chain.db.close)
            stack.callback(self._thread.shutdown, wait=True)
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=httpx.Timeout(10.0)))
            l1 = L1Client(config.l1_rpc, http, retry=RetryPolicy(jitter=random.random))
            await asyncio.to_thread(prepare_precompiles)
            driver = self._driver(l1)
            pool = self._pool() if config.role is Role.SEQUENCER else None
            readers = self._readers()
            await readers.start()
            stack.push_async_callback(readers.close)
            auditor = self._auditor(readers)
            recovery = SenderRecovery()
            stack.push_async_callback(recovery.close)
            pool_port, observer = self._pool_ends(pool, http, recovery)
            info = self._info(driver, readers)
            pending = PendingView(
                chain.db,
                pool_port,
                readers,
                block_time=chain.config.block_time,
                arrivals=None if pool is None else lambda: pool.arrivals,
            )
            ports = Ports(
                chain=DatabaseChain(chain.db, next_base_fee=lambda header: child_base_fee(header, chain.rules)),
                state=ReaderState(pending, answers=Answers(), head=HeadReads(chain.db)),
                pool=pool_port,
                pending=pending,
                info=info,
                rollup=EngineRollup(engine=chain.engine, status=lambda: driver.status),
                economy=ReaderEconomy(readers),
                history=ReaderHistory(readers),
                traces=ReaderTraces(readers),
                prepare_transactions=pool_port.prepare if isinstance(pool_port, LocalPool) else None,
            )
            if config.dev_accounts:
                ports = with_dev_accounts(ports)
            server = RpcServer(
                ports,
                access=config.access,
                rates=config.rates,
                observe=self._metrics.observe,
                is_traced=self._trace_block is not None,
            )
            feed = self._feed(server, observer, auditor)
            chain.engine.add_listener(feed)
            if pool is not None:
                pool.subscribe(lambda transaction: server.events.publish_pending([transaction]))
                stack.callback(pool.close)
                log.info("txpool.loaded", transactions=pool.load_journal())
            self.port = await server.start(config.rpc_host, config.rpc_port)
            stack.push_async_callback(server.stop)
            if config.metrics_port is not None:
                readings = self._metrics.readings
                watch_chain(readings, chain.engine, driver, feed, auditor, self._clock)
                watch_process(readings, self._heartbeat, info)
                watch_readers(readings, readers)
                watch_store(readings, chain.db.store)
                await self._metrics.serve(config.rpc_host, config.metrics_port)
                stack.push_async_callback(self._metrics.stop)
            if config.admin_port is not None:
                stack.push_async_callback((await self._serve_admin(ports, config.admin_port)).stop)
            log.info("node.started", role=config.role.value, rpc=f"http://{config.rpc_host}:{self.port}")
            started(self.port)
            # After JSON-RPC has started: what is on disk can be read while L1 is away.
            await check_l1(l1, chain.config, url=config.l1_rpc, rollup=config.rollup)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(driver.run(), name="driver")
                tasks.create_task(auditor.run(), name="auditor")
                tasks.create_task(self._heartbeat.run(), name="heartbeat")
                if pool is not None:
                    self._start_sequencer(tasks, pool, l1, driver)

    async def _serve_admin(self, ports: Ports, port: int) -> RpcServer:
        """The server of `admin_*`, which listens."""
        config = self._config
        tokens = BearerTokens(admin_secret(config.admin_secret or config.data_dir / "admin.jwt"), time.time)
        self._admin = AdminControl(
            role=config.role,
            client_version=ports.info.client_version,
            engine=self._chain.engine,
            rpc_port=lambda: self.port,
        )
        server = RpcServer(replace(ports, admin=self._admin), access=config.access, only=[ADMIN], tokens=tokens)
        self.admin_port = await server.start(config.admin_host, port)
        log.info("node.admin_started", rpc=f"http://{config.admin_host}:{self.admin_port}")
        return server

    def _driver(self, l1: L1Client) -> Driver:
        engine = self._chain.engine
        return Driver(
            engine=engine,
            l1=l1,
            pipeline=DerivationPipeline(self._chain.config, engine.ref_by_number),
            sleep=asyncio.sleep,
            engine_thread=self._thread,
            poll_seconds=self._config.l1_poll,
        )

    def _pool(self) -> TxPool:
        config, chain = self._config, self._chain
        return TxPool(
            rules=chain.rules,
            state=DatabaseHead(chain.db, is_optimism=True),
            clock=time.monotonic,
            limits=PoolLimits(global_slots=config.pool_slots, global_queue=config.pool_queue),
            journal=Journal(config.data_dir / "txpool.journal"),
        )

    def _pool_ends(
        self, pool: TxPool | None, http: httpx.AsyncClient, recovery: SenderRecovery
    ) -> tuple[PoolPort, HeadObserver]:
        """Where JSON-RPC submits to, and who hears of new heads."""
        if pool is not None:
            watch_pool(self._metrics.readings, pool)
            return LocalPool(pool, recovery=recovery), pool
        head = DatabaseHead(self._chain.db, is_optimism=True)
        forwarding = ForwardingPool(self._config.sequencer_rpc, http, state=head, clock=time.monotonic)
        self._metrics.readings.gauge(
            "openledger_forwarded_transactions", "Forwarded and not in a block yet", lambda: len(forwarding)
        )
        return forwarding, forwarding

    def _readers(self) -> ReaderPool:
        config, chain = self._config, self._chain
        return ReaderPool(
            chain.db,
            config.data_dir,
            chain.rules,
            count=config.readers,
            cap_seconds=QUERY_SECONDS,
            auditor=config.audit_share > 0,
        )

    def _auditor(self, readers: ReaderPool) -> Auditor:
        config = self._config
        return Auditor(readers, config.data_dir / DIRECTORY, share=config.audit_share, draw=random.random)

    def _feed(self, server: RpcServer, observer: HeadObserver, auditor: Auditor) -> HeadFeed:
        loop = asyncio.get_running_loop()

        def on_sealed(record: BlockRecord) -> None:
            loop.call_soon_threadsafe(auditor.offer, record.hash)
            if self._trace_block is not None:
                self._trace_block(record.header.number, record.transaction_hashes)

        return HeadFeed(loop=loop, events=server.events, pool=observer, on_sealed=on_sealed, clock=self._clock)

    def _info(self, driver: Driver, readers: ReaderPool) -> ProcessInfo:
        chain, config = self._chain, self._config
        bounds = ReadinessBounds(head_age=config.head_age_bound, l1_silence=max(L1_SILENCE_SECONDS, 5 * config.l1_poll))

        def behind() -> int:
            return int(self._clock()) - chain.engine.unsafe_head.timestamp

        def syncing() -> SyncProgress | None:
            if behind() < bounds.head_age:
                return None
            current = BlockNumber(chain.engine.unsafe_head.number)
            ahead = behind() // chain.config.block_time
            return SyncProgress(
                starting_block=BlockNumber(0), current_block=current, highest_block=BlockNumber(current + ahead)
            )

        def signs() -> VitalSigns:
            status, now = driver.status, time.monotonic()
            lag = status.head_l1.number - status.current_l1.number if status.head_l1 and status.current_l1 else 0
            return VitalSigns(
                head_age=behind(),
                l1_silence=driver.l1_silence,
                l1_lag=lag,
                is_derived=driver.started,
                readers=tuple(reader_signs(reader, now) for reader in readers.serving),
            )

        return ProcessInfo(
            chain_id=chain.config.l2_chain_id,
            block_time=chain.config.block_time,
            syncing=syncing,
            not_ready=lambda: not_ready(signs(), bounds),
            unhealthy=lambda: unhealthy(
                engine_silence=self._heartbeat.engine_silence,
                loop_lag=self._heartbeat.loop_lag,
                evidence=config.data_dir / "divergence",
            ),
        )

    # The sequencer's own tasks

    def _start_sequencer(self, tasks: asyncio.TaskGroup, pool: TxPool, l1: L1Client, driver: Driver) -> None:
        config, engine = self._config, self._chain.engine
        batcher = self._batcher(l1, driver, config.batcher_key) if config.batcher and config.batcher_key else None
        if batcher is None:
            reason = "no --batcher-key" if config.batcher else "--no-batcher"
            log.warning("node.batcher_off", reason=reason, effect="blocks stay unsafe unless a batcher runs elsewhere")
        sequencer = Sequencer(
            engine=engine,
            pool=pool,
            l1=l1,
            builder=SequencerBuilder(
                engine=engine, fill=FillLimit(block_time=self._chain.config.block_time), clock=self._clock
            ),
            clock=self._clock,
            sleep=asyncio.sleep,
            engine_thread=self._thread,
            l1_confirmations=config.l1_confirmations,
            throttled=batcher.throttle if batcher else lambda: False,
            ready=lambda: driver.started,
            running=not config.sequencer_stopped,
        )
        tasks.create_task(sequencer.run(), name="sequencer")
        if self._admin is not None:
            self._admin.sequencer, self._admin.batcher = sequencer, batcher
        wait = self._pause
        if batcher is not None:
            tasks.create_task(batcher.run(wait), name="batcher")
        if config.proposer and config.proposer_key and config.l1_addresses:
            proposer = self._proposer(l1, config.proposer_key, config.l1_addresses)
            tasks.create_task(proposer.run(wait), name="proposer")
        if self._senders:
            accounts = AccountsWatch(l1)
            watch_accounts(self._metrics.readings, accounts, self._senders)
            tasks.create_task(accounts.run(), name="accounts")

    async def _pause(self) -> None:
        await asyncio.sleep(self._config.l1_poll)

    def _batcher(self, l1: L1Client, driver: Driver, key_file: Path) -> Batcher:
        config, chain = self._config, self._chain
        sender = L1TransactionSender(
            l1, load_key(key_file), MetaJournal(chain.db, META_BATCHER + b"tx/"), clock=time.monotonic
        )
        self._senders["batcher"] = sender
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
            l2=BatcherSource(chain.engine, lambda: driver.status),
            l1=l1,
            sender=sender,
            outbox=outbox,
            rollup=chain.config,
            config=BatcherConfig(max_channel_duration=config.channel_blocks, throttle_blocks=config.max_unsafe_blocks),
        )
        watch_batcher(self._metrics.readings, chain.engine, batcher, outbox)
        return batcher

    def _proposer(self, l1: L1Client, key: Path, addresses: Path) -> Proposer:
        chain = self._chain
        sender = L1TransactionSender(
            l1, load_key(key), MetaJournal(chain.db, META_PROPOSER + b"tx/"), clock=time.monotonic
        )
        self._senders["proposer"] = sender
        factory = load_addresses(addresses).get("DisputeGameFactory")
        if factory is None:
            raise StartupError(f"L1 addresses {addresses} lack DisputeGameFactory, which the proposer needs")
        return Proposer(
            l2=ProposerSource(chain.engine),
            l1=l1,
            factory=GameFactory(l1, factory),
            sender=sender,
            config=ProposerConfig(interval=self._config.proposer_interval),
        )
