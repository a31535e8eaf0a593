"""Where derivation starts again. Source: derivation.md, "Resetting the Pipeline".

The unsafe head goes back to the last block whose L1 origin is canonical or not known to L1 yet; the safe head to the
last one that was derived from an L1 block that is still canonical. Neither goes below the finalized head.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rollup.driver.safe_index import SafeIndex
from rollup.engine import Engine
from rollup.errors import EngineError
from rollup.types import BlockId, L1BlockRef, L2BlockRef

CanonicalLookup = Callable[[int], Awaitable[L1BlockRef | None]]
"""The canonical L1 block at a height, or None above L1's head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPoint:
    """The heads to go on from."""

    unsafe: L2BlockRef
    safe: L2BlockRef


async def find_start(engine: Engine, index: SafeIndex, canonical: CanonicalLookup) -> StartPoint:
    """The highest heads that agree with L1 as it is now."""
    safe = engine.safe_head
    while safe.number > engine.finalized_head.number and not await _is_canonical(
        index.derived_from(safe.number) or safe.l1_origin, canonical, allow_unknown=False
    ):
        safe = _parent(engine, safe)
    unsafe = engine.unsafe_head
    while unsafe.number > safe.number and not await _is_canonical(unsafe.l1_origin, canonical, allow_unknown=True):
        unsafe = _parent(engine, unsafe)
    return StartPoint(unsafe=unsafe, safe=safe)


async def _is_canonical(block: BlockId, canonical: CanonicalLookup, *, allow_unknown: bool) -> bool:
    found = await canonical(block.number)
    if found is None:
        return allow_unknown
    return found.hash == block.hash


def _parent(engine: Engine, ref: L2BlockRef) -> L2BlockRef:
    parent = engine.ref_by_number(ref.number - 1)
    if parent is None:
        raise EngineError(f"L2 block {ref.number - 1} is missing below the heads")
    return parent
