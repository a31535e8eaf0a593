"""Real bytes: an OP Mainnet batcher transaction, op-node's span batch, a kona channel, a Base L1-attributes deposit.

The two files are test data of op-rs/kona (MIT): the transaction 0xe69d9433…cd6cf from L1, and a span batch that
op-node's tests made for chain 981.
"""

import dataclasses
from pathlib import Path

from rollup.codec import (
    FRAME_OVERHEAD,
    SingularBatch,
    SpanBatch,
    decode_batch,
    decode_frames,
    decode_l1_attributes_deposit,
    decompress,
    encode_batch,
    encode_frames,
    read_batches,
)
from rollup.codec.deposits import l1_attributes_source_hash
from rollup.derivation.l1_retrieval import batcher_calldata
from rollup.types import RollupConfig
from state.primitives.crypto import keccak256
from state.primitives.types import UnixSeconds
from state.transactions import DepositTransaction, decode_transaction, encode_transaction, recover_transaction
from tests.unit.rollup.codec.builders import make_config

FOLDER = Path(__file__).parent
OP_MAINNET_BATCHER = bytes.fromhex("6887246668a3b87f54deb3b94ba47a6f63f32985")
OP_MAINNET_INBOX = bytes.fromhex("ff00000000000000000000000000000000000010")
KONA_FRAMES = (
    "60d54f49b71978b1b09288af847b11d200000000004d1b1301f82f0f6c3734f4821cd090ef3979d71a98e7e483b1dccdd525024c0ef16f425c7b"
    "4976a7acc0c94a0514b72c096d4dcc52f0b22dae193c70c86d0790a304a08152c8250031d091063ea000",
    "60d54f49b71978b1b09288af847b11d2000100000046b00d00005082edde7ccf05bded2004462b5e80e1c42cd08e307f5baac723b22864cc6cd0"
    "1ddde84efc7c018d7ada56c2fa8e3c5bedd494c3a7a884439d5771afcecaf196cb3801",
)
BASE_DEPOSIT = (
    "7ef90104a06c0c775b6b492bab9d7e81abdf27f77cafb698551226455a82f559e0f93fea3794deaddeaddeaddeaddeaddeaddeaddeaddead0001"
    "9442000000000000000000000000000000000000158080830f424080b8b0098999be000008dd00101c1200000000000000020000000068869d63"
    "00000000015f277f000000000000000000000000000000000000000000000000000000000d42ac29000000000000000000000000000000000000"
    "0000000000000000000000000001abf52777e63959936b1bf633a2a643f0da38d63deffe49452fed1bf8a44975d5000000000000000000000000"
    "5050f69a9786f081509234f1a7f4684b5e5b76c9000000000000000000000000"
)
BASE_DEPOSIT_HASH = "ba56c8b0deb460ff070f8fca8e2ee01e51a3db27841cc862fdd94cc1a47662b6"


def config_of(chain_id: int, genesis_time: int) -> RollupConfig:
    config = make_config()
    genesis = dataclasses.replace(config.genesis, l2_time=UnixSeconds(genesis_time))
    return dataclasses.replace(config, l2_chain_id=chain_id, genesis=genesis)


def test_op_mainnet_batcher_transaction_decodes_to_signed_transactions_and_encodes_back() -> None:
    raw = (FOLDER / "op_mainnet_batcher_transaction.bin").read_bytes()
    calldata = batcher_calldata(raw, OP_MAINNET_INBOX, OP_MAINNET_BATCHER)
    assert calldata is not None
    frames = decode_frames(calldata)
    assert encode_frames(frames) == calldata
    assert [(frame.number, frame.is_last) for frame in frames] == [(0, True)]
    assert len(calldata) == 1 + FRAME_OVERHEAD + len(frames[0].data)
    assert frames[0].data.endswith(b"\x00\x00\xff\xff"), "the zlib stream ends at a sync flush, unfinished"

    config = config_of(10, 1_686_068_903)
    (encoded,) = read_batches(frames[0].data)
    batch = decode_batch(encoded, config)
    assert isinstance(batch, SpanBatch)
    assert encode_batch(batch, config) == encoded
    assert (len(batch.transactions), batch.last_epoch_number, batch.first_timestamp) == (209, 19_426_585, 1_710_338_157)
    assert all(recover_transaction(transaction).sender for transaction in batch.transactions)
    blocks = list(batch.blocks())
    assert blocks[-1].timestamp == batch.last_timestamp
    assert blocks[-1].epoch_number == batch.last_epoch_number
    assert sum(len(block.transactions) for block in blocks) == len(batch.transactions)


def test_op_node_span_batch_rebuilds_valid_signatures_of_all_three_types_and_encodes_back() -> None:
    encoded = b"\x01" + (FOLDER / "op_node_span_batch.bin").read_bytes()
    config = config_of(981, 0)
    batch = decode_batch(encoded, config)
    assert isinstance(batch, SpanBatch)
    assert list(batch.transaction_counts) == [8, 15, 15, 1]
    assert {raw[0] if raw[0] < 0x80 else 0 for raw in batch.transactions} == {0, 1, 2}
    assert all(recover_transaction(raw).raw == raw for raw in batch.transactions)
    assert encode_batch(batch, config) == encoded


def test_kona_brotli_channel_in_two_frames_holds_its_singular_batch() -> None:
    frames = decode_frames(b"\x00" + b"".join(map(bytes.fromhex, KONA_FRAMES)))
    assert [(frame.number, frame.is_last) for frame in frames] == [(0, False), (1, True)]
    # kona's example leaves out the version byte and the RLP string around the batch.
    encoded = b"".join(decompress(b"\x01" + b"".join(frame.data for frame in frames)))
    batch = decode_batch(encoded, config_of(10, 0))
    assert isinstance(batch, SingularBatch)
    assert (batch.parent_hash, batch.epoch_number, batch.epoch_hash, batch.timestamp) == (bytes(32), 1, bytes(32), 1)
    first, second = (decode_transaction(raw) for raw in batch.transactions)
    assert (first.to, second.to) == (bytes(19) + b"\x06", bytes(19) + b"\x07")
    assert batch.encode() == encoded


def test_base_l1_attributes_deposit_has_its_hash_source_hash_and_fields() -> None:
    raw = bytes.fromhex(BASE_DEPOSIT)
    assert keccak256(raw).hex() == BASE_DEPOSIT_HASH
    deposit = decode_transaction(raw)
    assert isinstance(deposit, DepositTransaction)
    assert encode_transaction(deposit) == raw
    attributes = decode_l1_attributes_deposit(raw)
    assert attributes.encode() == deposit.data
    assert deposit.source_hash == l1_attributes_source_hash(attributes.block_hash, attributes.sequence_number)
    assert (attributes.number, attributes.timestamp, attributes.sequence_number) == (23_013_247, 1_753_652_579, 2)
    assert (attributes.base_fee, attributes.blob_base_fee) == (222_473_257, 1)
    assert (attributes.base_fee_scalar, attributes.blob_base_fee_scalar) == (2269, 1_055_762)
    assert attributes.batcher.hex() == "5050f69a9786f081509234f1a7f4684b5e5b76c9"
