"""genesis.json to a block."""

import json
from typing import Any

import pytest

from contracts.addresses import L2_TO_L1_MESSAGE_PASSER
from state.blocks import EMPTY_TRIE_ROOT
from state.errors import InvalidBlock
from state.primitives.types import Address
from state.transition import GenesisInvalid, GenesisSpec, genesis_record
from state.world.accounts import decode_account
from tests.unit.state.transition.network import L1, L2, genesis_json

PASSER = Address(L2_TO_L1_MESSAGE_PASSER)
WITH_PASSER = {PASSER.hex(): {"nonce": "0x1", "code": "0x00", "storage": {"0x0": "0x1"}}}


def spec(chain_id: int = L2.chain_id, accounts: dict[str, Any] | None = None, **changes: Any) -> GenesisSpec:
    return GenesisSpec.from_json(json.dumps(genesis_json(chain_id, accounts) | changes))


def test_text_bytes_and_object_read_the_same() -> None:
    document = genesis_json(L2.chain_id)
    text = json.dumps(document)
    assert GenesisSpec.from_json(document) == GenesisSpec.from_json(text) == GenesisSpec.from_json(text.encode())


def test_withdrawals_root_is_the_message_passers_storage_on_l2_only() -> None:
    l2 = genesis_record(spec(accounts=WITH_PASSER), L2)
    l1 = genesis_record(spec(L1.chain_id, accounts=WITH_PASSER), L1)
    passer = decode_account(l2.delta.accounts[PASSER])
    assert l2.header.withdrawals_root == passer.storage_root != EMPTY_TRIE_ROOT
    assert l1.header.withdrawals_root == EMPTY_TRIE_ROOT
    assert l1.header.state_root == l2.header.state_root


def test_code_storage_and_nonce_are_in_the_state() -> None:
    record = genesis_record(spec(accounts=WITH_PASSER), L2)
    assert list(record.delta.codes.values()) == [b"\0"]
    assert record.delta.storage == {(PASSER, bytes(32)): b"\x01"}
    assert decode_account(record.delta.accounts[PASSER]).nonce == 1
    assert record.hash == record.header.hash


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("gasLimit is no integer", {"gasLimit": "many"}),
        ("gasLimit is out of range", {"gasLimit": hex(2**64)}),
        ("`timestamp` is missing", {"timestamp": None}),
        ("`config` and `alloc` must be objects", {"alloc": []}),
        ("coinbase has 19 bytes, expected 20", {"coinbase": "0x" + "00" * 19}),
        ("extraData is no hex string", {"extraData": "0xzz"}),
        ("storage of", {"alloc": {"00" * 20: {"storage": {"0x0": "0x1" + "00" * 32}}}}),
        ("is no object", {"alloc": {"00" * 20: 5}}),
    ],
)
def test_names_the_field_that_is_wrong(text: str, changes: dict[str, Any]) -> None:
    with pytest.raises(GenesisInvalid, match=text):
        spec(**changes)


def test_refuses_what_is_no_json() -> None:
    for document in (b"\xff", "{", "[]"):
        with pytest.raises(GenesisInvalid):
            GenesisSpec.from_json(document)


def test_refuses_another_chains_genesis_and_extra_data_without_parameters() -> None:
    with pytest.raises(GenesisInvalid, match="expected 161299"):
        genesis_record(spec(5), L2)
    with pytest.raises(InvalidBlock, match="extraData"):
        genesis_record(spec(extraData="0x"), L2)
