"""Signing for a devnet's accounts, and for nobody else."""

import json
from contextlib import nullcontext

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from node.config import NodeConfig, load
from node.devnet.accounts import user_accounts
from node.errors import ConfigError
from node.unlocked import AccountLocked, InvalidTypedData, UnlockedAccounts
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType, recover_transaction

KEYS = UnlockedAccounts(user_accounts())
FIRST = KEYS.addresses()[0]
STRANGER = Address(b"\x42" * 20)
MAIL = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"}],
        "Mail": [{"name": "to", "type": "address[]"}, {"name": "contents", "type": "string"}],
    },
    "primaryType": "Mail",
    "domain": {"name": "Ether Mail", "chainId": "0x01"},
    "message": {"to": ["0x" + "11" * 20], "contents": "Hello"},
}


def unsigned(kind: TransactionType) -> SignedTransaction:
    return SignedTransaction(
        type=kind,
        chain_id=161_299,
        nonce=Nonce(3),
        gas_limit=Gas(21_000),
        max_fee_per_gas=Wei(10**9),
        max_priority_fee_per_gas=Wei(10**9),
        to=STRANGER,
        value=Wei(1),
        data=b"",
        y_parity=0,
        r=0,
        s=0,
    )


def test_holds_the_ten_accounts_that_everybody_knows() -> None:
    assert list(KEYS.addresses()) == [account.address for account in user_accounts()]
    assert len(KEYS.addresses()) == 10


@pytest.mark.parametrize("kind", [TransactionType.LEGACY, TransactionType.ACCESS_LIST, TransactionType.DYNAMIC_FEE])
def test_signs_transactions_that_eth_account_recovers(kind: TransactionType) -> None:
    raw = KEYS.sign_transaction(FIRST, unsigned(kind))
    assert recover_transaction(raw).sender == FIRST
    assert Account.recover_transaction(raw) == Account.from_key(user_accounts()[0].private_key).address


@given(message=st.binary(max_size=200))
def test_signs_messages_with_their_prefix(message: bytes) -> None:
    signature = KEYS.sign_message(FIRST, message)
    assert len(signature) == 65
    signer = Account.recover_message(encode_defunct(primitive=message), signature=signature)
    assert bytes.fromhex(signer[2:]) == FIRST


def test_signs_typed_data() -> None:
    signature = KEYS.sign_typed_data(FIRST, MAIL)
    signer = Account.recover_message(encode_typed_data(full_message=json.loads(json.dumps(MAIL))), signature=signature)
    assert bytes.fromhex(signer[2:]) == FIRST


def test_types_that_the_primary_type_does_not_lead_to_change_no_signature() -> None:
    unused = {"Group": [{"name": "members", "type": "Mail[]"}]}
    assert KEYS.sign_typed_data(FIRST, MAIL | {"types": MAIL["types"] | unused}) == KEYS.sign_typed_data(FIRST, MAIL)


@pytest.mark.parametrize(
    "broken",
    [
        MAIL | {"primaryType": "Letter"},
        MAIL | {"types": []},
        MAIL | {"message": {"to": "nobody", "contents": 5}},
        MAIL | {"domain": 7},
        {},
    ],
    ids=["primary type", "types", "values", "domain", "empty"],
)
def test_typed_data_that_does_not_fit_is_the_users_fault(broken: dict[str, object]) -> None:
    with pytest.raises(InvalidTypedData, match="invalid typed data"):
        KEYS.sign_typed_data(FIRST, broken)


@pytest.mark.parametrize(("count", "fits"), [(1, False), (2, True), (3, False)])
def test_arrays_of_a_fixed_length_have_that_length(count: int, fits: bool) -> None:
    types = MAIL["types"] | {
        "Post": [{"name": "to", "type": "Pair[2]"}],
        "Pair": [{"name": "ids", "type": "uint8[2][]"}],
    }
    pair = {"ids": [[1, 2]]}
    post = MAIL | {"types": types, "primaryType": "Post"}
    with nullcontext() if fits else pytest.raises(InvalidTypedData, match=r"Expected 2 items for array type Pair\[2\]"):
        KEYS.sign_typed_data(FIRST, post | {"message": {"to": [pair] * count}})
    with pytest.raises(InvalidTypedData, match=rf"type uint8\[2\], got {count + 2} items"):
        KEYS.sign_typed_data(FIRST, post | {"message": {"to": [{"ids": [[0] * (count + 2)]}] * 2}})


def test_typed_data_is_not_followed_into_any_depth() -> None:
    deep: object = 0
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidTypedData, match="nested too deep"):
        KEYS.sign_typed_data(FIRST, MAIL | {"message": {"to": deep}})


def test_signs_for_no_other_account() -> None:
    with pytest.raises(AccountLocked, match="unknown account"):
        KEYS.sign_message(STRANGER, b"")
    with pytest.raises(AccountLocked):
        KEYS.sign_typed_data(STRANGER, MAIL)
    with pytest.raises(AccountLocked):
        KEYS.sign_transaction(STRANGER, unsigned(TransactionType.LEGACY))


def test_a_production_preset_refuses_the_accounts_wherever_they_are_asked_for() -> None:
    assert load(NodeConfig, section="node", flags={}, preset="devnet", environ={}).dev_accounts
    assert not load(NodeConfig, section="node", flags={}, environ={}).dev_accounts
    with pytest.raises(ConfigError, match="preset production: dev_accounts can't be True"):
        load(NodeConfig, section="node", flags={"dev_accounts": True}, environ={})
    with pytest.raises(ConfigError, match="dev_accounts"):
        load(NodeConfig, section="node", flags={}, environ={"OPENLEDGER_NODE_DEV_ACCOUNTS": "true"})
