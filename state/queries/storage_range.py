"""debug_storageRangeAt: an account's slots in the order of their hashed keys, in the middle of a block."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

import orjson

from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32
from state.queries.state_queries import StateQueries
from state.queries.traces import Replay, stored_block
from state.tracing import Budget
from state.trie import iterate_leaves
from state.world.accounts import decode_word
from state.world.types import EMPTY_ACCOUNT, StateChanges

MAX_PREIMAGES: Final = 100_000
"""Slots of the head that are hashed to find which slot a key belongs to; others are answered without."""
SLOTS_PER_TICK: Final = 1_000

Entry = tuple[bytes, int]
"""A slot's hashed key, its value."""


def storage_range(
    queries: StateQueries,
    block_hash: Hash32,
    index: int,
    address: Address,
    start: bytes,
    limit: int,
    budget: Budget,
) -> bytes:
    """`{storage: {hashed key: {key, value}}, nextKey}` before transaction number `index`, from the key `start` on.

    `key`, the slot, is null where neither the head nor the block's transactions know it.
    """
    replay = Replay(queries, block_hash, stored_block(queries, block_hash), budget)
    changes = replay.changes_before(index)
    written = {bytes(keccak256(_word(slot))): slot for slot in changes.storage.get(address, {})}
    entries = list(islice(_slots(queries, replay, address, start, changes, written), limit + 1))
    preimages = _preimages(queries, address, budget) | written if entries else written
    shown = {}
    for key, value in entries[:limit]:
        slot = preimages.get(key)
        shown[_hex(key)] = {"key": None if slot is None else _hex(_word(slot)), "value": _hex(_word(value))}
    next_key = _hex(entries[limit][0]) if len(entries) > limit else None
    return orjson.dumps({"storage": shown, "nextKey": next_key})


def _slots(
    queries: StateQueries,
    replay: Replay,
    address: Address,
    start: bytes,
    changes: StateChanges,
    written: Mapping[bytes, int],
) -> Iterator[Entry]:
    """What the parent's trie has, merged with what was written since; both in key order."""
    values = changes.storage.get(address, {})
    fresh = sorted((key, values[slot]) for key, slot in written.items() if key >= start)
    account = replay.parent_state.account(address) or EMPTY_ACCOUNT
    old: Iterator[Entry] = iter(())
    if address not in changes.wiped_storage:
        leaves = iterate_leaves(queries.database, account.storage_root, start)
        old = ((key, decode_word(word)) for key, word in leaves if key not in written)
    position, waiting = 0, next(old, None)
    while waiting is not None or position < len(fresh):
        if waiting is None or (position < len(fresh) and fresh[position][0] < waiting[0]):
            if fresh[position][1]:
                yield fresh[position]
            position += 1
        else:
            yield waiting
            waiting = next(old, None)


def _preimages(queries: StateQueries, address: Address, budget: Budget) -> dict[bytes, int]:
    """Slot by hashed key, of the account's slots at the head."""
    found: dict[bytes, int] = {}
    if not queries.stands_still:
        return found
    for count, (slot, _) in enumerate(islice(queries.database.iterate_flat_storage(address), MAX_PREIMAGES)):
        if count % SLOTS_PER_TICK == 0:
            budget.tick()
        found[bytes(keccak256(slot))] = int.from_bytes(slot, "big")
    return found


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
