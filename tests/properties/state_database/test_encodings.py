"""What comes back from disk or from another process: whole, or a typed error."""

from hypothesis import given
from hypothesis import strategies as st

from state.database import WriteBatch, WriteBatchError
from state.database.records import (
    decode_body,
    decode_receipts,
    decode_some_receipts,
    encode_body,
    encode_receipts,
    transaction_hashes_of,
)
from tests.unit.state.database.chain_blocks import block_record, log

keys = st.binary(max_size=60)
logs = st.builds(log, st.integers(0, 5), st.integers(0, 5), data=st.binary(max_size=80))
rows = st.lists(st.lists(logs, max_size=3).map(tuple), max_size=12).map(tuple)


@given(st.dictionaries(keys, st.none() | st.binary(max_size=80)))
def test_a_write_batch_comes_back_whole(operations: dict[bytes, bytes | None]) -> None:
    batch = WriteBatch()
    batch.operations.update(operations)
    decoded = WriteBatch.decode(batch.encode())
    assert list(decoded.operations.items()) == list(operations.items())


@given(st.binary(max_size=120))
def test_any_bytes_are_a_write_batch_or_a_typed_error(data: bytes) -> None:
    try:
        batch = WriteBatch.decode(data)
    except WriteBatchError:
        return
    assert WriteBatch.decode(batch.encode()).operations == batch.operations


@given(rows, st.frozensets(st.integers(0, 12)))
def test_bodies_and_receipts_come_back_and_so_does_any_part_of_them(
    logs_by_transaction: tuple[tuple[object, ...], ...], wanted: frozenset[int]
) -> None:
    record = block_record(block_record(None), logs_by_transaction=logs_by_transaction)  # type: ignore[arg-type]
    body = decode_body(encode_body(record))
    assert (body.transactions, body.hashes, body.senders) == (
        record.transactions,
        record.transaction_hashes,
        record.senders,
    )
    assert transaction_hashes_of(encode_body(record)) == record.transaction_hashes
    stored = encode_receipts(record.receipts, record.receipt_extras)
    assert decode_receipts(stored) == (record.receipts, record.receipt_extras)
    some = {index: receipt for index, receipt in enumerate(record.receipts) if index in wanted}
    assert decode_some_receipts(stored, wanted) == some
