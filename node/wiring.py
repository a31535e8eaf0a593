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

import httpx
import structlog

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
from node.adapters.routes import RpcRoute
from node.adapters.state import ReaderState
from node.adapters.traces import ReaderTraces
from node.administration import AdminControl, admin_secret
from node.auditing import DIRECTORY, Auditor
from node.config import NodeConfig, Role
from node.devnet_clock import chain_clock
from node.heartbeat import Heartbeat
from node.joining import check_l1, open_chain
from node.metrics import Metrics
from node.progress import ProgressReport
from node.readers import QUERY_SECONDS, ReaderPool
from node.readings import (
    watch_chain,
    watch_pool,
    watch_process,
    watch_readers,
    watch_store,
)
from node.recovery import SenderRecovery
from node.sequencing import Sequencing
from node.unlocked import with_dev_accounts
from node.vitals import Vitals
from rollup.derivation.pipeline import DerivationPipeline
from rollup.driver import Driver
from rollup.l1 import L1Client, RetryPolicy
from rollup.txpool import Journal, PoolLimits, TxPool
from rpc.namespaces import ADMIN
from rpc.ports import PoolPort, Ports
from rpc.server import RpcServer
from rpc.transport.bearer import BearerTokens
from state.database import BlockRecord
from state.execution.precompiles import prepare_precompiles
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
            vitals = Vitals(
                config=config,
                chain=chain,
                driver=driver,
                readers=readers,
                heartbeat=self._heartbeat,
                clock=self._clock,
                starting_block=chain.engine.unsafe_head.number,
            )
            info = vitals.info()
            pending = PendingView(
                chain.db,
                pool_port,
                readers,
                block_time=chain.config.block_time,
                arrivals=None if pool is None else lambda: pool.arrivals,
            )
            ports = self._ports(pool_port, pending, info, driver, readers)
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
                self._watch(driver, feed, auditor, info, readers)
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
                report = ProgressReport(syncing=vitals.syncing, status=lambda: driver.status, clock=time.monotonic)
                tasks.create_task(report.run(), name="progress")
                if pool is not None:
                    self._sequencing(l1, driver).start(tasks, pool, self._admin)

    def _ports(
        self, pool: PoolPort, pending: PendingView, info: ProcessInfo, driver: Driver, readers: ReaderPool
    ) -> Ports:
        chain = self._chain
        return Ports(
            chain=DatabaseChain(chain.db, next_base_fee=lambda header: child_base_fee(header, chain.rules)),
            state=ReaderState(pending, answers=Answers(), head=HeadReads(chain.db)),
            pool=pool,
            pending=pending,
            info=info,
            rollup=EngineRollup(engine=chain.engine, status=lambda: driver.status),
            economy=ReaderEconomy(readers),
            history=ReaderHistory(readers),
            traces=ReaderTraces(readers),
            prepare_transactions=pool.prepare if isinstance(pool, LocalPool) else None,
        )

    def _watch(self, driver: Driver, feed: HeadFeed, auditor: Auditor, info: ProcessInfo, readers: ReaderPool) -> None:
        """What /metrics tells of every node."""
        readings, chain = self._metrics.readings, self._chain
        watch_chain(readings, chain.engine, driver, feed, auditor, self._clock)
        watch_process(readings, self._heartbeat, info)
        watch_readers(readings, readers)
        watch_store(readings, chain.db.store)

    def _sequencing(self, l1: L1Client, driver: Driver) -> Sequencing:
        return Sequencing(
            config=self._config,
            chain=self._chain,
            l1=l1,
            driver=driver,
            clock=self._clock,
            engine_thread=self._thread,
            readings=self._metrics.readings,
        )

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
        url = self._config.sequencer_rpc
        route = None if url is None else RpcRoute(url, http)
        forwarding = ForwardingPool(route, state=head, clock=time.monotonic)
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
