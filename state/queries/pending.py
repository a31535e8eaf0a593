"""The next block as it would be if it were built now: of what the pool would give it, on the head.

A pending block is a block in all but that nobody sealed it: it has a header with roots and a hash, and questions name
it by that hash like any other. It lives in memory only, and only the last few do. What no block of the chain has yet
and only its producer knows (the next L1-attributes deposit) is not in it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from state.blocks import Header
from state.database import BlockRecord, ChainDatabase, StateDelta
from state.errors import InvalidTransaction
from state.execution.port import ChainRules, Executor
from state.primitives.types import ZERO_HASH, Address, Gas, Hash32, UnixSeconds, Wei
from state.queries.overlay import Overlay
from state.transactions import with_known_sender
from state.transition import BlockAttributes, BlockBuilder
from state.world.readers import TrieState
from state.world.types import StateReader

KEPT: Final = 4
"""Pending blocks that may still be asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """What a pending block is to be made of."""

    parent_hash: Hash32
    timestamp: UnixSeconds
    fee_recipient: Address
    prev_randao: Hash32
    gas_limit: Gas
    extra_data: bytes
    parent_beacon_block_root: Hash32 = ZERO_HASH
    base_fee_per_gas: Wei | None = None
    """A sandbox's own wish; None: what the parent makes it."""
    transactions: tuple[bytes, ...]
    """Raw, best first. Those that don't fit or may not run are left out."""
    senders: tuple[Address, ...]
    """Who signed them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingState:
    """A pending block and the state after it."""

    header: Header
    nodes: Overlay
    state: StateReader


class PendingBlocks:
    """The last few pending blocks, by hash. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Hash32, PendingState] = {}

    def get(self, block_hash: Hash32) -> PendingState | None:
        """The pending block of that hash, if it is still here."""
        return self._kept.get(block_hash)

    def keep(self, record: BlockRecord, db: ChainDatabase) -> None:
        """Remembers a block, and forgets the oldest where there are too many."""
        nodes = Overlay(db)
        nodes.add(record.delta)
        state = TrieState(nodes, record.header.state_root)
        with self._lock:
            self._kept[record.hash] = PendingState(header=record.header, nodes=nodes, state=state)
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]


def build_pending(
    db: ChainDatabase,
    executor: Executor,
    rules: ChainRules,
    parent_state: StateReader,
    request: PendingRequest,
    has_time: Callable[[], bool],
) -> BlockRecord:
    """The block with as many of the transactions as fit and as there is time for. Raises InvalidBlock."""
    attributes = BlockAttributes(
        timestamp=request.timestamp,
        fee_recipient=request.fee_recipient,
        prev_randao=request.prev_randao,
        gas_limit=request.gas_limit,
        extra_data=request.extra_data,
        parent_beacon_block_root=request.parent_beacon_block_root,
        base_fee_per_gas=request.base_fee_per_gas,
    )
    builder = BlockBuilder(db, executor, rules, request.parent_hash, attributes, state=parent_state)
    for raw, sender in zip(request.transactions, request.senders, strict=True):
        if not has_time():
            break
        try:
            builder.apply(with_known_sender(raw, sender), raw)
        except InvalidTransaction:
            continue  # a block has overtaken it, it doesn't fit, or it pays too little: the next one may do better
    return builder.seal().record


def without_delta(record: BlockRecord) -> BlockRecord:
    """The record without what it would write."""
    return replace(record, delta=StateDelta())
