"""A block as the sequencer signs it: signature 65 ++ parent beacon block root 32 ++ SSZ payload, compressed by Snappy.

The signature covers keccak(domain ++ chain id ++ keccak(root ++ payload)), with a domain of 32 zero bytes, so it is
one of the OP Stack's, made by the same key and verified by the same rule. Source: rollup-node-p2p.md, blocksv4.
"""

from dataclasses import dataclass
from typing import Final

import cramjam

from p2p.errors import MalformedPayload
from p2p.payload import MAX_PAYLOAD, decode_payload, encode_payload, timestamp_of
from state.blocks import Block
from state.primitives.crypto import InvalidSignature, keccak256, recover_address, sign_digest
from state.primitives.types import Address, Hash32

SIGNATURE: Final = 65
ROOT: Final = 32
DOMAIN: Final = bytes(32)
MAX_MESSAGE: Final = SIGNATURE + ROOT + MAX_PAYLOAD
MAX_COMPRESSED: Final = MAX_MESSAGE + MAX_MESSAGE // 6 + 32
"""Snappy's worst case for bytes that can't be compressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBlock:
    """What travels, not yet believed: nothing but its lengths was checked."""

    signature: bytes
    parent_beacon_block_root: Hash32
    payload: bytes

    @property
    def timestamp(self) -> int:
        return timestamp_of(self.payload)

    def signer(self, chain_id: int) -> Address:
        """Whose key signed it for this chain. Raises MalformedPayload for a signature that is none."""
        r, s = (int.from_bytes(self.signature[start : start + 32], "big") for start in (0, 32))
        digest = signing_hash(self.parent_beacon_block_root, self.payload, chain_id)
        try:
            return recover_address(digest, self.signature[64], r, s)
        except InvalidSignature as error:
            raise MalformedPayload(f"signature of a gossiped block: {error}") from error

    def block(self) -> Block:
        """Raises MalformedPayload unless its header hashes to what the payload says."""
        return decode_payload(self.payload, self.parent_beacon_block_root)

    def compressed(self) -> bytes:
        """The bytes of a message."""
        raw = self.signature + self.parent_beacon_block_root + self.payload
        return bytes(cramjam.snappy.compress_raw(raw))


def sign_block(block: Block, block_hash: Hash32, *, chain_id: int, private_key: bytes) -> SignedBlock:
    """The block, signed by a 32-byte key."""
    payload, root = encode_payload(block, block_hash), block.header.parent_beacon_block_root
    y_parity, r, s = sign_digest(private_key, signing_hash(root, payload, chain_id))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((y_parity,))
    return SignedBlock(signature=signature, parent_beacon_block_root=root, payload=payload)


def signing_hash(parent_beacon_block_root: Hash32, payload: bytes, chain_id: int) -> Hash32:
    """What the sequencer signs."""
    payload_hash = keccak256(parent_beacon_block_root + payload)
    return keccak256(DOMAIN + chain_id.to_bytes(32, "big") + payload_hash)


def parse_signed_block(message: bytes) -> SignedBlock:
    """The parts of a message. Raises MalformedPayload; takes no more memory than `MAX_MESSAGE`."""
    raw = decompress(message, most=MAX_MESSAGE)
    if len(raw) < SIGNATURE + ROOT:
        raise MalformedPayload(f"block message of {len(raw)} bytes lacks its signature or its root")
    return SignedBlock(
        signature=raw[:SIGNATURE],
        parent_beacon_block_root=Hash32(raw[SIGNATURE : SIGNATURE + ROOT]),
        payload=raw[SIGNATURE + ROOT :],
    )


def decompress(data: bytes, *, most: int) -> bytes:
    """What a Snappy block holds. Raises MalformedPayload for over `most` bytes, before any memory is taken for them."""
    if len(data) > MAX_COMPRESSED:
        raise MalformedPayload(f"block message of {len(data)} bytes: expected at most {MAX_COMPRESSED}")
    length = claimed_length(data)
    if length > most:
        raise MalformedPayload(f"block message claims {length} bytes: expected at most {most}")
    try:
        return bytes(cramjam.snappy.decompress_raw(data))
    except cramjam.DecompressionError as error:
        raise MalformedPayload(f"block message is no Snappy block: {error}") from error


def claimed_length(data: bytes) -> int:
    """How many bytes a Snappy block says that it holds: the varint that it begins with. Raises MalformedPayload."""
    length = 0
    for index, byte in enumerate(data[:5]):
        length |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return length
    raise MalformedPayload("block message is no Snappy block: its length is cut off")
