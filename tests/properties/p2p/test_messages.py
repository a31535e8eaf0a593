"""The codec of what peers say: all that is said is understood, and nothing else is."""

from dataclasses import fields
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2p.errors import MalformedMessage
from p2p.messages import (
    MAX_ADDRESSES,
    MAX_BLOCKS,
    MAX_FRAME,
    MAX_HEADERS,
    MAX_HOPS,
    Addresses,
    BlockAnnouncement,
    Blocks,
    Declined,
    DeclineReason,
    Farewell,
    GetAddresses,
    GetBlocks,
    GetHeaders,
    Goodbye,
    Headers,
    HeadStatus,
    Hello,
    Message,
    Proof,
    SubmitTransaction,
    Verdict,
    VerdictCode,
    decode_message,
    encode_message,
)

HASH = st.binary(min_size=32, max_size=32)
ID = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
TEXT = st.text(max_size=64)
CHARS = st.characters(codec="utf-8")
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        Hello,
        version=st.integers(0, 2**16 - 1),
        chain_id=U64,
        genesis_hash=HASH,
        rollup_hash=HASH,
        public_key=st.binary(min_size=33, max_size=33),
        nonce=HASH,
        address=TEXT,
        agent=TEXT,
        head_number=U64,
        head_hash=HASH,
    ),
    st.builds(Proof, signature=st.binary(min_size=64, max_size=64)),
    st.builds(Goodbye, reason=st.sampled_from([int(reason) for reason in Farewell]), text=st.text(CHARS, max_size=512)),
    st.builds(GetAddresses, request=ID),
    st.builds(Addresses, request=ID, addresses=st.lists(TEXT, max_size=MAX_ADDRESSES).map(tuple)),
    st.builds(HeadStatus, number=U64, hash=HASH, first=U64),
    st.builds(BlockAnnouncement, message=st.binary()),
    st.builds(GetHeaders, request=ID, last=U64, count=st.integers(1, MAX_HEADERS)),
    st.builds(Headers, request=ID, headers=st.lists(st.binary()).map(tuple)),
    st.builds(GetBlocks, request=ID, first=U64, count=st.integers(1, MAX_BLOCKS)),
    st.builds(Blocks, request=ID, blocks=st.lists(st.binary(), max_size=MAX_BLOCKS).map(tuple)),
    st.builds(SubmitTransaction, request=ID, hops=st.integers(0, MAX_HOPS), raw=st.binary()),
    st.builds(Verdict, request=ID, code=st.sampled_from([int(code) for code in VerdictCode]), text=TEXT),
    st.builds(Declined, request=ID, reason=st.sampled_from([int(reason) for reason in DeclineReason]), text=TEXT),
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.binary() | st.text(CHARS),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.integers(0, 20), inner, max_size=3),
    max_leaves=24,
)


def understood(data: bytes) -> Message | None:
    """None for what is malformed; anything else that is raised fails the test."""
    try:
        return decode_message(data)
    except MalformedMessage:
        return None


@given(MESSAGES)
def test_what_is_said_is_understood(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@given(st.binary(max_size=2_048))
def test_random_bytes_are_malformed_or_a_message(data: bytes) -> None:
    understood(data)


@settings(max_examples=60)
@given(st.lists(PLAIN, max_size=12), st.integers(-1, 15))
def test_random_arrays_are_malformed_or_a_message(values: list[Any], kind: int) -> None:
    message = understood(msgpack.packb([kind, *values], use_bin_type=True))
    assert message is None or kind == message.KIND


@settings(max_examples=200)
@given(MESSAGES, st.data())
def test_a_changed_message_is_malformed_or_another_message(message: Message, data: st.DataObject) -> None:
    encoded = bytearray(encode_message(message))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    understood(bytes(encoded))


@given(MESSAGES, st.data())
def test_a_cut_or_lengthened_message_is_malformed(message: Message, data: st.DataObject) -> None:
    encoded = encode_message(message)
    assert understood(encoded[: data.draw(st.integers(0, len(encoded) - 1))]) is None
    assert understood(encoded + data.draw(st.binary(min_size=1, max_size=8))) is None


@settings(max_examples=60)
@given(MESSAGES, PLAIN, st.data())
def test_no_field_takes_what_is_not_of_its_type(message: Message, odd: Any, data: st.DataObject) -> None:
    values = [getattr(message, field.name) for field in fields(message)]
    at = data.draw(st.integers(0, len(values) - 1))
    values[at] = odd
    changed = understood(msgpack.packb([message.KIND, *values], use_bin_type=True))
    assert changed is None or all(
        type(getattr(changed, field.name)) is type(getattr(message, field.name)) for field in fields(message)
    )


@pytest.mark.parametrize(
    "claim",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\x93\x06\xc6\xff\xff\xff\xff",
        b"\x93\x08\x00\xdd\x7f\xff\xff\xff",
        b"\x93\x02\x00\xdb\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x00",
        b"\x91" * 100_000,
        b"\xd7\xff" + bytes(8),
    ],
    ids=["members", "bytes", "headers", "text", "map", "extension", "depth", "timestamp"],
)
def test_claims_of_what_is_not_there_are_refused(claim: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_message(claim)


def test_a_frame_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(MalformedMessage, match="expected at most"):
        decode_message(bytes(MAX_FRAME + 1))


def test_counts_beyond_a_limit_are_refused() -> None:
    for message in (
        Addresses(request=0, addresses=("",) * (MAX_ADDRESSES + 1)),
        Headers(request=0, headers=(b"",) * (MAX_HEADERS + 1)),
        Blocks(request=0, blocks=(b"",) * (MAX_BLOCKS + 1)),
        GetHeaders(request=0, last=0, count=0),
        GetBlocks(request=0, first=0, count=MAX_BLOCKS + 1),
        SubmitTransaction(request=0, hops=MAX_HOPS + 1, raw=b""),
        Goodbye(reason=99, text=""),
    ):
        with pytest.raises(MalformedMessage):
            decode_message(encode_message(message))
