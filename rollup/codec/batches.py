"""Batches of either version: what a channel is made of."""

from typing import TypeAlias

from rollup.codec.batch_error import BatchError
from rollup.codec.singular_batch import SINGULAR_BATCH_VERSION, SingularBatch, decode_singular_batch
from rollup.codec.span_batch import SPAN_BATCH_VERSION, SpanBatch, decode_span_batch
from rollup.types import RollupConfig

Batch: TypeAlias = SingularBatch | SpanBatch


def encode_batch(batch: Batch, config: RollupConfig) -> bytes:
    """The batch with its version byte."""
    return batch.encode() if isinstance(batch, SingularBatch) else batch.encode(config)


def decode_batch(data: bytes, config: RollupConfig) -> Batch:
    """The batch in `data`, version byte first. Raises BatchError for an unknown version or malformed content."""
    if not data:
        raise BatchError("batch is empty")
    if data[0] == SINGULAR_BATCH_VERSION:
        return decode_singular_batch(data)
    if data[0] == SPAN_BATCH_VERSION:
        return decode_span_batch(data, config)
    raise BatchError(f"batch of unknown version: got {data[0]}")
