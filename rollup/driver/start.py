"""Where derivation starts again. Source: derivation.md, "Resetting the Pipeline".

The unsafe head goes back to the last block whose L1 origin is canonical or not known to L1 yet; the safe head to the
last one that was derived from an L1 block that is still canonical. Neither goes below the finalized head.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rollup.driver.safe_index import SafeIndex
from rollup.engine import Engine
from rollup.errors import EngineError, FinalityContradicted, L1Unavailable
from rollup.types import BlockId, L1BlockNumber, L1BlockRef, L2BlockRef

CanonicalLookup = Callable[[int], Awaitable[L1BlockRef | None]]
"""The canonical L1 block at a height, or None above L1's head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPoint:
    """The heads to go on from."""

    unsafe: L2BlockRef
    safe: L2BlockRef


async def find_start(engine: Engine, index: SafeIndex, canonical: CanonicalLookup) -> StartPoint:
    """The highest heads that agree with L1 as it is now.

    Raises L1Unavailable while L1 has less than the safe head came from: an endpoint that lags is no reorg.
    Raises FinalityContradicted where not even the finalized head stands on this L1.
    """
    safe = engine.safe_head
    while safe.number > engine.finalized_head.number and not await _is_canonical(
        index.derived_from(safe.number) or safe.l1_origin, canonical, allow_unknown=False
    ):
        safe = _parent(engine, safe)
    if not await _is_canonical(safe.l1_origin, canonical, allow_unknown=False):
        raise FinalityContradicted(
            f"L1 has another block {safe.l1_origin.number} than the origin of L2 block {safe.number}, "
            f"at or below which all is final: expected 0x{safe.l1_origin.hash.hex()}"
        )
    unsafe = engine.unsafe_head
    while unsafe.number > safe.number and not await _is_canonical(unsafe.l1_origin, canonical, allow_unknown=True):
        unsafe = _parent(engine, unsafe)
    return StartPoint(unsafe=unsafe, safe=safe)


async def _is_canonical(block: BlockId, canonical: CanonicalLookup, *, allow_unknown: bool) -> bool:
    found = await canonical(block.number)
    if found is not None:
        return found.hash == block.hash
    if not allow_unknown:
        raise L1Unavailable(f"L1 is behind block {block.number}, which the safe head came from")
    return True


def find_cursor(engine: Engine, index: SafeIndex, safe: L2BlockRef) -> tuple[L2BlockRef, L1BlockNumber | None]:
    """(where derivation goes on, the L1 block up to which everything is spent) for a safe head.

    The last block that an earlier L1 block gave than the one that gave `safe`: of that L1 block there may be more to
    read. None where the chain begins.
    """
    newest = index.derived_from(safe.number)
    if newest is None:
        return safe, None
    cursor = safe
    while cursor.number > engine.config.genesis.l2.number:
        derived_from = index.derived_from(cursor.number)
        if derived_from is None or derived_from.number < newest.number:
            break
        cursor = _parent(engine, cursor)
    return cursor, L1BlockNumber(newest.number - 1)


def _parent(engine: Engine, ref: L2BlockRef) -> L2BlockRef:
    parent = engine.ref_by_number(ref.number - 1)
    if parent is None:
        raise EngineError(f"L2 block {ref.number - 1} is missing below the heads")
    return parent
