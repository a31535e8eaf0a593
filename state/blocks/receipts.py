"""Receipts, logs and the 2,048-bit bloom.

receipt    rlp([status, cumulativeGas, bloom, logs])                                    type 0
           type ++ rlp([status, cumulativeGas, bloom, logs])                            types 1, 2, 4
           0x7E ++ rlp([status, cumulativeGas, bloom, logs, depositNonce, version 1])   deposits
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from state.errors import DecodeError
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Hash32, Nonce
from state.transactions.types import DEPOSIT_TYPE, TransactionType

_NO_LOGS: Final = b"\xb9\x01\x00" + bytes(256) + b"\xc0"
"""An empty bloom and an empty list, encoded."""


class ReceiptDecodeError(DecodeError):
    """Bytes that are no receipt of a known type in canonical form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One event of one contract."""

    address: Address
    topics: tuple[Hash32, ...]
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a transaction did, in the form that the receipts trie holds."""

    type: TransactionType
    succeeded: bool
    cumulative_gas_used: Gas
    logs: tuple[Log, ...]
    deposit_nonce: Nonce | None = None
    """Deposits only: the sender's nonce before."""

    @property
    def bloom(self) -> bytes:
        return logs_bloom(self.logs)

    def encode(self) -> bytes:
        """The EIP-2718 bytes that the receipts trie holds."""
        body = rlp.encode_int(int(self.succeeded)) + rlp.encode_int(self.cumulative_gas_used)
        body += rlp.encode_string(self.bloom) + encode_logs(self.logs) if self.logs else _NO_LOGS
        if self.type == DEPOSIT_TYPE:
            body += rlp.encode_int(self.deposit_nonce or 0) + rlp.encode_int(1)
        prefix = b"" if self.type == TransactionType.LEGACY else bytes((self.type,))
        return prefix + rlp.wrap_list(body)

    @classmethod
    def decode(cls, data: bytes) -> "Receipt":
        """The receipt that `data` holds. Raises ReceiptDecodeError or RLPError."""
        if not data:
            raise ReceiptDecodeError("empty receipt")
        try:
            kind = TransactionType.LEGACY if data[0] >= 0xC0 else TransactionType(data[0])
        except ValueError as error:
            raise ReceiptDecodeError(f"receipt type not supported: {data[0]:#04x}") from error
        items = rlp.decode_list(data if kind == TransactionType.LEGACY else data[1:])
        is_deposit = kind == TransactionType.DEPOSIT
        if len(items) != (6 if is_deposit else 4):
            raise ReceiptDecodeError(f"wrong number of receipt fields: got {len(items)}")
        status = rlp.to_int(items[0], max_bytes=1)
        receipt = cls(
            type=kind,
            succeeded=status == 1,
            cumulative_gas_used=Gas(rlp.to_int(items[1], max_bytes=8)),
            logs=decode_logs(items[3]),
            deposit_nonce=Nonce(rlp.to_int(items[4], max_bytes=8)) if is_deposit else None,
        )
        if status > 1:
            raise ReceiptDecodeError(f"receipt status is neither 0 nor 1: got {status}")
        if is_deposit and rlp.to_int(items[5]) != 1:
            raise ReceiptDecodeError("deposit receipt of another version than 1")
        if rlp.to_bytes(items[2]) != receipt.bloom:
            raise ReceiptDecodeError("the receipt's bloom is not that of its logs")
        return receipt


def encode_logs(logs: Sequence[Log]) -> bytes:
    """The RLP list of logs, as in a receipt."""
    return rlp.encode([[log.address, list(log.topics), log.data] for log in logs])


def decode_logs(item: rlp.DecodedItem) -> tuple[Log, ...]:
    """Logs from the decoded RLP of a receipt's fourth field."""
    logs = []
    for entry in rlp.to_list(item):
        address, topics, data = rlp.to_list(entry, length=3)
        logs.append(
            Log(
                address=Address(rlp.to_bytes(address, length=20)),
                topics=tuple(Hash32(rlp.to_bytes(topic, length=32)) for topic in rlp.to_list(topics)),
                data=rlp.to_bytes(data),
            )
        )
    return tuple(logs)


def _bloom_bits(value: bytes) -> int:
    digest = keccak256(value)
    bits = 0
    for offset in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[offset : offset + 2], "big") & 2047)
    return bits


def logs_bloom(logs: Iterable[Log]) -> bytes:
    """The 256-byte bloom over each log's address and topics (yellow paper, section 4.3.1)."""
    bits = 0
    for log in logs:
        bits |= _bloom_bits(log.address)
        for topic in log.topics:
            bits |= _bloom_bits(topic)
    return bits.to_bytes(256, "big")


def combine_blooms(blooms: Iterable[bytes]) -> bytes:
    """The bloom of a block: the union of its receipts'."""
    bits = 0
    for bloom in blooms:
        bits |= int.from_bytes(bloom, "big")
    return bits.to_bytes(256, "big")


def bloom_contains(bloom: bytes, value: bytes) -> bool:
    """False if no log under `bloom` has this address or topic; true if one may."""
    wanted = _bloom_bits(value)
    return int.from_bytes(bloom, "big") & wanted == wanted
