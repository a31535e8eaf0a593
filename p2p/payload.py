"""SSZ of the ExecutionPayload at Isthmus, in which blocks travel between nodes.

A container of fixed fields, with offsets to the three lists behind them: extraData, transactions, withdrawals (which
are always none). Integers are little-endian. What of a header the payload lacks is the same in all blocks of this
chain, or travels beside it (the parent beacon block root), so that the header, and with it the block hash, follows.

Source: rollup-node-p2p.md, isthmus/exec-engine.md, consensus-specs ssz/simple-serialize.md.
"""

import struct
from itertools import pairwise
from typing import Final

from p2p.errors import MalformedPayload
from state.blocks import Block, Header
from state.blocks.header import MAX_EXTRA_DATA
from state.primitives.types import Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from state.trie.ordered import ordered_root

MAX_PAYLOAD: Final = 10 << 20
"""Bytes, uncompressed (rollup-node-p2p.md: 10 MiB)."""
OFFSET: Final = 4
_FIXED: Final = struct.Struct("<32s20s32s32s256s32sQQQQI32s32sIIQQ32s")
_OFFSETS: Final = struct.Struct("<I")


def encode_payload(block: Block, block_hash: Hash32) -> bytes:
    """The payload of a block with that hash."""
    header = block.header
    transactions = _encode_list(block.transactions)
    extra_data_at = _FIXED.size
    transactions_at = extra_data_at + len(header.extra_data)
    fixed = _FIXED.pack(
        header.parent_hash,
        header.fee_recipient,
        header.state_root,
        header.receipts_root,
        header.logs_bloom,
        header.prev_randao,
        header.number,
        header.gas_limit,
        header.gas_used,
        header.timestamp,
        extra_data_at,
        header.base_fee_per_gas.to_bytes(32, "little"),
        block_hash,
        transactions_at,
        transactions_at + len(transactions),
        header.blob_gas_used,
        header.excess_blob_gas,
        header.withdrawals_root,
    )
    return fixed + header.extra_data + transactions


def decode_payload(data: bytes, parent_beacon_block_root: Hash32) -> Block:
    """The block, whose header hashes to what the payload says.

    Raises MalformedPayload for anything but the one canonical form of a block without withdrawals and blobs.
    """
    if not _FIXED.size <= len(data) <= MAX_PAYLOAD:
        raise MalformedPayload(f"payload of {len(data)} bytes: expected {_FIXED.size} to {MAX_PAYLOAD}")
    (
        parent_hash, fee_recipient, state_root, receipts_root, logs_bloom, prev_randao, number, gas_limit, gas_used,
        timestamp, extra_data_at, base_fee, block_hash, transactions_at, withdrawals_at, blob_gas_used,
        excess_blob_gas, withdrawals_root,
    ) = _FIXED.unpack_from(data)  # fmt: skip
    if extra_data_at != _FIXED.size or not extra_data_at <= transactions_at <= withdrawals_at <= len(data):
        raise MalformedPayload("offsets of the lists are not in order")
    if withdrawals_at != len(data):
        raise MalformedPayload("withdrawals must be an empty list")
    if blob_gas_used or excess_blob_gas:
        raise MalformedPayload("blob gas must be 0")
    extra_data = data[extra_data_at:transactions_at]
    if len(extra_data) > MAX_EXTRA_DATA:
        raise MalformedPayload(f"extraData of {len(extra_data)} bytes: expected at most {MAX_EXTRA_DATA}")
    transactions = _decode_list(data[transactions_at:withdrawals_at])
    header = Header(
        parent_hash=Hash32(parent_hash),
        fee_recipient=Address(fee_recipient),
        state_root=Hash32(state_root),
        transactions_root=ordered_root(transactions),
        receipts_root=Hash32(receipts_root),
        logs_bloom=logs_bloom,
        number=BlockNumber(number),
        gas_limit=Gas(gas_limit),
        gas_used=Gas(gas_used),
        timestamp=UnixSeconds(timestamp),
        extra_data=extra_data,
        prev_randao=Hash32(prev_randao),
        base_fee_per_gas=Wei(int.from_bytes(base_fee, "little")),
        withdrawals_root=Hash32(withdrawals_root),
        parent_beacon_block_root=parent_beacon_block_root,
    )
    if header.hash != block_hash:
        raise MalformedPayload(f"block hash {block_hash.hex()} is not that of its header: {header.hash.hex()}")
    return Block(header=header, transactions=transactions)


def timestamp_of(data: bytes) -> int:
    """The timestamp of a payload before all else of it is read. Raises MalformedPayload for one that is too short."""
    if len(data) < _FIXED.size:
        raise MalformedPayload(f"payload of {len(data)} bytes: expected at least {_FIXED.size}")
    return int(_FIXED.unpack_from(data)[9])


def _encode_list(items: tuple[bytes, ...]) -> bytes:
    """SSZ of a list of byte lists: an offset each, then the items."""
    offset = OFFSET * len(items)
    offsets = []
    for item in items:
        offsets.append(_OFFSETS.pack(offset))
        offset += len(item)
    return b"".join((*offsets, *items))


def _decode_list(data: bytes) -> tuple[bytes, ...]:
    """The items; how many they are is bounded by the bytes that are there before any memory is taken."""
    if not data:
        return ()
    if len(data) < OFFSET:
        raise MalformedPayload("transactions are cut off")
    (first,) = _OFFSETS.unpack_from(data)
    if first % OFFSET or not OFFSET <= first <= len(data):
        raise MalformedPayload("offsets of the transactions do not fit")
    offsets = [*struct.unpack_from(f"<{first // OFFSET}I", data), len(data)]
    if any(start > end for start, end in pairwise(offsets)):
        raise MalformedPayload("offsets of the transactions are not in order")
    return tuple(data[start:end] for start, end in pairwise(offsets))
