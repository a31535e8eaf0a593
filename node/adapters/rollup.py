"""RollupPort: op-node's questions in op-node's JSON forms. Source: op-node's `eth.SyncStatus` and `OutputResponse`."""

import asyncio
from collections.abc import Callable
from typing import Any

from rollup.codec.output_root import output_root
from rollup.driver import SyncStatus
from rollup.engine import Engine
from rollup.errors import EngineError
from rollup.types import L1BlockRef, L2BlockRef
from state.blocks import Header
from state.primitives.types import BlockNumber

JsonObject = dict[str, Any]


class EngineRollup:
    """`optimism_*` over engine and driver."""

    def __init__(self, *, engine: Engine, status: Callable[[], SyncStatus]) -> None:
        self._engine = engine
        self._status = status

    async def sync_status(self) -> JsonObject:
        """The heads of both chains."""
        return _sync_status(self._status())

    async def output_at_block(self, number: BlockNumber) -> JsonObject:
        """The output root of a canonical block with what it is made of."""
        ref = self._engine.ref_by_number(number)
        header = None if ref is None else self._engine.db.header(ref.hash)
        if ref is None or header is None:
            raise EngineError(f"block {number} not found: the unsafe head is {self._engine.unsafe_head.number}")
        await asyncio.sleep(0)
        return _output(ref, header, _sync_status(self._status()))

    async def rollup_config(self) -> JsonObject:
        """rollup.json as it was read."""
        return self._engine.config.raw


def _output(ref: L2BlockRef, header: Header, status: JsonObject) -> JsonObject:
    root = output_root(header, ref.hash)
    return {
        "version": "0x" + "00" * 32,
        "outputRoot": "0x" + root.hex(),
        "blockRef": _l2_ref(ref),
        "withdrawalStorageRoot": "0x" + header.withdrawals_root.hex(),
        "stateRoot": "0x" + header.state_root.hex(),
        "syncStatus": status,
    }


def _sync_status(status: SyncStatus) -> JsonObject:
    return {
        "current_l1": _l1_ref(status.current_l1),
        "current_l1_finalized": _l1_ref(status.finalized_l1),
        "head_l1": _l1_ref(status.head_l1),
        "safe_l1": _l1_ref(status.safe_l1),
        "finalized_l1": _l1_ref(status.finalized_l1),
        "unsafe_l2": _l2_ref(status.unsafe_l2),
        "safe_l2": _l2_ref(status.safe_l2),
        "finalized_l2": _l2_ref(status.finalized_l2),
        "pending_safe_l2": _l2_ref(status.safe_l2),
        "cross_unsafe_l2": _l2_ref(status.unsafe_l2),
        "local_safe_l2": _l2_ref(status.safe_l2),
    }


def _l1_ref(ref: L1BlockRef | None) -> JsonObject:
    """op-node answers zeros for what it doesn't know yet."""
    if ref is None:
        zero = "0x" + "00" * 32
        return {"hash": zero, "number": 0, "parentHash": zero, "timestamp": 0}
    return {
        "hash": "0x" + ref.hash.hex(),
        "number": ref.number,
        "parentHash": "0x" + ref.parent_hash.hex(),
        "timestamp": ref.timestamp,
    }


def _l2_ref(ref: L2BlockRef) -> JsonObject:
    return {
        "hash": "0x" + ref.hash.hex(),
        "number": ref.number,
        "parentHash": "0x" + ref.parent_hash.hex(),
        "timestamp": ref.timestamp,
        "l1origin": {"hash": "0x" + ref.l1_origin.hash.hex(), "number": ref.l1_origin.number},
        "sequenceNumber": ref.sequence_number,
    }
