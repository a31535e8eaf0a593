"""Headers, receipts, logs and blocks: records, encodings, hashes, bloom, and the base fee rule.

A block's body keeps its transactions as raw EIP-2718 bytes, so that hashing, storing and serving them never
re-encodes anything. The same records serve L2 (Isthmus: 21 header fields) and the simulated L1 (Prague: the same 21).

Start reading at `header.py`; `receipts.py` has logs and bloom; `fees.py` EIP-1559 with Holocene's extraData.
"""

from state.blocks.fees import decode_holocene_extra_data, encode_holocene_extra_data, next_base_fee
from state.blocks.header import EMPTY_OMMERS_HASH, EMPTY_REQUESTS_HASH, EMPTY_TRIE_ROOT, Block, Header
from state.blocks.receipts import Log, Receipt, bloom_contains, combine_blooms, logs_bloom

__all__ = [
    "EMPTY_OMMERS_HASH",
    "EMPTY_REQUESTS_HASH",
    "EMPTY_TRIE_ROOT",
    "Block",
    "Header",
    "Log",
    "Receipt",
    "bloom_contains",
    "combine_blooms",
    "decode_holocene_extra_data",
    "encode_holocene_extra_data",
    "logs_bloom",
    "next_base_fee",
]
