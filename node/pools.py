"""Where a node's JSON-RPC submits transactions, and who hears of new heads: by its role.

follower    ForwardingPool ─▶ the sequencer, by its JSON-RPC or by peers
sequencer   LocalPool ─▶ TxPool
candidate   CandidatePool: its own while it leads, else the leader's by peers
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from node.adapters.candidate_pool import CandidatePool
from node.adapters.forwarding import ForwardingPool
from node.adapters.head import DatabaseHead
from node.adapters.pool import LocalPool
from node.adapters.pool_feed import HeadObserver
from node.adapters.routes import FirstOf, PeerRoute, Route, RpcRoute
from node.config import NodeConfig, Role
from node.joining import Chain
from node.metrics import Readings
from node.peering import Peering
from node.readings import watch_pool
from node.recovery import SenderRecovery
from rollup.txpool import Journal, PoolLimits, TxPool
from rpc.ports import PoolPort
from state.database import ChainDatabase


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPool:
    """The pool of a node that may build blocks."""

    pool: TxPool
    port: LocalPool


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolEnds:
    """Both ends of whatever pool a node has."""

    port: PoolPort
    observer: HeadObserver
    forwarding: ForwardingPool | None = None
    candidate: CandidatePool | None = None

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """What goes on by itself: submitting again, handing over."""
        if self.forwarding is not None:
            tasks.create_task(self.forwarding.run(), name="forwarding")
        if self.candidate is not None:
            tasks.create_task(self.candidate.run(), name="candidate pool")


def own_pool(config: NodeConfig, chain: Chain, recovery: SenderRecovery) -> OwnPool | None:
    """None for a follower."""
    if config.role is not Role.SEQUENCER:
        return None
    pool = TxPool(
        rules=chain.rules,
        state=DatabaseHead(chain.db, is_optimism=True),
        clock=time.monotonic,
        limits=PoolLimits(global_slots=config.pool_slots, global_queue=config.pool_queue),
        journal=Journal(config.data_dir / "txpool.journal"),
    )
    return OwnPool(pool=pool, port=LocalPool(pool, recovery=recovery))


def pool_ends(
    config: NodeConfig,
    db: ChainDatabase,
    own: OwnPool | None,
    http: httpx.AsyncClient,
    *,
    peering: Peering | None,
    leads: Callable[[], bool] | None,
    readings: Readings,
) -> PoolEnds:
    """`leads`: whether this candidate leads now; None where there is no failover."""
    if own is not None:
        watch_pool(readings, own.pool)
        if leads is None:
            return PoolEnds(port=own.port, observer=own.pool)
    head = DatabaseHead(db, is_optimism=True)
    forwarding = ForwardingPool(_route(config, http, peering), state=head, clock=time.monotonic)
    readings.gauge("openledger_forwarded_transactions", "Forwarded and not in a block yet", lambda: len(forwarding))
    if own is None or leads is None:
        return PoolEnds(port=forwarding, observer=forwarding, forwarding=forwarding)
    candidate = CandidatePool(own=own.port, pool=own.pool, forwarding=forwarding, leads=leads)
    return PoolEnds(port=candidate, observer=candidate, forwarding=forwarding, candidate=candidate)


def _route(config: NodeConfig, http: httpx.AsyncClient, peering: Peering | None) -> Route | None:
    """How transactions reach the sequencer: its JSON-RPC where that is known, and peers."""
    routes: list[Route] = []
    if config.sequencer_rpc is not None:
        routes.append(RpcRoute(config.sequencer_rpc, http))
    if peering is not None:
        routes.append(PeerRoute(peering.service.submit))
    return FirstOf(*routes) if routes else None
