"""Blocks in the form in which they travel, so that they can be wrong: SSZ, signature and Snappy by hand."""

import struct
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, Self

import cramjam
from coincurve import PrivateKey

from state.blocks import Header
from state.primitives.crypto import keccak256
from state.trie.ordered import ordered_root

LAYOUT: Final = struct.Struct("<32s20s32s32s256s32sQQQQI32s32sIIQQ32s")
NAMES: Final = (
    "parent_hash", "fee_recipient", "state_root", "receipts_root", "logs_bloom", "prev_randao", "number", "gas_limit",
    "gas_used", "timestamp", "extra_data_at", "base_fee", "block_hash", "transactions_at", "withdrawals_at",
    "blob_gas_used", "excess_blob_gas", "withdrawals_root",
)  # fmt: skip
SIGNATURE: Final = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged:
    """A block that may be changed in every way, its hash and its offsets included."""

    root: bytes
    """Parent beacon block root."""
    fields: dict[str, Any] = field(default_factory=dict)
    extra_data: bytes
    transactions: bytes
    """SSZ of the list."""

    @classmethod
    def read(cls, envelope: bytes) -> Self:
        """A block that a node handed over."""
        return cls._of(bytes(cramjam.snappy.decompress_raw(envelope)))

    @classmethod
    def announced(cls, message: bytes) -> Self:
        """A block that a node told of; whose signature it has is not looked at."""
        return cls._of(bytes(cramjam.snappy.decompress_raw(message))[SIGNATURE:])

    @classmethod
    def _of(cls, raw: bytes) -> Self:
        fields = dict(zip(NAMES, LAYOUT.unpack_from(raw, 32), strict=True))
        payload = raw[32:]
        return cls(
            root=raw[:32],
            fields=fields,
            extra_data=payload[fields["extra_data_at"] : fields["transactions_at"]],
            transactions=payload[fields["transactions_at"] : fields["withdrawals_at"]],
        )

    @property
    def hash(self) -> bytes:
        return bytes(self.fields["block_hash"])

    @property
    def number(self) -> int:
        return int(self.fields["number"])

    def with_fields(self, **changes: Any) -> Self:
        """Changed, and nothing else made to fit."""
        return replace(self, fields=self.fields | changes)

    def sealed(self, **changes: Any) -> Self:
        """Changed, with the hash of the header that comes of it."""
        changed = self.with_fields(**changes)
        return changed.with_fields(block_hash=bytes(changed._header().hash))

    def payload(self) -> bytes:
        """SSZ, as the fields say."""
        return LAYOUT.pack(*(self.fields[name] for name in NAMES)) + self.extra_data + self.transactions

    def envelope(self) -> bytes:
        """As an answer holds it."""
        return bytes(cramjam.snappy.compress_raw(self.root + self.payload()))

    def signed(self, key: bytes, chain_id: int) -> bytes:
        """The message of an announcement."""
        return compressed(signature_of(self.root, self.payload(), key, chain_id) + self.root + self.payload())

    def header(self) -> bytes:
        """As an answer holds it: RLP."""
        return self._header().encode()

    def _header(self) -> Header:
        fields = self.fields
        return Header(
            parent_hash=fields["parent_hash"],
            fee_recipient=fields["fee_recipient"],
            state_root=fields["state_root"],
            transactions_root=ordered_root(_items(self.transactions)),
            receipts_root=fields["receipts_root"],
            logs_bloom=fields["logs_bloom"],
            number=fields["number"],
            gas_limit=fields["gas_limit"],
            gas_used=fields["gas_used"],
            timestamp=fields["timestamp"],
            extra_data=self.extra_data,
            prev_randao=fields["prev_randao"],
            base_fee_per_gas=int.from_bytes(fields["base_fee"], "little"),  # type: ignore[arg-type]  # forged: any integer
            withdrawals_root=fields["withdrawals_root"],
            parent_beacon_block_root=self.root,  # type: ignore[arg-type]  # forged: any bytes
        )


def compressed(raw: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(raw))


def signature_of(root: bytes, payload: bytes, key: bytes, chain_id: int) -> bytes:
    """r ++ s ++ y parity, with the domain of 32 zero bytes."""
    digest = keccak256(bytes(32) + chain_id.to_bytes(32, "big") + keccak256(root + payload))
    return PrivateKey(key).sign_recoverable(digest, hasher=None)


def snappy_claim(length: int) -> bytes:
    """The varint with which a Snappy block says how long it is."""
    said = bytearray()
    while length >= 0x80:
        said.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*said, length])


def _items(encoded: bytes) -> list[bytes]:
    if not encoded:
        return []
    (first,) = struct.unpack_from("<I", encoded)
    offsets = [*struct.unpack_from(f"<{first // 4}I", encoded), len(encoded)]
    return [encoded[start:end] for start, end in pairwise(offsets)]
