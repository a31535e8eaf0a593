"""Headers and receipts survive their bytes, hash as py-evm's do, and any other bytes end in a typed error."""

from typing import Any

from eth.vm.forks.prague.blocks import PragueBlockHeader
from hypothesis import given, settings
from hypothesis import strategies as st

from state.blocks import Header, Log, Receipt
from state.errors import DecodeError
from state.primitives.types import UINT64_MAX, UINT256_MAX
from state.transactions import TransactionType

hashes = st.binary(min_size=32, max_size=32)
uint64 = st.integers(0, UINT64_MAX)
headers = st.builds(
    Header,
    parent_hash=hashes,
    ommers_hash=hashes,
    fee_recipient=st.binary(min_size=20, max_size=20),
    state_root=hashes,
    transactions_root=hashes,
    receipts_root=hashes,
    logs_bloom=st.binary(min_size=256, max_size=256),
    difficulty=st.integers(0, UINT256_MAX),
    number=uint64,
    gas_limit=uint64,
    gas_used=uint64,
    timestamp=uint64,
    extra_data=st.binary(max_size=32),
    prev_randao=hashes,
    nonce=st.binary(min_size=8, max_size=8),
    base_fee_per_gas=st.integers(0, UINT256_MAX),
    withdrawals_root=hashes,
    blob_gas_used=uint64,
    excess_blob_gas=uint64,
    parent_beacon_block_root=hashes,
    requests_hash=hashes,
)
logs = st.builds(
    Log,
    address=st.binary(min_size=20, max_size=20),
    topics=st.lists(hashes, max_size=4).map(tuple),
    data=st.binary(max_size=100),
)


def build_receipt(kind: TransactionType, succeeded: bool, gas: int, entries: list[Log], nonce: int) -> Receipt:
    return Receipt(
        type=kind,
        succeeded=succeeded,
        cumulative_gas_used=gas,
        logs=tuple(entries),
        deposit_nonce=nonce if kind == TransactionType.DEPOSIT else None,
    )


receipts = st.builds(
    build_receipt, st.sampled_from(TransactionType), st.booleans(), uint64, st.lists(logs, max_size=4), uint64
)


def as_py_evm(header: Header) -> PragueBlockHeader:
    fields: dict[str, Any] = {
        "coinbase": header.fee_recipient,
        "parent_hash": header.parent_hash,
        "uncles_hash": header.ommers_hash,
        "state_root": header.state_root,
        "transaction_root": header.transactions_root,
        "receipt_root": header.receipts_root,
        "bloom": int.from_bytes(header.logs_bloom, "big"),
        "gas_used": header.gas_used,
        "extra_data": header.extra_data,
        "mix_hash": header.prev_randao,
        "nonce": header.nonce,
        "base_fee_per_gas": header.base_fee_per_gas,
        "withdrawals_root": header.withdrawals_root,
        "blob_gas_used": header.blob_gas_used,
        "excess_blob_gas": header.excess_blob_gas,
        "parent_beacon_block_root": header.parent_beacon_block_root,
        "requests_hash": header.requests_hash,
    }
    return PragueBlockHeader(header.difficulty, header.number, header.gas_limit, timestamp=header.timestamp, **fields)


@settings(max_examples=100, deadline=None)
@given(headers)
def test_header_survives_its_bytes(header: Header) -> None:
    assert Header.decode(header.encode()) == header


@settings(max_examples=50, deadline=None)
@given(headers)
def test_header_hashes_as_py_evms(header: Header) -> None:
    assert as_py_evm(header).hash == header.hash


@settings(max_examples=200, deadline=None)
@given(receipts)
def test_receipt_survives_its_bytes(receipt: Receipt) -> None:
    assert Receipt.decode(receipt.encode()) == receipt


def flip(raw: bytes, position: int, mask: int) -> bytes:
    position %= len(raw)
    return raw[:position] + bytes((raw[position] ^ mask,)) + raw[position + 1 :]


def decoded(kind: type[Header] | type[Receipt], raw: bytes) -> Header | Receipt | None:
    try:
        return kind.decode(raw)
    except DecodeError:
        return None


def damaged(items: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    flipped = st.builds(flip, items, st.integers(0, 1_000), st.integers(1, 255))
    return st.one_of(st.binary(max_size=200), flipped)


@settings(max_examples=400, deadline=None)
@given(damaged(headers.map(Header.encode)))
def test_any_bytes_are_the_one_encoding_of_a_header_or_refused(raw: bytes) -> None:
    header = decoded(Header, raw)
    assert header is None or header.encode() == raw


@settings(max_examples=600, deadline=None)
@given(damaged(receipts.map(Receipt.encode)))
def test_any_bytes_are_the_one_encoding_of_a_receipt_or_refused(raw: bytes) -> None:
    receipt = decoded(Receipt, raw)
    assert receipt is None or receipt.encode() == raw
