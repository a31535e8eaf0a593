"""How a candidate comes to the committed head: by the log's blocks, as far as they reach."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from node.conductor.chain import Chain
from node.conductor.log import BLOCKS_KEPT, CommittedHead, SharedLog
from rollup.errors import L1Unavailable
from state.blocks import Block
from state.errors import InvalidBlock

log = structlog.get_logger("node.conductor")

MAX_SEEDED: Final = BLOCKS_KEPT


async def follow_log(chain: Chain, shared: SharedLog, head: CommittedHead | None) -> str | None:
    """None once nothing of the log is missing here; else why something still is.

    Nothing is missing either where L1 has decided over the committed head's height, or where an L1 reorg has taken the
    ground from under it: whoever leads next then builds on its own unsafe head, as one sequencer would.
    Raises etcd's errors and LogDamaged.
    """
    if head is None or chain.canonical_hash(head.number) == head.hash or chain.safe_number() >= head.number:
        return None
    behind = head.number - chain.unsafe_head().number
    if behind > BLOCKS_KEPT:
        return f"{behind} blocks behind the committed head {head.number}: peers or L1 bring what the log dropped"
    missing = await _missing(chain, shared, head)
    if isinstance(missing, str):
        return missing
    try:
        return await _insert(chain, missing)
    except L1Unavailable as error:
        return f"L1 can't tell whether the committed blocks stand: {error}"
    except InvalidBlock as error:
        log.error("conductor.invalid_block", number=head.number, reason=str(error))
        return f"the log has a block that this node finds invalid: {error}"


async def _missing(chain: Chain, shared: SharedLog, head: CommittedHead) -> list[Block] | str:
    """The log's blocks down to one that is canonical here, lowest first; why not where it doesn't reach."""
    blocks: list[Block] = []
    number, block_hash = head.number, head.hash
    while chain.canonical_hash(number) != block_hash:
        if number <= chain.safe_number() or len(blocks) >= BLOCKS_KEPT:
            return f"the committed block {number} is on another branch than this node's chain"
        block = await shared.block(number, block_hash)
        if block is None:
            return f"the committed block {number} is neither here nor in the log: peers or L1 bring it"
        blocks.append(block)
        number, block_hash = number - 1, block.header.parent_hash
    return blocks[::-1]


async def _insert(chain: Chain, blocks: list[Block]) -> str | None:
    for block in blocks:
        number = block.header.number
        if not await chain.stands_on_l1(block):
            log.warning("conductor.committed_void", number=number, reason="its L1 origin was reorganised")
            return None
        if not await chain.insert(block):
            return f"the committed block {number} does not follow this node's unsafe head"
        log.info("conductor.inserted", number=number, hash=block.header.hash.hex())
    return None


async def seed_log(chain: Chain, head: CommittedHead | None, commit: Callable[[Block], Awaitable[bool]]) -> bool:
    """Commit what this candidate has above the committed head, so that the log's head is its unsafe head.

    There is such a thing where the log is new or was restored, and after an L1 reorg. False: leadership was lost.
    """
    top = chain.unsafe_head().number
    if head is not None and chain.canonical_hash(head.number) == head.hash:
        first = head.number + 1
    else:
        first = min(chain.safe_number() + 1, top)
    for number in range(max(first, top - MAX_SEEDED + 1), top + 1):
        block = chain.block(number)
        if block is not None and not await commit(block):
            return False
    return True
