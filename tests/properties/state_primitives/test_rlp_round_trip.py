"""RLP: what we encode we decode, py-rlp agrees, and any other bytes end in RLPError."""

import rlp as peer
from hypothesis import given, settings
from hypothesis import strategies as st

from state.primitives import rlp
from state.primitives.rlp import RLPError

items = st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=6), max_leaves=20)


@settings(max_examples=300, deadline=None)
@given(items)
def test_decodes_what_it_encodes_and_py_rlp_encodes_the_same(item: rlp.Item) -> None:
    encoded = rlp.encode(item)
    assert encoded == peer.encode(item)
    assert rlp.decode(encoded) == item


def decoded(data: bytes) -> "rlp.DecodedItem | None":
    try:
        return rlp.decode(data)
    except RLPError:
        return None


@settings(max_examples=1_000, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), items.map(rlp.encode).flatmap(lambda e: st.binary(max_size=3).map(e.__add__)))
)
def test_any_bytes_decode_to_what_encodes_to_them_or_are_refused(data: bytes) -> None:
    """Canonical in both directions: no two encodings of one item are accepted."""
    item = decoded(data)
    assert item is None or rlp.encode(item) == data


@given(st.integers(0, 2**256 - 1))
def test_integers_survive(value: int) -> None:
    encoded = rlp.encode_int(value)
    assert encoded == peer.encode(value)
    assert rlp.to_int(rlp.decode(encoded)) == value
    assert rlp.encode_string(rlp.int_to_bytes(value)) == encoded
