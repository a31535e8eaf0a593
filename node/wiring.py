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
from dataclasses import dataclass, replace

import httpx
import structlog

from node.adapters.answers import Answers
from node.adapters.chain import DatabaseChain
from node.adapters.economy import ReaderEconomy
from node.adapters.head_reads import HeadReads
from node.adapters.history import ReaderHistory
from node.adapters.info import ProcessInfo
from node.adapters.network import NetworkAnswers
from node.adapters.pending import PendingView
from node.adapters.pool_feed import HeadFeed
from node.adapters.rollup import EngineRollup
from node.adapters.state import ReaderState
from node.adapters.traces import ReaderTraces
from node.administration import AdminControl, admin_secret
from node.auditing import DIRECTORY, Auditor
from node.config import NodeConfig, Pruning
from node.devnet_clock import chain_clock
from node.heartbeat import Heartbeat
from node.joining import check_l1, open_chain
from node.metrics import Metrics
from node.peer_readings import watch_peers
from node.peering import Peering, node_identity
from node.pools import OwnPool, PoolEnds, own_pool, pool_ends
from node.progress import ProgressReport
from node.provable import GAMES_SECONDS, ProvableGames
from node.readers import QUERY_SECONDS, ReaderPool
from node.readings import (
    watch_chain,
    watch_process,
    watch_readers,
    watch_store,
)
from node.recovery import SenderRecovery
from node.sequencing import Sequencing, game_factory, make_conductor
from node.unlocked import with_dev_accounts
from node.vitals import Vitals
from rollup.derivation.pipeline import DerivationPipeline
from rollup.driver import Driver
from rollup.l1 import L1Client, RetryPolicy
from rpc.namespaces import ADMIN
from rpc.ports import Ports
from rpc.server import RpcServer
from rpc.transport.bearer import BearerTokens
from state.database import BlockRecord
from state.execution.precompiles import prepare_precompiles
from state.transition import child_base_fee

log = structlog.get_logger("node")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a running node is made of, beside the chain on disk."""

    l1: L1Client
    driver: Driver
    readers: ReaderPool
    auditor: Auditor
    own: OwnPool | None
    pools: PoolEnds
    sequencing: Sequencing | None
    peering: Peering | None
    vitals: Vitals


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
            parts = await self._make(stack)
            self.port = await self._serve(stack, parts)
            log.info("node.started", role=config.role.value, rpc=f"http://{config.rpc_host}:{self.port}")
            started(self.port)
            # After JSON-RPC has started: what is on disk can be read while L1 is away.
            await check_l1(parts.l1, chain.config, url=config.l1_rpc, rollup=config.rollup)
            async with asyncio.TaskGroup() as tasks:
                self._start(tasks, parts)

    async def _make(self, stack: AsyncExitStack) -> "Parts":
        """Everything that the node is made of; nothing answers or polls yet but reader processes."""
        config, chain = self._config, self._chain
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=httpx.Timeout(10.0)))
        l1 = L1Client(config.l1_rpc, http, retry=RetryPolicy(jitter=random.random))
        await asyncio.to_thread(prepare_precompiles)
        readers = self._readers()
        await readers.start()
        stack.push_async_callback(readers.close)
        recovery = SenderRecovery()
        stack.push_async_callback(recovery.close)
        driver = self._driver(l1)
        own = own_pool(config, chain, recovery)
        sequencing = None if own is None else self._sequencing(l1, driver, http)
        peering = None if config.p2p_port is None else self._peering(l1, own, sequencing)
        if sequencing is not None and peering is not None:
            sequencing.on_produced = peering.publish
        conductor = None if sequencing is None else sequencing.conductor
        pools = pool_ends(
            config,
            chain.db,
            own,
            http,
            peering=peering,
            leads=None if conductor is None else lambda: conductor.leading,
            readings=self._metrics.readings,
        )
        return Parts(
            l1=l1,
            driver=driver,
            readers=readers,
            auditor=self._auditor(readers),
            own=own,
            pools=pools,
            sequencing=sequencing,
            peering=peering,
            vitals=Vitals(
                config=config,
                chain=chain,
                driver=driver,
                readers=readers,
                heartbeat=self._heartbeat,
                clock=self._clock,
                starting_block=chain.engine.unsafe_head.number,
                peers=peering.count if peering else lambda: 0,
                signed_head=peering.signed_head if peering else lambda: None,
            ),
        )

    async def _serve(self, stack: AsyncExitStack, parts: "Parts") -> int:
        """The port of JSON-RPC, which listens then, as do metrics and admin_*."""
        config, chain, info = self._config, self._chain, parts.vitals.info()
        ports = self._ports(parts, info)
        server = RpcServer(
            ports,
            access=config.access,
            rates=config.rates,
            observe=self._metrics.observe,
            is_traced=self._trace_block is not None,
        )
        feed = self._feed(server, parts)
        chain.engine.add_listener(feed)
        if parts.peering is not None:
            chain.engine.add_listener(parts.peering.listener())
        if parts.own is not None:
            parts.own.pool.subscribe(lambda transaction: server.events.publish_pending([transaction]))
            stack.callback(parts.own.pool.close)
            log.info("txpool.loaded", transactions=parts.own.pool.load_journal())
        port = await server.start(config.rpc_host, config.rpc_port)
        stack.push_async_callback(server.stop)
        if config.metrics_port is not None:
            self._watch(parts, feed, info)
            await self._metrics.serve(config.rpc_host, config.metrics_port)
            stack.push_async_callback(self._metrics.stop)
        if config.admin_port is not None:
            stack.push_async_callback((await self._serve_admin(ports, config.admin_port, parts)).stop)
        return port

    def _start(self, tasks: asyncio.TaskGroup, parts: "Parts") -> None:
        """What goes on by itself from now on."""
        tasks.create_task(parts.driver.run(), name="driver")
        tasks.create_task(parts.auditor.run(), name="auditor")
        tasks.create_task(self._heartbeat.run(), name="heartbeat")
        report = ProgressReport(syncing=parts.vitals.syncing, status=lambda: parts.driver.status, clock=time.monotonic)
        tasks.create_task(report.run(), name="progress")
        if parts.peering is not None:
            parts.peering.start(tasks)
        parts.pools.start(tasks)
        if self._config.pruning is Pruning.FULL and self._config.l1_addresses is not None:
            games = ProvableGames(game_factory(parts.l1, self._config.l1_addresses), self._chain.provable)
            tasks.create_task(games.run(lambda: asyncio.sleep(GAMES_SECONDS)), name="provable games")
        if parts.own is not None and parts.sequencing is not None:
            parts.sequencing.start(tasks, parts.own.pool, self._admin)

    def _ports(self, parts: "Parts", info: ProcessInfo) -> Ports:
        chain, own, readers, peering = self._chain, parts.own, parts.readers, parts.peering
        pool = parts.pools.port
        pending = PendingView(
            chain.db,
            pool,
            readers,
            block_time=chain.config.block_time,
            arrivals=None if own is None else lambda: own.pool.arrivals,
        )
        ports = Ports(
            chain=DatabaseChain(chain.db, next_base_fee=lambda header: child_base_fee(header, chain.rules)),
            state=ReaderState(pending, answers=Answers(), head=HeadReads(chain.db)),
            pool=pool,
            pending=pending,
            info=info,
            rollup=EngineRollup(engine=chain.engine, status=lambda: parts.driver.status),
            network=NetworkAnswers(
                chain.engine,
                lambda: peering.service.equivocations if peering else (),
                parts.sequencing.leadership if parts.sequencing else lambda: None,
            ),
            economy=ReaderEconomy(readers),
            history=ReaderHistory(readers),
            traces=ReaderTraces(readers),
            prepare_transactions=None if own is None else own.port.prepare,
        )
        return with_dev_accounts(ports) if self._config.dev_accounts else ports

    def _watch(self, parts: "Parts", feed: HeadFeed, info: ProcessInfo) -> None:
        """What /metrics tells of every node."""
        readings, chain = self._metrics.readings, self._chain
        watch_chain(readings, chain.engine, parts.driver, feed, parts.auditor, self._clock)
        watch_process(readings, self._heartbeat, info)
        watch_readers(readings, parts.readers)
        watch_store(readings, chain.db.store)
        if parts.peering is not None:
            watch_peers(readings, parts.peering)

    def _sequencing(self, l1: L1Client, driver: Driver, http: httpx.AsyncClient) -> Sequencing:
        config = self._config
        conductor = make_conductor(
            config,
            self._chain,
            driver=driver,
            l1=l1,
            http=http,
            engine_thread=self._thread,
            node_id="" if config.p2p_port is None else node_identity(config).node_id.hex(),
        )
        return Sequencing(
            config=config,
            chain=self._chain,
            l1=l1,
            driver=driver,
            conductor=conductor,
            clock=self._clock,
            engine_thread=self._thread,
            readings=self._metrics.readings,
        )

    async def _serve_admin(self, ports: Ports, port: int, parts: "Parts") -> RpcServer:
        """The server of `admin_*`, which listens."""
        config = self._config
        tokens = BearerTokens(admin_secret(config.admin_secret or config.data_dir / "admin.jwt"), time.time)
        self._admin = AdminControl(
            role=config.role,
            client_version=ports.info.client_version,
            engine=self._chain.engine,
            rpc_port=lambda: self.port,
            network=parts.peering,
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

    def _peering(self, l1: L1Client, own: OwnPool | None, sequencing: Sequencing | None) -> Peering:
        return Peering(
            config=self._config,
            chain=self._chain,
            thread=self._thread,
            l1=l1,
            clock=self._clock,
            pool=None if own is None else own.port,
            builds=lambda: sequencing is not None and sequencing.builds,
            leads=lambda: sequencing is None or sequencing.leading,
        )

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

    def _feed(self, server: RpcServer, parts: "Parts") -> HeadFeed:
        loop, auditor = asyncio.get_running_loop(), parts.auditor

        def on_sealed(record: BlockRecord) -> None:
            loop.call_soon_threadsafe(auditor.offer, record.hash)
            if self._trace_block is not None:
                self._trace_block(record.header.number, record.transaction_hashes)

        return HeadFeed(
            loop=loop, events=server.events, pool=parts.pools.observer, on_sealed=on_sealed, clock=self._clock
        )
