"""Blocks survive the journey, and whatever else arrives ends in a typed error."""

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2p.errors import MalformedPayload
from p2p.payload import decode_payload, encode_payload
from p2p.signed_block import parse_signed_block, sign_block
from tests.unit.p2p.conftest import CHAIN_ID, KEY, SEQUENCER, block

transactions = st.lists(st.binary(min_size=1, max_size=200), max_size=20).map(tuple)


@settings(deadline=None)
@given(transactions=transactions, extra_data=st.binary(max_size=32), base_fee=st.integers(0, 2**256 - 1))
def test_blocks_come_back_as_they_went(transactions: tuple[bytes, ...], extra_data: bytes, base_fee: int) -> None:
    made = block(*transactions, extra_data=extra_data, base_fee_per_gas=base_fee)
    sent = sign_block(made, made.header.hash, chain_id=CHAIN_ID, private_key=KEY).compressed()
    parsed = parse_signed_block(sent)
    assert parsed.signer(CHAIN_ID) == SEQUENCER
    assert parsed.block() == made


@settings(deadline=None)
@given(transactions=transactions, data=st.data())
def test_damage_anywhere_is_noticed(transactions: tuple[bytes, ...], data: st.DataObject) -> None:
    made = block(*transactions)
    payload = bytearray(encode_payload(made, made.header.hash))
    place = data.draw(st.integers(0, len(payload) - 1))
    payload[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(MalformedPayload):
        decode_payload(bytes(payload), made.header.parent_beacon_block_root)


@settings(deadline=None)
@given(st.binary(max_size=2_000))
def test_random_messages_end_in_a_typed_error(message: bytes) -> None:
    for sent in (message, bytes(cramjam.snappy.compress_raw(message))):
        with pytest.raises(MalformedPayload):
            parse_signed_block(sent).block()
