"""The simulated L1 for the JSON-RPC server: its pool, and the `sim_*` methods that only it has."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from node.adapters.pool import pool_content, pool_counts
from rollup.simulator import SimulatedL1
from rpc.context import Context
from rpc.parameters import Uint64
from rpc.registry import MethodGroup
from rpc.values import PoolCounts, PoolEntry
from state.primitives.types import Address, Hash32, Nonce, Wei
from state.transactions import RecoveredTransaction

_ONE = Uint64(1)


class SimulatorPool:
    """PoolPort over the simulator's pool."""

    def __init__(self, simulator: SimulatedL1) -> None:
        self._simulator = simulator

    async def submit(self, raw: bytes) -> Hash32:
        return self._simulator.submit(raw)

    def pending_nonce(self, address: Address) -> Nonce | None:
        return Nonce(self._simulator.pool.pending_nonce(address))

    def transaction(self, transaction_hash: Hash32) -> RecoveredTransaction | None:
        return self._simulator.pool.transaction(transaction_hash)

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        return list(islice(self._simulator.pool.best_transactions(Wei(0)), limit))

    def content(self, sender: Address | None = None) -> Iterator[PoolEntry]:
        return pool_content(self._simulator.pool, sender)

    def counts(self) -> PoolCounts:
        return pool_counts(self._simulator.pool)


def simulator_methods(simulator: SimulatedL1) -> MethodGroup:
    """`sim_mine`, `sim_reorg`, `sim_setFinalityDistance`."""
    group = MethodGroup("Simulated L1")

    @group.method("sim_mine")
    def mine(context: Context, count: Uint64 = _ONE) -> list[str]:
        """Mines blocks at once and answers their hashes."""
        del context
        return ["0x" + block_hash.hex() for block_hash in simulator.mine(min(count, 1_000))]

    @group.method("sim_reorg")
    def reorg(context: Context, depth: Uint64) -> list[str]:
        """Replaces the newest `depth` blocks by `depth` + 1 others and answers their hashes."""
        del context
        return ["0x" + block_hash.hex() for block_hash in simulator.reorg(depth)]

    @group.method("sim_setFinalityDistance")
    def set_finality_distance(context: Context, distance: Uint64) -> Any:
        """Sets how many blocks the finalized head is behind the newest."""
        del context
        simulator.set_finality_distance(distance)
        return True

    return group
