"""The node's part in its network: p2p's pieces, put together.

PeerNetwork (connections) ─▶ PeerService (what they say) ─▶ EngineChain, the sequencer's pool
                                  ▲
                   sequencer's blocks, signed
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import structlog

from node.adapters.info import client_version
from node.adapters.peers import EngineChain, MetaKeyValues
from node.adapters.pool import LocalPool
from node.adapters.routes import ALREADY_KNOWN
from node.config import NodeConfig
from node.errors import StartupError
from node.files import load_key
from node.joining import Chain
from node.signer_watch import NOBODY, SignerWatch
from p2p.addresses import split_address
from p2p.errors import SigningRefused
from p2p.greeting import NetworkIdentity
from p2p.identity import NodeIdentity, load_identity
from p2p.messages import VerdictCode
from p2p.network import PeerNetwork
from p2p.ports import NodeId
from p2p.service import PeerService
from p2p.settings import PeerSettings
from p2p.signer import BlockSigner
from rollup.l1 import L1Client
from rollup.types import L2BlockRef, RollupConfig
from state.blocks import Block
from state.database import BlockRecord
from state.database.schema import META_P2P, META_SEQUENCER
from state.errors import NodeError, Severity
from state.primitives.crypto import keccak256
from state.primitives.types import Address, BlockNumber, Hash32
from state.transition import SealedBlock

log = structlog.get_logger("node.p2p")

JsonObject = dict[str, Any]

AGENT: Final = 64
"""Characters of the software's name that peers are told."""


def rollup_config_hash(config: RollupConfig) -> Hash32:
    """keccak of rollup.json in one form: keys in order, no white space. What the nodes of a network have in common."""
    return keccak256(json.dumps(config.raw, sort_keys=True, separators=(",", ":")).encode())


def node_identity(config: NodeConfig) -> NodeIdentity:
    """The node's own key, made at the first start. Raises IdentityUnusable."""
    return load_identity(config.p2p_key or config.data_dir / "p2p.key")


class Peering:
    """Connections, gossip and catch-up of one node. Lives on the event loop."""

    def __init__(
        self,
        *,
        config: NodeConfig,
        chain: Chain,
        thread: ThreadPoolExecutor,
        l1: L1Client,
        clock: Callable[[], float],
        pool: LocalPool | None,
        builds: Callable[[], bool],
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """`clock` in Unix seconds, the chain's; `pool`: a sequencer's own, which takes transactions while `leads`;
        `builds`: whether this node builds blocks now, and so takes none from others.

        Raises StartupError for a key that can't be read, StorageError for a damaged record.
        """
        self._config = config
        self._chain = chain
        self._clock = clock
        store = MetaKeyValues(chain.db, META_P2P)
        fixed = config.p2p_sequencer_address
        self.watch = SignerWatch(
            l1, chain.config.l1_system_config, store, fixed=None if fixed is None else Address(bytes.fromhex(fixed[2:]))
        )
        self._signer = self._make_signer(config, chain)
        self.service = PeerService(
            chain=EngineChain(chain.engine, thread, may_insert=lambda: not builds()),
            store=store,
            chain_id=chain.config.l2_chain_id,
            sequencer=lambda: self.watch.address,
            unix_clock=clock,
            clock=time.monotonic,
            signer=self._signer,
            local=None if pool is None else _verdicts(pool),
            leads=leads,
        )
        genesis = chain.config.genesis.l2
        self.network = PeerNetwork(
            _settings(config),
            identity=node_identity(config),
            network=NetworkIdentity(
                chain_id=chain.config.l2_chain_id,
                genesis_hash=genesis.hash,
                rollup_hash=rollup_config_hash(chain.config),
            ),
            status=self.service.announcements.status,
            store=store,
            agent=client_version()[:AGENT],
            unix_clock=time.time,
        )

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Listen, dial and follow from now on. A port that is taken ends the task group with ListenRefused."""
        tasks.create_task(self.watch.run(), name="p2p signer")
        tasks.create_task(self.service.run(), name="p2p service")
        tasks.create_task(self.network.run(self.service), name="p2p network")

    def _make_signer(self, config: NodeConfig, chain: Chain) -> BlockSigner | None:
        if config.p2p_sequencer_key is None:
            return None
        return BlockSigner(
            chain_id=chain.config.l2_chain_id,
            private_key=load_key(config.p2p_sequencer_key, config.keystore_password),
            store=MetaKeyValues(chain.db, META_SEQUENCER),
            was_dropped=self._was_dropped,
        )

    def _was_dropped(self, block_hash: Hash32, number: int) -> bool:
        """Whether the block is on disk and derivation took it off the chain: nothing else ever does."""
        db = self._chain.db
        return db.header(block_hash) is not None and db.canonical_hash(BlockNumber(number)) != block_hash

    # The sequencer's side

    def publish(self, sealed: SealedBlock) -> None:
        """Sign and announce a block that is on disk. One that may not be signed is kept to this node and said so."""
        if self._signer is None:
            return
        if self.watch.address not in (NOBODY, self._signer.address):
            log.warning(
                "p2p.signer_differs",
                signer="0x" + self._signer.address.hex(),
                expected="0x" + self.watch.address.hex(),
                effect="peers ignore its blocks until SystemConfig names it",
            )
        record = sealed.record
        try:
            self.service.publish(Block(header=record.header, transactions=record.transactions), record.hash)
        except SigningRefused as error:
            log.error("p2p.not_signed", number=record.header.number, reason=str(error))

    def listener(self) -> "HeadListener":
        """Tells p2p, from the engine's thread, that the unsafe head moved. Called on the event loop."""
        return HeadListener(asyncio.get_running_loop(), self.service.on_head_changed)

    # Operators

    def describe(self) -> Sequence[JsonObject]:
        """Each peer, as admin_peers answers it."""
        return [
            {
                "id": "0x" + peer["id"],
                "address": peer["address"],
                "direction": peer["direction"],
                "agent": peer["agent"],
                "head": {"number": hex(peer["head"]), "hash": peer["head_hash"]},
                "score": peer["score"],
                "connectedSeconds": peer["connected_seconds"],
            }
            for peer in self.network.describe()
        ]

    def add_static(self, address: str) -> None:
        """Connect to `host:port` and keep connected."""
        self.network.add_static(address)

    def disconnect(self, node_id: bytes) -> bool:
        """Whether there was such a peer."""
        return self.network.disconnect(NodeId(node_id))

    # Looking

    def signed_head(self) -> int | None:
        """The highest block that the sequencer signed, while this node fetches what leads to it."""
        progress = self.service.progress
        return None if progress is None else progress.highest

    def directions(self) -> dict[str, float]:
        """Peers by who dialled."""
        outbound = sum(connection.outbound for connection in self.network.connections)
        return {"outbound": outbound, "inbound": len(self.network.connections) - outbound}

    def count(self) -> int:
        """Peers that this node is connected to."""
        return len(self.network.peers)


class HeadListener:
    """EngineListener: from the engine's thread to the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
        self._loop = loop
        self._told = told

    def on_unsafe_block(self, ref: L2BlockRef, record: BlockRecord) -> None:
        del ref, record
        self._loop.call_soon_threadsafe(self._told)

    def on_reorg(self, kept: L2BlockRef, dropped: Sequence[BlockRecord]) -> None:
        del kept, dropped
        self._loop.call_soon_threadsafe(self._told)

    def on_heads(self, unsafe: L2BlockRef, safe: L2BlockRef, finalized: L2BlockRef) -> None:
        return


def _settings(config: NodeConfig) -> PeerSettings:
    """Raises StartupError for an address that is none."""
    inbound = max(1, config.p2p_max_peers * 3 // 4)
    try:
        for address in (*config.p2p_peers, *([config.p2p_advertise] if config.p2p_advertise else [])):
            split_address(address)
    except ValueError as error:
        raise StartupError(f"peer address: {error}") from error
    return PeerSettings(
        host=config.p2p_host,
        port=config.p2p_port,
        advertise=config.p2p_advertise or "",
        static=config.p2p_peers,
        max_peers=config.p2p_max_peers,
        max_inbound=inbound,
        wanted_outbound=min(8, config.p2p_max_peers),
    )


def _verdicts(pool: LocalPool) -> Callable[[bytes], Awaitable[tuple[int, str]]]:
    """What the pool says of a peer's transaction, as a verdict; one that it has is taken."""

    async def submit(raw: bytes) -> tuple[int, str]:
        try:
            await pool.submit(raw)
        except NodeError as error:
            text = str(error)
            if text.startswith(ALREADY_KNOWN):
                return VerdictCode.TAKEN, text
            code = VerdictCode.NO_ROUTE if error.severity is Severity.TEMPORARY else VerdictCode.REFUSED
            return code, text
        return VerdictCode.TAKEN, ""

    return submit
