"""Messages, values and errors on the pipes: what comes back, and that nonsense is a typed error."""

import asyncio
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.readers.backlog import Backlog, BatchForgotten, snapshot_chunks
from node.readers.errors import FrameError, QueryTimedOut
from node.readers.frames import MAX_FRAME_BYTES, encode_frame, read_frame, receive_frame
from node.readers.wire import pack, pack_error, unpack, unpack_error
from state.database import MemoryStore, WriteBatch
from state.errors import NodeError
from state.execution.port import AccountOverride, CallMessage
from state.primitives.types import Address, Gas, Hash32
from state.queries import QueryReverted
from state.transactions import AccessListEntry
from state.trie import MissingNode

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**300), 2**300) | st.binary(max_size=40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(st.binary(max_size=20), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_any_value_comes_back_with_its_type(value: object) -> None:
    assert unpack(pack(value)) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_frame_error(data: bytes) -> None:
    try:
        unpack(data)
    except FrameError:
        return
    assert unpack(data) == unpack(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_then_the_end_or_a_frame_error(data: bytes) -> None:
    stream = io.BytesIO(data)
    try:
        while (message := read_frame(stream)) is not None:
            assert isinstance(message[0], str)
    except FrameError:
        return
    assert stream.tell() == len(data)


def test_records_keep_their_class_and_rows_are_tuples() -> None:
    message = CallMessage(
        sender=Address(bytes(20)),
        to=None,
        gas_limit=Gas(2**70),
        access_list=(AccessListEntry(address=Address(bytes(20)), storage_keys=(Hash32(bytes(32)),)),),
    )
    override = {Address(bytes(20)): AccountOverride(balance=2**255, state_diff={2**200: 1})}
    assert unpack(pack({"message": message, "overrides": override})) == {"message": message, "overrides": override}


def test_what_is_no_record_can_not_be_sent() -> None:
    with pytest.raises(FrameError, match="can't be sent"):
        pack(object())
    with pytest.raises(FrameError, match="malformed"):
        unpack(pack(Gas(2**70)).replace(b"\x02", b"\x07", 1))


def test_errors_keep_class_code_text_and_data() -> None:
    reverted = unpack_error(pack_error(QueryReverted(b"data")))
    assert (type(reverted), reverted.rpc_code, str(reverted), vars(reverted)["data"]) == (
        QueryReverted,
        3,
        "execution reverted",
        b"data",
    )
    missing = unpack_error(pack_error(MissingNode(bytes(32), "abc")))
    assert isinstance(missing, MissingNode)
    assert missing.node_hash == bytes(32)


def test_an_error_class_that_is_not_known_here_keeps_its_code_and_text() -> None:
    error = unpack_error(pack(["NeverHeardOf", "text", -32005, {}]))
    assert (type(error), error.rpc_code, str(error)) == (NodeError, -32005, "text")
    assert NodeError("other").rpc_code == -32000
    assert QueryTimedOut("x").rpc_code == -32002


def test_a_message_comes_through_and_a_huge_length_is_refused_before_it_is_read() -> None:
    frame = encode_frame(["ask", 1, b"parameters"])
    assert read_frame(io.BytesIO(frame)) == ("ask", 1, b"parameters")
    assert read_frame(io.BytesIO(frame[:-1])) is None
    with pytest.raises(FrameError, match="too large"):
        read_frame(io.BytesIO((MAX_FRAME_BYTES + 1).to_bytes(4, "big")))
    with pytest.raises(FrameError, match="starts with a name"):
        read_frame(io.BytesIO(b"\x00\x00\x00\x01\x90"))


async def test_an_asyncio_stream_gives_the_same_messages() -> None:
    stream = asyncio.StreamReader()
    stream.feed_data(encode_frame(["ready", 7, None]) + b"\x00\x00")
    stream.feed_eof()
    assert await receive_frame(stream) == ("ready", 7, None)
    assert await receive_frame(stream) is None


def taken(backlog: Backlog, sequence: int) -> list[bytes]:
    """All batches after a sequence number, as a reader takes them."""
    found = []
    while (batch := backlog.after(sequence)) is not None:
        found.append(batch)
        sequence += 1
    return found


def test_the_backlog_hands_out_what_a_copy_lacks_and_knows_when_it_can_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.readers.backlog.MAX_BATCHES", 256)
    backlog = Backlog(10)
    assert taken(backlog, 10) == []
    assert not backlog.holds_all_after(9)
    for number in range(3):
        backlog.add(11 + number, b"%d" % number)
    assert taken(backlog, 11) == [b"1", b"2"]
    assert taken(backlog, 13) == []
    assert not backlog.holds_all_after(14)
    for number in range(3, 256 + 3):
        backlog.add(11 + number, b"%d" % number)
    assert not backlog.holds_all_after(10)
    assert backlog.holds_all_after(13)
    assert len(taken(backlog, 13)) == 256
    with pytest.raises(BatchForgotten, match="batch 11 is no longer kept"):
        backlog.after(10)


def test_the_backlog_is_bounded_by_bytes_and_gives_a_copy_in_the_making_more_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("node.readers.backlog.MAX_BYTES", 1_000)
    monkeypatch.setattr("node.readers.backlog.COPYING_MAX_BYTES", 3_000)
    backlog = Backlog(0)
    for number in range(1, 101):
        backlog.add(number, bytes(100))
    assert (backlog.bytes_held, backlog.newest) == (1_000, 100)
    with backlog.copying():
        for number in range(101, 201):
            backlog.add(number, bytes(100))
        assert backlog.bytes_held == 3_000
    backlog.add(201, bytes(5_000))
    assert taken(backlog, 200) == [bytes(5_000)]  # one batch always fits
    assert backlog.bytes_held == 5_000


def test_a_gap_makes_the_backlog_forget_what_came_before() -> None:
    backlog = Backlog(5)
    backlog.add(6, b"six")
    backlog.add(9, b"nine")
    assert not backlog.holds_all_after(5)
    assert taken(backlog, 8) == [b"nine"]


def test_a_snapshot_is_the_whole_store_in_bounded_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.readers.backlog.CHUNK_BYTES", 100)
    store, batch, copy = MemoryStore(), WriteBatch(), MemoryStore()
    for number in range(50):
        batch.put(b"key%02d" % number, bytes(30))
    store.write(batch, sync=False)
    chunks = list(snapshot_chunks(store))
    assert len(chunks) > 10
    for chunk in chunks:
        copy.write(WriteBatch.decode(chunk), sync=False)
    assert list(copy.iterate()) == list(store.iterate())
