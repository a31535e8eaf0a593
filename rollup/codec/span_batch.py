"""The span batch, version 1: consecutive L2 blocks in columns.

    0x01 ++ prefix ++ payload
    prefix  = rel_timestamp uvarint ++ l1_origin_num uvarint ++ parent_check 20 ++ l1_origin_check 20
    payload = block_count uvarint ++ origin_bits(block_count) ++ block_tx_counts uvarint each ++ txs

rel_timestamp is the first block's time less the genesis time; l1_origin_num and l1_origin_check belong to the last
block's origin, parent_check to the parent of the first. An origin bit says that the block's origin is the L1 block
after that of the block before. Source: specs/protocol/delta/span-batches.md.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rollup.codec.batch_error import BatchError
from rollup.codec.columns import Bits, ColumnReader, encode_uvarint
from rollup.codec.span_transactions import decode_transactions, encode_transactions
from rollup.errors import CodecError
from rollup.types import L1BlockNumber, L2BlockRef, RollupConfig
from state.errors import DecodeError
from state.primitives.types import UINT64_MAX, UnixSeconds

SPAN_BATCH_VERSION: Final = 1
MAX_SPAN_BATCH_ELEMENT_COUNT: Final = 10_000_000
"""Bound of a span batch's blocks, and of its transactions."""
CHECK_LENGTH: Final = 20
"""Bytes of a hash that a span batch keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanBlock:
    """One block of a span batch; parent and epoch hash follow from where the batch is applied."""

    timestamp: UnixSeconds
    epoch_number: L1BlockNumber
    transactions: tuple[bytes, ...]
    """Raw EIP-2718 bytes, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanBatch:
    """A span of L2 blocks, kept in columns: ten million empty blocks take 50 MB here, not gigabytes."""

    first_timestamp: UnixSeconds
    block_time: int
    """Seconds between the blocks."""
    last_epoch_number: L1BlockNumber
    parent_check: bytes
    """First 20 bytes of the hash of the first block's parent."""
    origin_check: bytes
    """First 20 bytes of the hash of the last block's L1 origin."""
    origin_bits: Bits
    """For each block: its origin differs from that of the block before."""
    transaction_counts: "array[int]"
    """For each block."""
    transactions: tuple[bytes, ...]
    """Raw EIP-2718 bytes of all blocks, in order."""

    @property
    def block_count(self) -> int:
        return len(self.transaction_counts)

    @property
    def last_timestamp(self) -> UnixSeconds:
        return UnixSeconds(self.first_timestamp + (self.block_count - 1) * self.block_time)

    @property
    def first_epoch_number(self) -> int:
        """Negative if the batch claims more origin changes than there are L1 blocks."""
        return self.last_epoch_number - self.origin_bits.ones() + self.origin_bits[0]

    def blocks(self) -> Iterator[SpanBlock]:
        """The blocks, oldest first, built one at a time."""
        epoch, position = self.first_epoch_number, 0
        for index, count in enumerate(self.transaction_counts):
            if index and self.origin_bits[index]:
                epoch += 1
            yield SpanBlock(
                timestamp=UnixSeconds(self.first_timestamp + index * self.block_time),
                epoch_number=L1BlockNumber(epoch),
                transactions=self.transactions[position : position + count],
            )
            position += count

    def encode(self, config: RollupConfig) -> bytes:
        """The batch with its version byte. Raises BatchError for what the format can't hold."""
        if not 1 <= self.block_count <= MAX_SPAN_BATCH_ELEMENT_COUNT:
            raise BatchError(f"span batch has {self.block_count} blocks")
        return b"".join(
            (
                bytes((SPAN_BATCH_VERSION,)),
                encode_uvarint(self.first_timestamp - config.genesis.l2_time),
                encode_uvarint(self.last_epoch_number),
                self.parent_check,
                self.origin_check,
                encode_uvarint(self.block_count),
                self.origin_bits.data,
                b"".join(map(encode_uvarint, self.transaction_counts)),
                encode_transactions(self.transactions, config.l2_chain_id),
            )
        )


def span_batch_of(blocks: Sequence[tuple[L2BlockRef, tuple[bytes, ...]]], config: RollupConfig) -> SpanBatch:
    """The span batch of consecutive blocks, each with its raw sequenced transactions. Raises CodecError."""
    if not blocks:
        raise CodecError("a span batch holds at least one block")
    first, last = blocks[0][0], blocks[-1][0]
    if first.timestamp < config.genesis.l2_time:
        raise CodecError("a span batch can't begin before genesis")
    return SpanBatch(
        first_timestamp=first.timestamp,
        block_time=config.block_time,
        last_epoch_number=L1BlockNumber(last.l1_origin.number),
        parent_check=first.parent_hash[:CHECK_LENGTH],
        origin_check=last.l1_origin.hash[:CHECK_LENGTH],
        # A block opens its epoch exactly if its sequence number is zero.
        origin_bits=Bits.of([ref.sequence_number == 0 for ref, _ in blocks]),
        transaction_counts=array("I", [len(transactions) for _, transactions in blocks]),
        transactions=tuple(raw for _, transactions in blocks for raw in transactions),
    )


def decode_span_batch(data: bytes, config: RollupConfig) -> SpanBatch:
    """The batch in `data`, whose first byte is its version. Raises BatchError; every count is bounded first."""
    try:
        return _decode(data, config)
    except BatchError:
        raise
    except DecodeError as error:
        raise BatchError(f"malformed span batch: {error}") from error


def _decode(data: bytes, config: RollupConfig) -> SpanBatch:
    reader = ColumnReader(data, 1)
    first_timestamp = config.genesis.l2_time + reader.uvarint()
    last_epoch = reader.uvarint()
    parent_check, origin_check = reader.take(CHECK_LENGTH), reader.take(CHECK_LENGTH)
    block_count = _bounded(reader.uvarint(), "blocks", reader.left)
    if block_count == 0:
        raise BatchError("span batch holds no block")
    origin_bits = reader.bits(block_count)
    counts = _transaction_counts(reader, block_count)
    if first_timestamp + block_count * config.block_time > UINT64_MAX:
        raise BatchError("span batch's time exceeds 64 bits")
    return SpanBatch(
        first_timestamp=UnixSeconds(first_timestamp),
        block_time=config.block_time,
        last_epoch_number=L1BlockNumber(last_epoch),
        parent_check=parent_check,
        origin_check=origin_check,
        origin_bits=origin_bits,
        transaction_counts=counts,
        transactions=decode_transactions(data, reader.position, sum(counts), config.l2_chain_id),
    )


def _transaction_counts(reader: ColumnReader, block_count: int) -> "array[int]":
    counts, total = array("I"), 0
    for _ in range(block_count):
        count = _bounded(reader.uvarint(), "transactions", reader.left)
        total += count
        counts.append(count)
    _bounded(total, "transactions", reader.left)
    return counts


def _bounded(count: int, what: str, bytes_left: int) -> int:
    """`count`, if the format allows it and the bytes left could hold so many at one byte each."""
    limit = min(MAX_SPAN_BATCH_ELEMENT_COUNT, bytes_left)
    if count > limit:
        raise BatchError(f"too many {what} in a span batch: got {count}, expected at most {limit}")
    return count
