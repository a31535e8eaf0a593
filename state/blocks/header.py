"""The header of 21 fields that Prague and Isthmus share, and the block around it."""

from dataclasses import dataclass
from typing import Final

from state.errors import DecodeError
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import (
    ZERO_HASH,
    Address,
    BlockNumber,
    Gas,
    Hash32,
    UnixSeconds,
    Wei,
)

EMPTY_TRIE_ROOT: Final = keccak256(b"\x80")
EMPTY_OMMERS_HASH: Final = keccak256(b"\xc0")
EMPTY_REQUESTS_HASH: Final = Hash32(bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
"""sha256 of nothing (EIP-7685)."""
MAX_EXTRA_DATA: Final = 32


class HeaderDecodeError(DecodeError):
    """Bytes that are no header of 21 fields in canonical form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A block header. RLP order is the order of the fields."""

    parent_hash: Hash32
    ommers_hash: Hash32 = EMPTY_OMMERS_HASH
    fee_recipient: Address
    """`miner` in JSON-RPC, the sequencer's fee vault on L2."""
    state_root: Hash32
    transactions_root: Hash32
    receipts_root: Hash32
    logs_bloom: bytes
    """256 bytes."""
    difficulty: int = 0
    number: BlockNumber
    gas_limit: Gas
    gas_used: Gas
    timestamp: UnixSeconds
    extra_data: bytes
    prev_randao: Hash32
    """`mixHash` in JSON-RPC."""
    nonce: bytes = bytes(8)
    base_fee_per_gas: Wei
    withdrawals_root: Hash32
    """L2: storage root of the message passer (Isthmus). L1: the empty trie's root."""
    blob_gas_used: Gas = Gas(0)
    excess_blob_gas: Gas = Gas(0)
    parent_beacon_block_root: Hash32 = ZERO_HASH
    requests_hash: Hash32 = EMPTY_REQUESTS_HASH

    def encode(self) -> bytes:
        """The canonical RLP of the header."""
        integer, string = rlp.encode_int, rlp.encode_string
        return rlp.wrap_list(
            b"".join(
                (
                    string(self.parent_hash),
                    string(self.ommers_hash),
                    string(self.fee_recipient),
                    string(self.state_root),
                    string(self.transactions_root),
                    string(self.receipts_root),
                    string(self.logs_bloom),
                    integer(self.difficulty),
                    integer(self.number),
                    integer(self.gas_limit),
                    integer(self.gas_used),
                    integer(self.timestamp),
                    string(self.extra_data),
                    string(self.prev_randao),
                    string(self.nonce),
                    integer(self.base_fee_per_gas),
                    string(self.withdrawals_root),
                    integer(self.blob_gas_used),
                    integer(self.excess_blob_gas),
                    string(self.parent_beacon_block_root),
                    string(self.requests_hash),
                )
            )
        )

    @property
    def hash(self) -> Hash32:
        """The block hash. Computed on each use: keep it where it is used more than once."""
        return keccak256(self.encode())

    @classmethod
    def decode(cls, data: bytes) -> "Header":
        """The header that `data` holds. Raises HeaderDecodeError or RLPError."""
        items = rlp.decode_list(data)
        if len(items) != 21:
            raise HeaderDecodeError(f"wrong number of header fields: got {len(items)}, expected 21")
        extra_data = rlp.to_bytes(items[12])
        if len(extra_data) > MAX_EXTRA_DATA:
            raise HeaderDecodeError(f"extraData too long: got {len(extra_data)}, expected at most 32")
        return cls(
            parent_hash=_hash(items[0]),
            ommers_hash=_hash(items[1]),
            fee_recipient=Address(rlp.to_bytes(items[2], length=20)),
            state_root=_hash(items[3]),
            transactions_root=_hash(items[4]),
            receipts_root=_hash(items[5]),
            logs_bloom=rlp.to_bytes(items[6], length=256),
            difficulty=rlp.to_int(items[7]),
            number=BlockNumber(rlp.to_int(items[8], max_bytes=8)),
            gas_limit=Gas(rlp.to_int(items[9], max_bytes=8)),
            gas_used=Gas(rlp.to_int(items[10], max_bytes=8)),
            timestamp=UnixSeconds(rlp.to_int(items[11], max_bytes=8)),
            extra_data=extra_data,
            prev_randao=_hash(items[13]),
            nonce=rlp.to_bytes(items[14], length=8),
            base_fee_per_gas=Wei(rlp.to_int(items[15])),
            withdrawals_root=_hash(items[16]),
            blob_gas_used=Gas(rlp.to_int(items[17], max_bytes=8)),
            excess_blob_gas=Gas(rlp.to_int(items[18], max_bytes=8)),
            parent_beacon_block_root=_hash(items[19]),
            requests_hash=_hash(items[20]),
        )


def _hash(item: rlp.DecodedItem) -> Hash32:
    return Hash32(rlp.to_bytes(item, length=32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A header and its transactions as raw EIP-2718 bytes, in order. The withdrawals list is always empty."""

    header: Header
    transactions: tuple[bytes, ...]
