"""A block without a signature, as peers hand it over on request and as the shared log keeps it.

Snappy of parent beacon block root 32 ++ SSZ payload: a signed block's bytes after the signature. Who asks knows by
hash what it wants, or trusts whom it asks.
"""

from typing import Final

import cramjam

from p2p.errors import MalformedPayload
from p2p.payload import MAX_PAYLOAD, decode_payload, encode_payload
from p2p.signed_block import ROOT, decompress
from state.blocks import Block
from state.primitives.types import Hash32

MAX_ENVELOPE: Final = ROOT + MAX_PAYLOAD
"""Bytes, uncompressed."""


def encode_envelope(block: Block, block_hash: Hash32) -> bytes:
    """The block with that hash, compressed."""
    raw = block.header.parent_beacon_block_root + encode_payload(block, block_hash)
    return bytes(cramjam.snappy.compress_raw(raw))


def decode_envelope(data: bytes) -> Block:
    """The block, whose header hashes to what the payload says. Raises MalformedPayload; takes bounded memory."""
    raw = decompress(data, most=MAX_ENVELOPE)
    if len(raw) < ROOT:
        raise MalformedPayload(f"block of {len(raw)} bytes lacks its root")
    return decode_payload(raw[ROOT:], Hash32(raw[:ROOT]))
