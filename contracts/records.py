"""Packed inference records and batches: what workers settle on chain and everybody reads back from calldata.

All integers are big-endian, nothing is padded:

    batch   version u8 · chainId u64 · worker a20 · batchNonce u64 · payers u16 · payers x a20 · records u16 · records
    record  modelId u32 · checkpoint u32 · payerIndex u16 · tokensIn u32 · tokensOut u32 · method u8 · evidencePpm u32
            · recordHash b32 · escrowed u8 · [requestId b32 if escrowed] · count u8
            · count x (contributionId u32, ppm u32)

57 + 8 * count bytes a record, 32 more if escrowed. There is no fee field: the contract computes it from the
checkpoint's price.

    encode_record(record) -> bytes            decode_record(data) -> Record
    encode_batch(batch) -> bytes              decode_batch(data) -> Batch
    batch_hash(data) -> bytes                 record_id(batch_hash, index) -> bytes
    record_hash(input_hash, output_hash, evidence_hash) -> bytes
    record_fee(tokens_in, tokens_out, price_in, price_out) -> int        wei, rounded up
    escrow_batch(record, ...) -> Batch        the batch of one that `Inference.fulfil` registers

Addresses and hashes are bytes of 20 and 32. Whatever breaks a bound, in either direction, raises RecordError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sha3 import keccak_256

VERSION: Final = 1
PPM: Final = 1_000_000
MAX_SHARES: Final = 16
MAX_PAYERS: Final = 256
MAX_RECORDS: Final = 2048
MAX_BATCH_BYTES: Final = 131_072
MAX_PRICE: Final = 2**128 - 1

_U8, _U16, _U32, _U64 = (2**bits - 1 for bits in (8, 16, 32, 64))
_HEAD = 56
_SHARE = 8
_LEAST_RECORD = 57 + _SHARE


class RecordError(ValueError):
    """A record or batch that breaks the format; the message names field, value and bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one contribution is credited of an answer."""

    contribution_id: int
    """The contribution, 1 to 2**32 - 1."""
    ppm: int
    """Parts per million of the answer, 1 to 1,000,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One paid answer. Ranges are checked by the codec, where bytes come in or go out."""

    model_id: int
    checkpoint: int
    """Checkpoint of the model that answered; its price makes the fee."""
    payer_index: int
    """Place of the payer in the batch."""
    tokens_in: int
    tokens_out: int
    method: int
    """How the shares were computed; a number that the model's recipe defines (0: token evidence)."""
    evidence_ppm: int
    """How much token evidence weighed against influence, in parts per million."""
    record_hash: bytes
    """`record_hash(...)` of the preimages that the worker keeps for the challenge window."""
    request_id: bytes | None = None
    """The escrowed request that this answers; None if a voucher pays."""
    shares: tuple[Share, ...]
    """1 to 16, contribution ids ascending, ppm summing to exactly 1,000,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records that a worker settles together."""

    chain_id: int
    worker: bytes
    nonce: int
    """The worker's batch nonce: `Inference.batchNonce(worker)`, counting from 0 without a gap."""
    payers: tuple[bytes, ...]
    """One voucher each, in this order; the same payer may stand here twice with two sessions."""
    records: tuple[Record, ...]


def record_hash(input_hash: bytes, output_hash: bytes, evidence_hash: bytes) -> bytes:
    """keccak256 of the three 32-byte hashes in a row."""
    for name, value in (("input_hash", input_hash), ("output_hash", output_hash), ("evidence_hash", evidence_hash)):
        _require_bytes(name, value, 32)
    return _keccak(input_hash + output_hash + evidence_hash)


def batch_hash(data: bytes) -> bytes:
    """keccak256 of an encoded batch."""
    return _keccak(data)


def record_id(batch: bytes, index: int) -> bytes:
    """keccak256(batch hash ++ index u16): the name of one record on the chain."""
    _require_bytes("batch hash", batch, 32)
    return _keccak(batch + _uint("index", index, 2))


def record_fee(tokens_in: int, tokens_out: int, price_in: int, price_out: int) -> int:
    """Wei of one answer: prices are wei per 1,000 tokens, the sum is rounded up."""
    for name, value, bound in (
        ("tokens_in", tokens_in, _U32),
        ("tokens_out", tokens_out, _U32),
        ("price_in", price_in, MAX_PRICE),
        ("price_out", price_out, MAX_PRICE),
    ):
        _require_range(name, value, 0, bound)
    return -(-(tokens_in * price_in + tokens_out * price_out) // 1000)


def encode_record(record: Record) -> bytes:
    """The record's packed bytes; RecordError if a field is out of range."""
    check_shares(record.shares)
    _require_range("evidence_ppm", record.evidence_ppm, 0, PPM)
    _require_bytes("record_hash", record.record_hash, 32)
    escrowed = b"\0"
    if record.request_id is not None:
        _require_bytes("request_id", record.request_id, 32)
        escrowed = b"\1" + record.request_id
    head = (
        _uint("model_id", record.model_id, 4)
        + _uint("checkpoint", record.checkpoint, 4)
        + _uint("payer_index", record.payer_index, 2)
        + _uint("tokens_in", record.tokens_in, 4)
        + _uint("tokens_out", record.tokens_out, 4)
        + _uint("method", record.method, 1)
        + _uint("evidence_ppm", record.evidence_ppm, 4)
        + record.record_hash
    )
    shares = b"".join(s.contribution_id.to_bytes(4, "big") + s.ppm.to_bytes(4, "big") for s in record.shares)
    return head + escrowed + bytes([len(record.shares)]) + shares


def decode_record(data: bytes) -> Record:
    """The one record that `data` is; RecordError for anything else, trailing bytes included."""
    record, end = _read_record(data, 0)
    if end != len(data):
        raise RecordError(f"{len(data) - end} bytes follow the record")
    return record


def encode_batch(batch: Batch) -> bytes:
    """The batch's packed bytes; RecordError if a field, a count or the whole is out of range."""
    _require_bytes("worker", batch.worker, 20)
    _require_range("payer count", len(batch.payers), 1, MAX_PAYERS)
    _require_range("record count", len(batch.records), 1, MAX_RECORDS)
    for payer in batch.payers:
        _require_bytes("payer", payer, 20)
    for record in batch.records:
        _require_range("payer_index", record.payer_index, 0, len(batch.payers) - 1)
    data = b"".join(
        (
            bytes([VERSION]),
            _uint("chain_id", batch.chain_id, 8),
            batch.worker,
            _uint("nonce", batch.nonce, 8),
            len(batch.payers).to_bytes(2, "big"),
            *batch.payers,
            len(batch.records).to_bytes(2, "big"),
            *map(encode_record, batch.records),
        )
    )
    _require_range("batch length", len(data), 0, MAX_BATCH_BYTES)
    return data


def decode_batch(data: bytes) -> Batch:
    """The batch that `data` is; RecordError for anything else. Counts are checked against the bytes that are left."""
    _require_range("batch length", len(data), 41, MAX_BATCH_BYTES)
    _require_range("version", data[0], VERSION, VERSION)
    payer_count = int.from_bytes(data[37:39], "big")
    _require_range("payer count", payer_count, 1, min(MAX_PAYERS, (len(data) - 41) // 20))
    position = 39 + 20 * payer_count
    record_count = int.from_bytes(data[position : position + 2], "big")
    position += 2
    _require_range("record count", record_count, 1, min(MAX_RECORDS, (len(data) - position) // _LEAST_RECORD))
    records = []
    for _ in range(record_count):
        record, position = _read_record(data, position)
        _require_range("payer_index", record.payer_index, 0, payer_count - 1)
        records.append(record)
    if position != len(data):
        raise RecordError(f"{len(data) - position} bytes follow the last record")
    return Batch(
        chain_id=int.from_bytes(data[1:9], "big"),
        worker=data[9:29],
        nonce=int.from_bytes(data[29:37], "big"),
        payers=tuple(data[39 + 20 * i : 59 + 20 * i] for i in range(payer_count)),
        records=tuple(records),
    )


def escrow_batch(record: Record, *, chain_id: int, worker: bytes, nonce: int, payer: bytes) -> Batch:
    """The batch of one record that `Inference.fulfil` registers; nonce is the `Fulfilled` event's batchNonce."""
    if record.request_id is None:
        raise RecordError("request_id is missing: an escrowed record names its request")
    return Batch(chain_id=chain_id, worker=worker, nonce=nonce, payers=(payer,), records=(record,))


def check_shares(shares: tuple[Share, ...]) -> None:
    """RecordError unless 1 to 16 shares have ascending ids and sum to exactly 1,000,000 ppm."""
    _require_range("share count", len(shares), 1, MAX_SHARES)
    previous = 0
    for share in shares:
        _require_range("contribution_id", share.contribution_id, previous + 1, _U32)
        _require_range("ppm", share.ppm, 1, PPM)
        previous = share.contribution_id
    _require_range("sum of ppm", sum(share.ppm for share in shares), PPM, PPM)


def _read_record(data: bytes, start: int) -> tuple[Record, int]:
    # Returns the record that begins at `start`, and where the next one does.
    if len(data) - start < _LEAST_RECORD:
        raise RecordError(f"record at {start}: got {len(data) - start} bytes, expected at least {_LEAST_RECORD}")
    escrowed = data[start + 55]
    _require_range("escrowed", escrowed, 0, 1)
    count_at = start + _HEAD + 32 * escrowed
    if count_at >= len(data):
        raise RecordError(f"record at {start} ends inside its request id")
    count = data[count_at]
    _require_range("share count", count, 1, MAX_SHARES)
    end = count_at + 1 + _SHARE * count
    if end > len(data):
        raise RecordError(f"record at {start} ends inside its {count} shares")
    shares = tuple(
        Share(
            contribution_id=int.from_bytes(data[at : at + 4], "big"),
            ppm=int.from_bytes(data[at + 4 : at + 8], "big"),
        )
        for at in range(count_at + 1, end, _SHARE)
    )
    check_shares(shares)

    def uint(first: int, last: int) -> int:
        return int.from_bytes(data[start + first : start + last], "big")

    _require_range("evidence_ppm", uint(19, 23), 0, PPM)
    record = Record(
        model_id=uint(0, 4),
        checkpoint=uint(4, 8),
        payer_index=uint(8, 10),
        tokens_in=uint(10, 14),
        tokens_out=uint(14, 18),
        method=uint(18, 19),
        evidence_ppm=uint(19, 23),
        record_hash=data[start + 23 : start + 55],
        request_id=data[start + _HEAD : start + _HEAD + 32] if escrowed else None,
        shares=shares,
    )
    return record, end


def _keccak(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest


def _uint(name: str, value: int, size: int) -> bytes:
    _require_range(name, value, 0, {1: _U8, 2: _U16, 4: _U32, 8: _U64}[size])
    return value.to_bytes(size, "big")


def _require_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise RecordError(f"{name}: got {value}, expected {low} to {high}")


def _require_bytes(name: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise RecordError(f"{name}: got {len(value)} bytes, expected {length}")
