"""Singular and span batches: layout, limits, rebuilt transactions."""

import dataclasses
import tracemalloc
from array import array

import pytest

from rollup.codec import BatchError, SingularBatch, SpanBatch, decode_batch, encode_batch, span_batch_of
from rollup.codec.columns import Bits, ColumnReader, encode_uvarint
from rollup.codec.span_batch import MAX_SPAN_BATCH_ELEMENT_COUNT
from rollup.types import L1BlockNumber, RollupConfig
from state.errors import DecodeError
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import UnixSeconds
from state.transactions import TransactionType, recover_transaction
from tests.unit.rollup.codec.builders import every_kind, make_refs, make_transaction

SINGULAR = SingularBatch(
    parent_hash=keccak256(b"parent"),
    epoch_number=L1BlockNumber(101),
    epoch_hash=keccak256(b"epoch"),
    timestamp=UnixSeconds(1_000_002),
    transactions=(b"\x02\xc0", b"", b"\xc0"),
)


def prefix(*, epoch: int = 101) -> bytes:
    return b"\x01" + encode_uvarint(2) + encode_uvarint(epoch) + b"\xaa" * 20 + b"\xbb" * 20


def span(config: RollupConfig, transactions: tuple[bytes, ...] = ()) -> SpanBatch:
    refs = make_refs([1, 2])
    return span_batch_of([(refs[0], transactions), (refs[1], ()), (refs[2], transactions)], config)


def test_singular_batch_comes_back(config: RollupConfig) -> None:
    assert decode_batch(SINGULAR.encode(), config) == SINGULAR


def test_singular_batch_ignores_bytes_after_it(config: RollupConfig) -> None:
    assert decode_batch(SINGULAR.encode() + b"more", config) == SINGULAR


@pytest.mark.parametrize(
    "data",
    [b"", b"\x02", b"\x00", b"\x00\xc0", b"\x00\x80", SINGULAR.encode()[:-1], b"\x00" + rlp.encode([b""] * 5)],
)
def test_refuses_what_is_no_batch(data: bytes, config: RollupConfig) -> None:
    with pytest.raises(BatchError):
        decode_batch(data, config)


def test_span_batch_layout(config: RollupConfig) -> None:
    refs = make_refs([1, 2])
    encoded = encode_batch(span(config), config)
    head = b"\x01" + b"\x02" + b"\x66" + refs[0].parent_hash[:20] + refs[2].l1_origin.hash[:20]
    # Three blocks; the first and the second open an epoch (bits 0 and 1), no transactions.
    assert encoded == head + b"\x03" + b"\x03" + b"\x00\x00\x00"


@pytest.mark.parametrize("index", range(7))
def test_span_batch_rebuilds_each_kind_of_transaction(index: int, config: RollupConfig) -> None:
    raw = every_kind()[index]
    batch = decode_batch(encode_batch(span(config, (raw,)), config), config)
    assert isinstance(batch, SpanBatch)
    assert batch.transactions == (raw, raw)
    assert recover_transaction(batch.transactions[0]).raw == raw


def test_span_batch_comes_back_whole(config: RollupConfig) -> None:
    batch = span(config, every_kind())
    assert decode_batch(encode_batch(batch, config), config) == batch


def test_span_batch_ignores_bytes_after_it(config: RollupConfig) -> None:
    batch = span(config, every_kind())
    assert decode_batch(encode_batch(batch, config) + b"more", config) == batch


def test_span_blocks_have_their_time_epoch_and_transactions(config: RollupConfig) -> None:
    blocks = list(span(config, every_kind()).blocks())
    assert [block.timestamp for block in blocks] == [1_000_002, 1_000_004, 1_000_006]
    assert [block.epoch_number for block in blocks] == [101, 102, 102]
    assert [len(block.transactions) for block in blocks] == [7, 0, 7]


def test_span_that_goes_on_in_its_parents_epoch_starts_there(config: RollupConfig) -> None:
    refs = make_refs([3, 1])
    batch = span_batch_of([(ref, ()) for ref in refs[1:]], config)
    assert (batch.first_epoch_number, batch.last_epoch_number) == (101, 102)
    assert [block.epoch_number for block in batch.blocks()] == [101, 101, 102]


@pytest.mark.parametrize("length", range(60))
def test_refuses_a_span_batch_cut_anywhere(length: int, config: RollupConfig) -> None:
    encoded = encode_batch(span(config, (make_transaction(),)), config)
    cut = len(encoded) * length // 60
    with pytest.raises(BatchError):
        decode_batch(encoded[:cut], config)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x00", "no block"),
        (encode_uvarint(MAX_SPAN_BATCH_ELEMENT_COUNT + 1) + bytes(20_000_000), "too many blocks"),
        (encode_uvarint(2**63), "too many blocks"),
        (b"\x01\x02\x00", "beyond its 1 entries"),
        (b"\x01\x01" + encode_uvarint(2**64 - 1), "too many transactions"),
        (b"\x01\x01" + encode_uvarint(1000) + bytes(1100), "cut short"),
        (b"\x02\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00", "64 bits"),
        (b"\x80" * 11, "64 bits"),
    ],
)
def test_bounds_every_count_before_taking_memory(payload: bytes, reason: str, config: RollupConfig) -> None:
    with pytest.raises(BatchError, match=reason):
        decode_batch(prefix() + payload, config)


def one_transaction(body: bytes, *, creation: int = 0, protected: bytes = b"\x00") -> bytes:
    to = b"" if creation else b"\x42" * 20
    return prefix() + b"\x01\x01\x01" + bytes((creation,)) + b"\x00" + bytes(64) + to + body + b"\x05\x06" + protected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x00\xc0", "not supported"),
        (b"\x03\xc0", "not supported"),
        (b"\x7e\xc0", "not supported"),
        (b"\x80" + bytes(10), "string where a transaction"),
        (rlp.encode([b"", b""]) + bytes(10), "wrong number"),
        (rlp.encode([b"", b"", b"", b""]) + bytes(10), "list for a string"),
        (rlp.encode([b"\x00\x01", b"", b""]) + bytes(10), "leading zeros"),
        (rlp.encode([[], b"", b""]) + bytes(10), "list for a string"),
        (b"\x01" + rlp.encode([b"", b"", b"", b""]) + bytes(10), "list for a string"),
        (b"\x01" + rlp.encode([b"", b"", b"", [[b"short", []]]]) + bytes(10), "wrong string length"),
        (b"\x04" + rlp.encode([b"", b"", b"", b"", [], [[b""]]]) + bytes(10), "wrong number"),
    ],
)
def test_refuses_transaction_data_that_is_none(body: bytes, reason: str, config: RollupConfig) -> None:
    with pytest.raises(BatchError, match=reason):
        decode_batch(one_transaction(body), config)


def test_refuses_a_set_code_transaction_that_creates(config: RollupConfig) -> None:
    body = b"\x04" + rlp.encode([b"", b"", b"", b"", [], []]) + bytes(20)
    with pytest.raises(BatchError, match="can't create"):
        decode_batch(one_transaction(body, creation=1), config)


def test_keeps_a_value_that_only_execution_may_refuse(config: RollupConfig) -> None:
    huge = b"\xff" * 40
    batch = decode_batch(one_transaction(rlp.encode([huge, b"", b""]) + bytes(3)), config)
    assert isinstance(batch, SpanBatch)
    assert rlp.decode_list(batch.transactions[0])[4] == huge


def test_refuses_to_encode_deposits_and_other_chains_transactions(config: RollupConfig) -> None:
    foreign = make_transaction(chain_id=1)
    for raw in (foreign, b"\x7e\xc0"):
        with pytest.raises(DecodeError):
            encode_batch(span(config, (raw,)), config)


def test_refuses_to_encode_a_span_without_blocks(config: RollupConfig) -> None:
    empty = dataclasses.replace(span(config), transaction_counts=array("I"), origin_bits=Bits.of([]))
    with pytest.raises(BatchError):
        encode_batch(empty, config)


def test_millions_of_empty_blocks_stay_columns(config: RollupConfig) -> None:
    count = 1_000_000
    batch = decode_batch(prefix() + encode_uvarint(count) + bytes(count // 8) + bytes(count), config)
    assert isinstance(batch, SpanBatch)
    assert batch.block_count == count
    assert batch.transaction_counts.buffer_info()[1] * batch.transaction_counts.itemsize <= 4 * count


def test_smallest_possible_transactions_take_memory_in_proportion(config: RollupConfig) -> None:
    count = 50_000
    bits = bytes((count + 7) // 8)
    body = rlp.encode([b"", b"", b""])
    columns = bits * 2 + bytes(64 * count) + bytes(20 * count) + body * count + bytes(2 * count) + bits
    encoded = prefix() + b"\x01\x01" + encode_uvarint(count) + columns
    tracemalloc.start()
    batch = decode_batch(encoded, config)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(batch, SpanBatch)
    assert len(batch.transactions) == count
    assert peak < 10 * len(encoded)


def test_bit_lists_are_big_endian_integers_whose_lowest_bit_is_the_first_entry() -> None:
    bits = Bits.of([True, False, False, False, False, False, False, False, False, True])
    assert bits.data == b"\x02\x01"
    assert (bits[0], bits[1], bits[9], bits.ones(), len(bits)) == (True, False, True, 2, 10)
    with pytest.raises(IndexError):
        bits[10]


def test_uvarint_is_leb128_and_longer_forms_are_accepted() -> None:
    assert encode_uvarint(300) == b"\xac\x02"
    assert ColumnReader(b"\xac\x02").uvarint() == 300
    assert ColumnReader(b"\x81\x80\x00").uvarint() == 1
    assert ColumnReader(encode_uvarint(2**64 - 1)).uvarint() == 2**64 - 1


def test_type_enum_covers_what_a_span_can_carry() -> None:
    assert {int(kind) for kind in TransactionType} == {0, 1, 2, 4, 0x7E}
