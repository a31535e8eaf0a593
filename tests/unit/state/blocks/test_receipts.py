"""Receipts, logs and bloom, against py-evm's."""

import pytest
import rlp as peer
from eth.rlp.logs import Log as EvmLog
from eth.rlp.receipts import Receipt as EvmReceipt
from eth_bloom import BloomFilter

from state.blocks import Log, Receipt, bloom_contains, combine_blooms, logs_bloom
from state.blocks.receipts import ReceiptDecodeError
from state.errors import DecodeError
from state.primitives import rlp
from state.primitives.rlp import RLPError
from state.transactions import TransactionType

LOGS = (
    Log(address=b"\x11" * 20, topics=(b"\x01" * 32, b"\x02" * 32), data=b"first"),
    Log(address=b"\x22" * 20, topics=(), data=b""),
)


def receipt(kind: TransactionType, **changes: object) -> Receipt:
    fields: dict = {"type": kind, "succeeded": True, "cumulative_gas_used": 21_000, "logs": LOGS}
    if kind == TransactionType.DEPOSIT:
        fields["deposit_nonce"] = 5
    return Receipt(**(fields | changes))


@pytest.mark.parametrize("kind", list(TransactionType))
@pytest.mark.parametrize("succeeded", [True, False])
def test_receipt_survives_its_bytes(kind: TransactionType, succeeded: bool) -> None:
    before = receipt(kind, succeeded=succeeded)
    assert Receipt.decode(before.encode()) == before


@pytest.mark.parametrize("kind", [k for k in TransactionType if k != TransactionType.DEPOSIT])
def test_receipt_is_py_evms(kind: TransactionType) -> None:
    logs = [EvmLog(log.address, [int.from_bytes(topic, "big") for topic in log.topics], log.data) for log in LOGS]
    theirs = peer.encode(EvmReceipt(state_root=b"\x01", gas_used=21_000, logs=logs))
    prefix = b"" if kind == TransactionType.LEGACY else bytes((kind,))
    assert receipt(kind).encode() == prefix + theirs


def test_deposit_receipt_always_carries_nonce_and_version_one() -> None:
    items = rlp.decode_list(receipt(TransactionType.DEPOSIT, deposit_nonce=0).encode()[1:])
    assert items[4:] == [b"", b"\x01"]


def test_bloom_is_eth_blooms() -> None:
    theirs = BloomFilter.from_iterable([LOGS[0].address, *LOGS[0].topics, LOGS[1].address])
    assert logs_bloom(LOGS) == int(theirs).to_bytes(256, "big")


def test_bloom_contains_what_was_logged_and_not_what_was_not() -> None:
    bloom = logs_bloom(LOGS)
    assert bloom_contains(bloom, LOGS[0].address)
    assert bloom_contains(bloom, LOGS[0].topics[1])
    assert not bloom_contains(bloom, b"\x33" * 20)
    assert not bloom_contains(logs_bloom(()), LOGS[0].address)


def test_block_bloom_is_the_union() -> None:
    assert combine_blooms([logs_bloom(LOGS[:1]), logs_bloom(LOGS[1:])]) == logs_bloom(LOGS)
    assert combine_blooms([]) == bytes(256)


MALFORMED = {
    "nothing": b"",
    "a blob receipt": b"\x03" + receipt(TransactionType.DYNAMIC_FEE).encode()[1:],
    "five fields": b"\x02" + rlp.encode([b"\x01", b"", bytes(256), [], b""]),
    "a deposit of four": b"\x7e" + rlp.encode([b"\x01", b"", bytes(256), []]),
    "a log of two": b"\x02" + rlp.encode([b"\x01", b"", bytes(256), [[b"\x11" * 20, []]]]),
    "a short topic": b"\x02" + rlp.encode([b"\x01", b"", bytes(256), [[b"\x11" * 20, [b"\x01"], b""]]]),
    "a cut": receipt(TransactionType.DYNAMIC_FEE).encode()[:-1],
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_refuses_malformed_receipts(data: bytes) -> None:
    with pytest.raises((ReceiptDecodeError, RLPError)):
        Receipt.decode(data)


def test_their_errors_are_decode_errors() -> None:
    assert issubclass(ReceiptDecodeError, DecodeError)
    assert issubclass(RLPError, DecodeError)


NOT_CANONICAL = {
    "status 2": b"\x02" + rlp.encode([b"\x02", b"", bytes(256), []]),
    "a bloom that isn't the logs'": b"\x02" + rlp.encode([b"\x01", b"", b"\xff" * 256, []]),
    "a bloom of 255 bytes": b"\x02" + rlp.encode([b"\x01", b"", bytes(255), []]),
    "a deposit receipt of version 2": b"\x7e" + rlp.encode([b"\x01", b"", bytes(256), [], b"", b"\x02"]),
}


@pytest.mark.parametrize("data", NOT_CANONICAL.values(), ids=NOT_CANONICAL)
def test_refuses_receipts_that_would_encode_to_other_bytes(data: bytes) -> None:
    with pytest.raises(ReceiptDecodeError):
        Receipt.decode(data)
