"""Blocks for tests of gossip."""

from typing import Any

from state.blocks import Block, Header
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from state.trie.ordered import ordered_root

CHAIN_ID = 161_299
KEY = b"\x11" * 32
SEQUENCER = private_key_to_address(KEY)
NOW = 1_800_000_000


def block(*transactions: bytes, **changes: Any) -> Block:
    """A block as this chain has them, with a header that fits its transactions."""
    fields: dict[str, Any] = {
        "parent_hash": Hash32(b"\x01" * 32),
        "fee_recipient": Address(b"\x02" * 20),
        "state_root": Hash32(b"\x03" * 32),
        "transactions_root": ordered_root(transactions),
        "receipts_root": Hash32(b"\x04" * 32),
        "logs_bloom": b"\x05" * 256,
        "number": BlockNumber(7),
        "gas_limit": Gas(60_000_000),
        "gas_used": Gas(21_000),
        "timestamp": UnixSeconds(NOW),
        "extra_data": b"\x00\x00\x00\x00\xfa\x00\x00\x00\x06",
        "prev_randao": Hash32(b"\x06" * 32),
        "base_fee_per_gas": Wei(10**9 + 7),
        "withdrawals_root": Hash32(b"\x07" * 32),
        "parent_beacon_block_root": Hash32(b"\x08" * 32),
    }
    return Block(header=Header(**(fields | changes)), transactions=transactions)
