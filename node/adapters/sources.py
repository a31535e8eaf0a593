"""What batcher and proposer read of L2, over the engine and the driver."""

from collections.abc import Callable

from rollup.batcher import L2Heads
from rollup.codec.output_root import output_root
from rollup.driver import SyncStatus
from rollup.engine import Engine
from rollup.types import L1BlockNumber, L2BlockNumber, L2BlockRef
from state.primitives.types import Hash32


class BatcherSource:
    """L2Source of the batcher."""

    def __init__(self, engine: Engine, status: Callable[[], SyncStatus]) -> None:
        self._engine = engine
        self._status = status

    async def heads(self) -> L2Heads:
        """Unsafe and safe head, and how far derivation has read L1."""
        status = self._status()
        derived = status.current_l1.number if status.current_l1 else self._engine.safe_head.l1_origin.number
        return L2Heads(unsafe=status.unsafe_l2, safe=status.safe_l2, derived_l1=L1BlockNumber(derived))

    async def canonical_hash(self, number: L2BlockNumber) -> Hash32 | None:
        return self._engine.db.canonical_hash(number)

    async def block(self, number: L2BlockNumber) -> tuple[L2BlockRef, tuple[bytes, ...]] | None:
        ref = self._engine.ref_by_number(number)
        block = None if ref is None else self._engine.db.block(ref.hash)
        return None if ref is None or block is None else (ref, block.transactions)


class ProposerSource:
    """OutputSource of the proposer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def safe_head(self) -> L2BlockRef:
        return self._engine.safe_head

    async def finalized_head(self) -> L2BlockRef:
        return self._engine.finalized_head

    async def output_root(self, number: L2BlockNumber) -> Hash32 | None:
        ref = self._engine.ref_by_number(number)
        header = None if ref is None else self._engine.db.header(ref.hash)
        return None if ref is None or header is None else output_root(header, ref.hash)
