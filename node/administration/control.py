"""AdminPort: the parts of this process, started and stopped in place."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from node.config import Role
from node.errors import PartMissing
from node.telemetry import set_log_level
from rollup.batcher import Batcher
from rollup.engine import Engine
from rollup.sequencer import Sequencer
from state.primitives.types import Hash32

JsonObject = dict[str, Any]


class PeerControl(Protocol):
    """What is asked of p2p's network here."""

    def describe(self) -> Sequence[JsonObject]: ...

    def add_static(self, address: str) -> None: ...

    def disconnect(self, node_id: bytes) -> bool: ...


class AdminControl:
    """Knows the sequencer and the batcher once the node has started them; a follower has neither."""

    def __init__(
        self,
        *,
        role: Role,
        client_version: str,
        engine: Engine,
        rpc_port: Callable[[], int | None],
        network: PeerControl | None = None,
    ) -> None:
        self._role = role
        self._client_version = client_version
        self._engine = engine
        self._rpc_port = rpc_port
        self.sequencer: Sequencer | None = None
        self.batcher: Batcher | None = None
        self.network = network

    def _sequencer(self) -> Sequencer:
        if self.sequencer is None:
            raise PartMissing(f"sequencer is not enabled: this node is a {self._role.value}, or still starts")
        return self.sequencer

    def _batcher(self) -> Batcher:
        if self.batcher is None:
            raise PartMissing("batcher is not enabled: this node has no --batcher-key, or still starts")
        return self.batcher

    async def start_sequencer(self, head: Hash32) -> None:
        await self._sequencer().start(head)

    async def stop_sequencer(self) -> Hash32:
        return await self._sequencer().stop()

    def sequencer_active(self) -> bool:
        return self.sequencer is not None and self.sequencer.running

    async def start_batcher(self) -> None:
        self._batcher().start()

    async def stop_batcher(self) -> None:
        await self._batcher().stop()

    def node_info(self) -> JsonObject:
        """Heads by number and hash, and None for a part that this node doesn't have."""
        head, config = self._engine.unsafe_head, self._engine.config
        return {
            "name": self._client_version,
            "role": self._role.value,
            "chainId": hex(config.l2_chain_id),
            "l1ChainId": hex(config.l1_chain_id),
            "genesis": "0x" + config.genesis.l2.hash.hex(),
            "head": {"number": hex(head.number), "hash": "0x" + head.hash.hex()},
            "rpcPort": self._rpc_port(),
            "sequencer": None if self.sequencer is None else self.sequencer.running,
            "batcher": None if self.batcher is None else self.batcher.running,
        }

    def _network(self) -> PeerControl:
        if self.network is None:
            raise PartMissing("this node has no peers: it was started without --p2p-port")
        return self.network

    def peers(self) -> Sequence[JsonObject]:
        """None where the node was started without peers."""
        return () if self.network is None else self.network.describe()

    def add_peer(self, address: str) -> None:
        self._network().add_static(address)

    async def remove_peer(self, node_id: bytes) -> bool:
        return self._network().disconnect(node_id)

    def set_log_level(self, level: str) -> None:
        set_log_level(level)
