"""Every byte that the rollup writes to or reads from the two chains, pure and bounded.

L2 blocks towards L1, from the inside out:
    span_transactions, columns   the columns of a span batch
    singular_batch, span_batch   the two batch formats; `batches` decodes either
    compression, channel         batches -> one compressed channel -> frames, and back, streamed
    frames                       frames -> a batcher transaction's calldata

L1 towards L2:
    deposits                     TransactionDeposited logs -> deposit transactions, source hashes, aliasing
    l1_attributes                the deposit that opens every L2 block; the blob base fee
    system_config                ConfigUpdate logs -> the system config

Both ways: `references` reads an L2 block's origin and system config back, `output_root` and `withdrawals` are what
the bridge proves.

Whatever comes from outside ends in a value or in a typed error (CodecError, or its parent DecodeError), within memory
that is bounded before it is taken. Start reading at `channel.py`. Imports `rollup.types`, `rollup.errors` and `state`;
no clock, no randomness, no network.
"""

from rollup.codec.batch_error import BatchError
from rollup.codec.batches import Batch, decode_batch, encode_batch
from rollup.codec.channel import ChannelOut, encode_channel, read_batches, split_frames
from rollup.codec.compression import MAX_RLP_BYTES_PER_CHANNEL, ChannelError, compress_brotli, compress_zlib, decompress
from rollup.codec.deposits import (
    DepositError,
    alias_address,
    decode_deposit_log,
    derive_deposits,
    encode_deposit_log,
    unalias_address,
    user_deposit_source_hash,
)
from rollup.codec.frames import FRAME_OVERHEAD, Frame, FrameError, decode_frames, encode_frames
from rollup.codec.l1_attributes import (
    CANCUN_BLOB_FRACTION,
    PRAGUE_BLOB_FRACTION,
    L1Attributes,
    L1AttributesError,
    blob_base_fee,
    decode_l1_attributes_deposit,
    l1_attributes_deposit,
)
from rollup.codec.output_root import Output, OutputError, output_of, output_root
from rollup.codec.references import l2_block_ref, system_config_of
from rollup.codec.singular_batch import SingularBatch
from rollup.codec.span_batch import SpanBatch, SpanBlock, span_batch_of
from rollup.codec.system_config import (
    CONFIG_UPDATE_TOPIC,
    ConfigUpdateError,
    UpdateType,
    apply_config_updates,
    encode_config_update,
    unsafe_block_signer,
)
from rollup.codec.withdrawals import (
    MESSAGE_PASSER_ADDRESS,
    WithdrawalError,
    decode_message_passed,
    sent_message_key,
    withdrawal_hash,
    withdrawals_in,
)

__all__ = [
    "CANCUN_BLOB_FRACTION",
    "CONFIG_UPDATE_TOPIC",
    "FRAME_OVERHEAD",
    "MAX_RLP_BYTES_PER_CHANNEL",
    "MESSAGE_PASSER_ADDRESS",
    "PRAGUE_BLOB_FRACTION",
    "Batch",
    "BatchError",
    "ChannelError",
    "ChannelOut",
    "ConfigUpdateError",
    "DepositError",
    "Frame",
    "FrameError",
    "L1Attributes",
    "L1AttributesError",
    "Output",
    "OutputError",
    "SingularBatch",
    "SpanBatch",
    "SpanBlock",
    "UpdateType",
    "WithdrawalError",
    "alias_address",
    "apply_config_updates",
    "blob_base_fee",
    "compress_brotli",
    "compress_zlib",
    "decode_batch",
    "decode_deposit_log",
    "decode_frames",
    "decode_l1_attributes_deposit",
    "decode_message_passed",
    "decompress",
    "derive_deposits",
    "encode_batch",
    "encode_channel",
    "encode_config_update",
    "encode_deposit_log",
    "encode_frames",
    "l1_attributes_deposit",
    "l2_block_ref",
    "output_of",
    "output_root",
    "read_batches",
    "sent_message_key",
    "span_batch_of",
    "split_frames",
    "system_config_of",
    "unalias_address",
    "unsafe_block_signer",
    "user_deposit_source_hash",
    "withdrawal_hash",
    "withdrawals_in",
]
