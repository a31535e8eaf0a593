"""Whatever the codecs encode they decode to the same, and whatever bytes come ends in a value or a typed error."""

import dataclasses
import tracemalloc
from array import array

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollup.codec import (
    Frame,
    L1Attributes,
    SingularBatch,
    SpanBatch,
    compress_brotli,
    compress_zlib,
    decode_batch,
    decode_deposit_log,
    decode_frames,
    decode_l1_attributes_deposit,
    decode_message_passed,
    encode_batch,
    encode_channel,
    encode_deposit_log,
    encode_frames,
    read_batches,
    split_frames,
    user_deposit_source_hash,
)
from rollup.codec.columns import Bits, ColumnReader, encode_uvarint
from rollup.codec.system_config import apply_config_updates
from rollup.types import L1BlockNumber, L1Receipt
from state.blocks import Log
from state.errors import DecodeError
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Hash32, Nonce, UnixSeconds, Wei
from state.transactions import (
    AccessListEntry,
    Authorization,
    DepositTransaction,
    SignedTransaction,
    TransactionType,
    encode_transaction,
)
from tests.unit.rollup.codec.builders import CHAIN_ID, make_config

CONFIG = make_config()
uint64 = st.integers(0, 2**64 - 1)
uint256 = st.integers(0, 2**256 - 1)
hashes = st.binary(min_size=32, max_size=32).map(Hash32)
addresses = st.binary(min_size=20, max_size=20).map(Address)
channel_ids = st.binary(min_size=16, max_size=16)
access_lists = st.lists(
    st.builds(AccessListEntry, address=addresses, storage_keys=st.lists(hashes, max_size=3).map(tuple)), max_size=2
).map(tuple)
authorizations = st.lists(
    st.builds(
        Authorization,
        chain_id=uint256,
        address=addresses,
        nonce=uint64,
        y_parity=st.integers(0, 255),
        r=uint256,
        s=uint256,
    ),
    max_size=2,
).map(tuple)


@st.composite
def signed_transactions(draw: st.DrawFn) -> bytes:
    """Raw bytes of a transaction of any batchable type; the signature need not be anybody's."""
    kind = draw(st.sampled_from([kind for kind in TransactionType if kind != TransactionType.DEPOSIT]))
    legacy = kind == TransactionType.LEGACY
    price = draw(uint256)
    priced = kind in (TransactionType.LEGACY, TransactionType.ACCESS_LIST)
    to = draw(addresses if kind == TransactionType.SET_CODE else st.none() | addresses)
    return encode_transaction(
        SignedTransaction(
            type=kind,
            chain_id=draw(st.sampled_from([CHAIN_ID, None])) if legacy else CHAIN_ID,
            nonce=Nonce(draw(uint64)),
            gas_limit=Gas(draw(uint64)),
            max_fee_per_gas=Wei(price),
            max_priority_fee_per_gas=Wei(price if priced else draw(uint256)),
            to=to,
            value=Wei(draw(uint256)),
            data=draw(st.binary(max_size=200)),
            access_list=() if legacy else draw(access_lists),
            authorizations=draw(authorizations) if kind == TransactionType.SET_CODE else (),
            y_parity=draw(st.integers(0, 1)),
            r=draw(uint256),
            s=draw(uint256),
        )
    )


@st.composite
def span_batches(draw: st.DrawFn) -> SpanBatch:
    counts = draw(st.lists(st.integers(0, 3), min_size=1, max_size=12))
    transactions = draw(st.lists(signed_transactions(), min_size=sum(counts), max_size=sum(counts)))
    bits = draw(st.lists(st.booleans(), min_size=len(counts), max_size=len(counts)))
    return SpanBatch(
        first_timestamp=UnixSeconds(CONFIG.genesis.l2_time + draw(st.integers(0, 2**40))),
        block_time=CONFIG.block_time,
        last_epoch_number=L1BlockNumber(draw(st.integers(20, 2**63))),
        parent_check=draw(hashes)[:20],
        origin_check=draw(hashes)[:20],
        origin_bits=Bits.of(bits),
        transaction_counts=array("I", counts),
        transactions=tuple(transactions),
    )


singular_batches = st.builds(
    SingularBatch,
    parent_hash=hashes,
    epoch_number=uint64,
    epoch_hash=hashes,
    timestamp=uint64,
    transactions=st.lists(st.binary(max_size=100), max_size=5).map(tuple),
)
frames = st.builds(
    Frame,
    channel_id=channel_ids,
    number=st.integers(0, 65_535),
    data=st.binary(max_size=200),
    is_last=st.booleans(),
)


@given(st.lists(frames, min_size=1, max_size=6))
def test_frames_come_back(some: list[Frame]) -> None:
    assert list(decode_frames(encode_frames(some))) == some


@given(singular_batches)
def test_singular_batch_comes_back(batch: SingularBatch) -> None:
    assert decode_batch(batch.encode(), CONFIG) == batch


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(span_batches())
def test_span_batch_comes_back(batch: SpanBatch) -> None:
    decoded = decode_batch(encode_batch(batch, CONFIG), CONFIG)
    assert decoded == batch
    assert isinstance(decoded, SpanBatch)
    blocks = list(decoded.blocks())
    assert [raw for block in blocks for raw in block.transactions] == list(batch.transactions)
    assert blocks[-1].epoch_number == batch.last_epoch_number
    assert blocks[0].epoch_number == batch.first_epoch_number


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=50)
@given(st.lists(singular_batches | span_batches(), max_size=4), channel_ids, st.integers(24, 500))
def test_channel_comes_back_however_it_is_cut_into_frames(
    batches: list[SingularBatch | SpanBatch], channel_id: bytes, size: int
) -> None:
    pieces = split_frames(channel_id, encode_channel(batches, CONFIG, quality=5), size)
    decoded = decode_frames(encode_frames(pieces))
    encoded = list(read_batches(b"".join(frame.data for frame in decoded)))
    assert [decode_batch(data, CONFIG) for data in encoded] == batches


@given(uint64)
def test_uvarint_comes_back(value: int) -> None:
    assert ColumnReader(encode_uvarint(value)).uvarint() == value


@given(st.lists(st.booleans(), max_size=70))
def test_bit_list_comes_back(entries: list[bool]) -> None:
    bits = Bits.of(entries)
    assert [Bits(bits.data, bits.count)[i] for i in range(bits.count)] == entries
    assert bits.ones() == sum(entries)


@given(
    st.builds(
        L1Attributes,
        number=uint64,
        timestamp=uint64,
        base_fee=uint256,
        blob_base_fee=uint256,
        block_hash=hashes,
        sequence_number=uint64,
        batcher=addresses,
        base_fee_scalar=st.integers(0, 2**32 - 1),
        blob_base_fee_scalar=st.integers(0, 2**32 - 1),
        operator_fee_scalar=st.integers(0, 2**32 - 1),
        operator_fee_constant=uint64,
    )
)
def test_l1_attributes_come_back(attributes: L1Attributes) -> None:
    assert len(attributes.encode()) == 176
    assert L1Attributes.decode(attributes.encode()) == attributes


@given(
    st.builds(
        DepositTransaction,
        source_hash=hashes,
        sender=addresses,
        to=st.none() | addresses,
        mint=uint256,
        value=uint256,
        gas_limit=uint64,
        is_system_transaction=st.just(False),
        data=st.binary(max_size=100),
    ),
    hashes,
    st.integers(0, 10_000),
)
def test_deposit_comes_back_from_its_log(deposit: DepositTransaction, block_hash: Hash32, index: int) -> None:
    log = encode_deposit_log(deposit, CONFIG.deposit_contract)
    expected = dataclasses.replace(deposit, source_hash=user_deposit_source_hash(block_hash, index))
    assert decode_deposit_log(log, block_hash, index) == expected


@given(st.binary(max_size=400))
def test_any_bytes_as_frames_or_batch_end_in_a_typed_error_or_a_value(data: bytes) -> None:
    for candidate in (data, b"\x00" + data, b"\x01" + data):
        for decode in (decode_frames, lambda d: decode_batch(d, CONFIG), decode_l1_attributes_deposit):
            try:
                decode(candidate)
            except DecodeError:
                continue


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=60)
@given(span_batches(), st.data())
def test_flipped_bytes_in_a_span_batch_end_in_a_typed_error_or_a_value(batch: SpanBatch, data: st.DataObject) -> None:
    encoded = bytearray(encode_batch(batch, CONFIG))
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(1, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_batch(bytes(encoded), CONFIG)
    except DecodeError:
        return
    assert isinstance(decoded, SpanBatch)
    assert sum(len(block.transactions) for block in decoded.blocks()) == len(decoded.transactions)


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(["raw", "brotli", "zlib", "damaged"]), st.integers(0, 300))
def test_any_bytes_as_a_channel_end_in_a_typed_error_or_batches(data: bytes, form: str, at: int) -> None:
    channel = {"raw": data, "brotli": compress_brotli(data, 1), "zlib": compress_zlib(data), "damaged": b""}[form]
    if form == "damaged":
        whole = bytearray(compress_zlib(data))
        whole[at % len(whole)] ^= 0x55
        channel = bytes(whole)
    tracemalloc.start()
    try:
        for encoded in read_batches(channel):
            decode_batch(encoded, CONFIG)
    except DecodeError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 8 << 20


@given(st.lists(hashes, max_size=4).map(tuple), st.binary(max_size=300), st.booleans())
def test_any_log_ends_in_a_typed_error_or_a_value(topics: tuple[Hash32, ...], data: bytes, known: bool) -> None:
    names = (b"TransactionDeposited(address,address,uint256,bytes)", b"ConfigUpdate(uint256,uint8,bytes)")
    for name in names:
        log = Log(
            address=CONFIG.l1_system_config, topics=(keccak256(name), *topics[1:]) if known else topics, data=data
        )
        for decode in (lambda log: decode_deposit_log(log, Hash32(bytes(32)), 0), decode_message_passed):
            try:
                decode(log)
            except DecodeError:
                continue
        receipt = L1Receipt(succeeded=True, logs=(log,))
        apply_config_updates(CONFIG.genesis.system_config, [receipt], CONFIG.l1_system_config)
