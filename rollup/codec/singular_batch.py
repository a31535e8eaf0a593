"""The singular batch, version 0: one L2 block.

    0x00 ++ rlp([parent_hash, epoch_number, epoch_hash, timestamp, [transaction, …]])

Each transaction is an RLP string that holds raw EIP-2718 bytes. Source: specs/protocol/derivation.md "Batch Format".
"""

from dataclasses import dataclass
from typing import Final

from rollup.codec.batch_error import BatchError
from rollup.types import L1BlockNumber
from state.errors import DecodeError
from state.primitives import rlp
from state.primitives.types import Hash32, UnixSeconds

SINGULAR_BATCH_VERSION: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SingularBatch:
    """One L2 block, without its deposits."""

    parent_hash: Hash32
    """The L2 block before."""
    epoch_number: L1BlockNumber
    epoch_hash: Hash32
    """Of the L1 origin."""
    timestamp: UnixSeconds
    transactions: tuple[bytes, ...]
    """Raw EIP-2718 bytes, in order; not yet known to be transactions."""

    def encode(self) -> bytes:
        """The batch with its version byte."""
        return bytes((SINGULAR_BATCH_VERSION,)) + rlp.encode(
            [
                self.parent_hash,
                rlp.int_to_bytes(self.epoch_number),
                self.epoch_hash,
                rlp.int_to_bytes(self.timestamp),
                list(self.transactions),
            ]
        )


def decode_singular_batch(data: bytes) -> SingularBatch:
    """The batch in `data`, whose first byte is its version; bytes after the batch are ignored. Raises BatchError."""
    try:
        item, _ = rlp.decode_item(data, 1)
        parent_hash, epoch_number, epoch_hash, timestamp, transactions = rlp.to_list(item, length=5)
        return SingularBatch(
            parent_hash=Hash32(rlp.to_bytes(parent_hash, length=32)),
            epoch_number=L1BlockNumber(rlp.to_int(epoch_number, max_bytes=8)),
            epoch_hash=Hash32(rlp.to_bytes(epoch_hash, length=32)),
            timestamp=UnixSeconds(rlp.to_int(timestamp, max_bytes=8)),
            transactions=tuple(rlp.to_bytes(raw) for raw in rlp.to_list(transactions)),
        )
    except DecodeError as error:
        raise BatchError(f"malformed singular batch: {error}") from error
