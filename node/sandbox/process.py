"""A sandbox, wired and served until a signal. It begins anew at each start and leaves nothing behind."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from node.adapters.answers import Answers
from node.adapters.chain import DatabaseChain
from node.adapters.economy import ReaderEconomy
from node.adapters.head_reads import HeadReads
from node.adapters.history import ReaderHistory
from node.adapters.info import ProcessInfo
from node.adapters.pending import PendingView
from node.adapters.state import ReaderState
from node.adapters.traces import ReaderTraces
from node.devnet.accounts import user_accounts
from node.metrics import Metrics
from node.readers import QUERY_SECONDS, ReaderPool
from node.readings import watch_pool
from node.sandbox.accounts import SandboxAccounts
from node.sandbox.genesis import sandbox_genesis
from node.sandbox.port import SandboxControl, SandboxPool, Subscribers, as_wished
from node.unlocked import with_dev_accounts
from rollup.sandbox import Sandbox, SandboxChain
from rpc.limits import Limits
from rpc.ports import Ports
from rpc.server import RpcServer
from state.database import ChainDatabase, LevelDBStore, WriteBatch
from state.execution.fast import FastExecutor
from state.execution.precompiles import prepare_precompiles
from state.transition import GenesisSpec

log = structlog.get_logger("node")

LIMITS: Final = Limits(call_seconds=600.0, batch_seconds=600.0)
"""A test may ask for a hundred thousand blocks in one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """What `openledger devnet --sandbox` is told."""

    directory: Path
    """Emptied at start and removed at the end."""
    host: str
    port: int
    chain_id: int
    gas_limit: int
    block_time: int | None
    """Seconds between blocks; None: each transaction gets its block at once."""
    l1_base_fee: int
    """Wei a gas that the L1 fee is computed from."""
    readers: int = 1
    metrics_port: int | None = None


class _UnsyncedStore(LevelDBStore):
    """LevelDB that waits for no disk: nothing of a sandbox is read again after a power cut."""

    def write(self, batch: WriteBatch, /, *, sync: bool) -> None:
        del sync
        super().write(batch, sync=False)


async def serve_sandbox(options: SandboxOptions, started: Callable[[int], None]) -> None:
    """Serves until cancelled; `started` is called with the port once everything answers."""
    shutil.rmtree(options.directory, ignore_errors=True)
    options.directory.mkdir(parents=True)
    genesis = sandbox_genesis(
        timestamp=int(time.time()),
        chain_id=options.chain_id,
        gas_limit=options.gas_limit,
        l1_base_fee=options.l1_base_fee,
    )
    (options.directory / "genesis.json").write_text(json.dumps(genesis), encoding="utf-8")
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, options.directory, ignore_errors=True)
        db = ChainDatabase(_UnsyncedStore(options.directory / "chain"), index_addresses=True)
        stack.callback(db.close)
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        stack.callback(thread.shutdown, wait=True)
        await asyncio.to_thread(prepare_precompiles)
        chain = SandboxChain(db, FastExecutor(), GenesisSpec.from_json(genesis))
        readers = ReaderPool(db, options.directory, chain.rules, count=options.readers, cap_seconds=QUERY_SECONDS)
        await readers.start()
        stack.push_async_callback(readers.close)
        subscribers = Subscribers()
        sandbox = Sandbox(chain, clock=time.time, thread=thread, events=subscribers)
        if options.block_time is not None:
            await sandbox.set_interval(options.block_time)
        metrics = Metrics()
        server = RpcServer(_ports(options, sandbox, readers), limits=LIMITS, observe=metrics.observe)
        subscribers.hub = server.events
        sandbox.pool.subscribe(lambda transaction: server.events.publish_pending([transaction]))
        port = await server.start(options.host, options.port)
        stack.push_async_callback(server.stop)
        if options.metrics_port is not None:
            watch_pool(metrics.readings, sandbox.pool)
            await metrics.serve(options.host, options.metrics_port)
            stack.push_async_callback(metrics.stop)
        log.info("sandbox.started", rpc=f"http://{options.host}:{port}", chain_id=options.chain_id)
        started(port)
        await sandbox.run()


def _ports(options: SandboxOptions, sandbox: Sandbox, readers: ReaderPool) -> Ports:
    accounts = SandboxAccounts(user_accounts())
    pool, db = SandboxPool(sandbox, accounts), sandbox.chain.db
    pending = PendingView(db, pool, readers, block_time=options.block_time or 1, wishes=partial(as_wished, sandbox))
    ports = Ports(
        chain=DatabaseChain(db, next_base_fee=sandbox.base_fee_after),
        state=ReaderState(pending, answers=Answers(), head=HeadReads(db)),
        pool=pool,
        pending=pending,
        info=ProcessInfo(chain_id=options.chain_id, block_time=options.block_time or 1),
        economy=ReaderEconomy(readers),
        history=ReaderHistory(readers),
        traces=ReaderTraces(readers),
        sandbox=SandboxControl(sandbox, accounts),
    )
    return with_dev_accounts(ports, accounts)
