"""The record codec: a fixed example to the byte, and every bound."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_hash.auto import keccak

from contracts.records import (
    Batch,
    Record,
    RecordError,
    Share,
    decode_batch,
    decode_record,
    encode_batch,
    encode_record,
    escrow_batch,
    record_fee,
    record_hash,
    record_id,
)

RECORD = Record(
    model_id=1,
    checkpoint=2,
    payer_index=0,
    tokens_in=0x01020304,
    tokens_out=0x05060708,
    method=9,
    evidence_ppm=250_000,
    record_hash=b"\xaa" * 32,
    shares=(Share(contribution_id=3, ppm=400_000), Share(contribution_id=7, ppm=600_000)),
)
BATCH = Batch(chain_id=161_299, worker=b"\xbb" * 20, nonce=5, payers=(b"\xcc" * 20,), records=(RECORD,))


def test_a_record_is_packed_as_the_format_says() -> None:
    assert encode_record(RECORD).hex() == (
        "00000001" "00000002" "0000" "01020304" "05060708" "09" "0003d090" + "aa" * 32 + "00"
        "02" "00000003" "00061a80" "00000007" "000927c0"
    )  # fmt: skip


def test_a_batch_is_packed_as_the_format_says() -> None:
    header = "01" "0000000000027613" + "bb" * 20 + "0000000000000005" "0001" + "cc" * 20 + "0001"  # fmt: skip
    assert encode_batch(BATCH).hex() == header + encode_record(RECORD).hex()


@pytest.mark.parametrize("count", [1, 2, 16])
@pytest.mark.parametrize("request_id", [None, b"\xdd" * 32])
def test_a_record_takes_57_bytes_and_8_a_share_and_32_for_a_request(count: int, request_id: bytes | None) -> None:
    shares = tuple(Share(contribution_id=i + 1, ppm=1_000_000 // count) for i in range(count))
    data = encode_record(replace(RECORD, shares=shares, request_id=request_id))
    assert len(data) == 57 + 8 * count + (32 if request_id else 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_id": 2**32},
        {"model_id": -1},
        {"checkpoint": 2**32},
        {"payer_index": 2**16},
        {"tokens_in": 2**32},
        {"tokens_out": 2**32},
        {"method": 256},
        {"evidence_ppm": 1_000_001},
        {"record_hash": b"\1" * 31},
        {"request_id": b"\1" * 33},
        {"shares": ()},
        {"shares": (Share(contribution_id=0, ppm=1_000_000),)},
        {"shares": (Share(contribution_id=2**32, ppm=1_000_000),)},
        {"shares": (Share(contribution_id=1, ppm=999_999),)},
        {"shares": (Share(contribution_id=1, ppm=0), Share(contribution_id=2, ppm=1_000_000))},
        {"shares": (Share(contribution_id=2, ppm=500_000), Share(contribution_id=1, ppm=500_000))},
        {"shares": (Share(contribution_id=2, ppm=500_000), Share(contribution_id=2, ppm=500_000))},
        {"shares": tuple(Share(contribution_id=i + 1, ppm=62_500 - 3_677) for i in range(17))},
    ],
)
def test_refuses_to_encode_a_record_out_of_bounds(changes: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        encode_record(replace(RECORD, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": 2**64},
        {"worker": b"\1" * 19},
        {"nonce": 2**64},
        {"payers": ()},
        {"payers": (b"\1" * 21,)},
        {"payers": (b"\1" * 20,) * 257},
        {"records": ()},
        {"records": (replace(RECORD, payer_index=1),)},
        {"records": (RECORD,) * 2049},
        {
            "records": (replace(RECORD, shares=tuple(Share(contribution_id=i + 1, ppm=62_500) for i in range(16))),)
            * 709
        },
    ],
)
def test_refuses_to_encode_a_batch_out_of_bounds(changes: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        encode_batch(replace(BATCH, **changes))


@pytest.mark.parametrize(
    ("position", "new"),
    [
        (0, b"\x02"),
        (37, b"\x00\x00"),
        (37, b"\xff\xff"),
        (59, b"\x00\x00"),
        (59, b"\x00\x02"),
        (59, b"\xff\xff"),
        (61 + 8, b"\x00\x01"),
        (61 + 19, b"\xff"),
        (61 + 55, b"\x02"),
        (61 + 55, b"\x01"),
        (61 + 56, b"\x00"),
        (61 + 56, b"\x01"),
        (61 + 56, b"\x03"),
        (61 + 56, b"\x11"),
    ],
)
def test_refuses_to_decode_a_broken_batch(position: int, new: bytes) -> None:
    data = encode_batch(BATCH)
    with pytest.raises(RecordError):
        decode_batch(data[:position] + new + data[position + len(new) :])


def test_refuses_every_truncation_and_trailing_bytes() -> None:
    data, record = encode_batch(BATCH), encode_record(replace(RECORD, request_id=b"\1" * 32))
    for broken in (*(data[:length] for length in range(len(data))), data + b"\0"):
        with pytest.raises(RecordError):
            decode_batch(broken)
    for broken in (*(record[:length] for length in range(len(record))), record + b"\0"):
        with pytest.raises(RecordError):
            decode_record(broken)


def test_record_names_and_hashes() -> None:
    batch = keccak(b"batch")
    assert record_id(batch, 258) == keccak(batch + b"\x01\x02")
    assert record_hash(b"\1" * 32, b"\2" * 32, b"\3" * 32) == keccak(b"\1" * 32 + b"\2" * 32 + b"\3" * 32)
    with pytest.raises(RecordError):
        record_id(batch, 65_536)
    with pytest.raises(RecordError):
        record_id(batch[1:], 0)
    with pytest.raises(RecordError):
        record_hash(b"\1" * 31, b"\2" * 32, b"\3" * 32)


def test_fees_are_rounded_up_and_bounded() -> None:
    assert record_fee(1, 0, 1, 0) == 1
    assert record_fee(1000, 2000, 5, 7) == 19
    assert record_fee(0, 0, 5, 7) == 0
    for arguments in ((2**32, 0, 0, 0), (0, -1, 0, 0), (0, 0, 2**128, 0)):
        with pytest.raises(RecordError):
            record_fee(*arguments)


def test_an_escrow_batch_needs_a_request() -> None:
    with pytest.raises(RecordError):
        escrow_batch(RECORD, chain_id=1, worker=b"\1" * 20, nonce=0, payer=b"\2" * 20)
