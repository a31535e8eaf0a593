"""Running a process until SIGINT or SIGTERM."""

import asyncio
import gc
import signal
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

import structlog

from node.adapters.answers import Answers
from node.adapters.chain import DatabaseChain
from node.adapters.head_reads import HeadReads
from node.adapters.history import ReaderHistory
from node.adapters.info import ProcessInfo
from node.adapters.pending import PendingView
from node.adapters.simulator import SimulatorPool, simulator_methods
from node.adapters.state import ReaderState
from node.adapters.traces import ReaderTraces
from node.config import L1Config, NodeConfig
from node.devnet_clock import chain_clock
from node.files import load_genesis
from node.metrics import Metrics
from node.readers import QUERY_SECONDS, ReaderPool
from node.readings import watch_pool, watch_store
from node.telemetry import configure_logging
from node.wiring import Node
from rollup.simulator import SimulatedL1, SimulatorConfig
from rollup.txpool import Journal
from rpc.ports import Ports
from rpc.server import RpcServer
from state.database import ChainDatabase, LevelDBStore
from state.execution.fast import FastExecutor
from state.transition import child_base_fee

log = structlog.get_logger("node")

SWITCH_SECONDS: Final = 0.0005
"""How long the event loop and the engine's thread keep the interpreter from each other. The engine gives it up at each
read of the database: at Python's own 5 ms a node under load made a fifth fewer transfers a second."""
COLLECTOR_THRESHOLDS: Final = (20_000, 10, 20)
"""Allocations before the garbage collector looks for cycles. At Python's own (700, 10, 10) that took a twentieth of a
loaded node's time, most of it in pauses that walk through every transaction of the pool."""


def run_until_signal(main: Coroutine[Any, Any, None]) -> None:
    """Run `main`; SIGINT and SIGTERM cancel it, once, and count as a clean end. Raises what `main` raises.

    A second signal changes nothing: cancelled again, `main` would leave its clean-up half done.
    """
    asyncio.run(_with_signals(main))


async def _with_signals(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if stopping:
            log.warning("node.still_stopping")
        else:
            stopping = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        log.info("node.stopped")
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first exception of a task group, which is what stopped the others."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def run_node(config: NodeConfig) -> None:
    """A sequencer or follower until a signal."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    if config.otlp_endpoint is None:
        configure_logging(config.log_level, config.log_format)
        tune_interpreter()
        run_until_signal(Node(config).run())
    else:
        _run_traced_node(config, config.otlp_endpoint)


def _run_traced_node(config: NodeConfig, endpoint: str) -> None:
    from node.tracing import Tracing  # noqa: PLC0415 - who doesn't trace doesn't load what it takes

    tracing = Tracing(endpoint, **{"service.instance.id": f"{config.role.value}:{config.rpc_port}"})
    try:
        configure_logging(config.log_level, config.log_format, tracing.traces)
        tune_interpreter()
        run_until_signal(Node(config, trace_block=tracing.traces.included).run())
    finally:
        tracing.close()


def tune_interpreter() -> None:
    """Make this process's interpreter fit for a long life with many objects and two busy threads."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # what was imported never becomes garbage
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


def run_l1(config: L1Config) -> None:
    """The simulated L1 until a signal."""
    configure_logging(config.log_level, config.log_format)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    tune_interpreter()
    run_until_signal(_serve_l1(config))


async def _serve_l1(config: L1Config) -> None:
    genesis = load_genesis(config.genesis)
    async with AsyncExitStack() as stack:
        db = ChainDatabase(LevelDBStore(config.data_dir / "chain"))
        stack.callback(db.close)
        simulator = SimulatedL1(
            db,
            FastExecutor(),
            genesis,
            clock=chain_clock(config.genesis),
            config=SimulatorConfig(
                block_time=config.block_time,
                safe_distance=min(config.safe_blocks, config.finality_blocks),
                finality_distance=config.finality_blocks,
                seed=config.seed.to_bytes(8, "big"),
            ),
            journal=Journal(config.data_dir / "txpool.journal"),
        )
        stack.callback(simulator.close)
        readers = ReaderPool(db, config.data_dir, simulator.rules, count=config.readers, cap_seconds=QUERY_SECONDS)
        await readers.start()
        stack.push_async_callback(readers.close)
        pool = SimulatorPool(simulator)
        pending = PendingView(db, pool, readers, block_time=config.block_time, arrivals=lambda: simulator.pool.arrivals)
        ports = Ports(
            chain=DatabaseChain(db, next_base_fee=lambda header: child_base_fee(header, simulator.rules)),
            state=ReaderState(pending, answers=Answers(), head=HeadReads(db)),
            history=ReaderHistory(readers),
            traces=ReaderTraces(readers),
            pool=pool,
            pending=pending,
            info=ProcessInfo(chain_id=genesis.chain_id, block_time=config.block_time),
        )
        metrics = Metrics()
        server = RpcServer(
            ports,
            access=config.access,
            rates=config.rates,
            extra=[simulator_methods(simulator)],
            observe=metrics.observe,
        )
        simulator.subscribe(lambda block_hash: server.events.publish_heads(added=[block_hash]))
        port = await server.start(config.rpc_host, config.rpc_port)
        stack.push_async_callback(server.stop)
        if config.metrics_port is not None:
            watch_pool(metrics.readings, simulator.pool)
            watch_store(metrics.readings, db.store)
            await metrics.serve(config.rpc_host, config.metrics_port)
            stack.push_async_callback(metrics.stop)
        log.info("l1.started", rpc=f"http://{config.rpc_host}:{port}", chain_id=genesis.chain_id)
        while True:
            simulator.tick()
            await asyncio.sleep(max(0.01, min(simulator.seconds_to_next_slot(), 1.0)))
