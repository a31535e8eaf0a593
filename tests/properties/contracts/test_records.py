"""Whatever is a record survives the codec; whatever is not ends in RecordError."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.records import PPM, Batch, Record, RecordError, Share, decode_batch, decode_record, encode_batch
from contracts.records import encode_record as encode


def uints(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


@st.composite
def share_tuples(draw: st.DrawFn) -> tuple[Share, ...]:
    ids = sorted(draw(st.sets(st.integers(1, 2**32 - 1), min_size=1, max_size=16)))
    cuts = sorted(draw(st.sets(st.integers(1, PPM - 1), min_size=len(ids) - 1, max_size=len(ids) - 1)))
    ends = [0, *cuts, PPM]
    return tuple(Share(contribution_id=c, ppm=ends[i + 1] - ends[i]) for i, c in enumerate(ids))


def records(payers: int = 2**16) -> st.SearchStrategy[Record]:
    return st.builds(
        Record,
        model_id=uints(32),
        checkpoint=uints(32),
        payer_index=st.integers(0, payers - 1),
        tokens_in=uints(32),
        tokens_out=uints(32),
        method=uints(8),
        evidence_ppm=st.integers(0, PPM),
        record_hash=st.binary(min_size=32, max_size=32),
        request_id=st.none() | st.binary(min_size=32, max_size=32),
        shares=share_tuples(),
    )


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    payers = draw(st.lists(st.binary(min_size=20, max_size=20), min_size=1, max_size=5))
    return Batch(
        chain_id=draw(uints(64)),
        worker=draw(st.binary(min_size=20, max_size=20)),
        nonce=draw(uints(64)),
        payers=tuple(payers),
        records=tuple(draw(st.lists(records(len(payers)), min_size=1, max_size=5))),
    )


@given(records())
def test_records_survive_the_codec(record: Record) -> None:
    assert decode_record(encode(record)) == record


@given(batches())
def test_batches_survive_the_codec(batch: Batch) -> None:
    assert decode_batch(encode_batch(batch)) == batch


@given(st.binary(max_size=400))
def test_arbitrary_bytes_end_in_a_typed_error_or_in_their_own_record(data: bytes) -> None:
    try:
        record = decode_record(data)
    except RecordError:
        return
    assert encode(record) == data


@given(batches(), st.data())
def test_a_damaged_batch_is_refused_or_says_something_else(batch: Batch, data: st.DataObject) -> None:
    good = encode_batch(batch)
    place = data.draw(st.integers(0, len(good) - 1))
    bad = good[:place] + bytes([good[place] ^ data.draw(st.integers(1, 255))]) + good[place + 1 :]
    try:
        found = decode_batch(bad)
    except RecordError:
        return
    assert found != batch
    assert encode_batch(found) == bad
