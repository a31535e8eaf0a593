"""Transactions: what other implementations sign we read, and only the canonical bytes."""

import dataclasses
from typing import Any

import pytest
from eth_account import Account

from state.errors import DecodeError
from state.primitives import rlp
from state.primitives.crypto import InvalidSignature, keccak256, private_key_to_address
from state.primitives.rlp import RLPError
from state.transactions import (
    Authorization,
    BlobTransactionRefused,
    DepositTransaction,
    SignedTransaction,
    TransactionDecodeError,
    TransactionType,
    decode_transaction,
    encode_transaction,
    recover_transaction,
    sign_transaction,
)
from state.transactions.signing import recover_authority

KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
SENDER = private_key_to_address(KEY)
TO_BYTES = b"\x22" * 20
TO = "0x" + TO_BYTES.hex()
ACCESS_LIST = [{"address": "0x" + "33" * 20, "storageKeys": ["0x" + "01" * 32, "0x" + "02" * 32]}]
COMMON = {"nonce": 7, "gas": 100_000, "to": TO, "value": 5, "data": "0xdeadbeef"}
FEES = {"maxFeePerGas": 2_000_000_000, "maxPriorityFeePerGas": 3}
AUTHORIZATION = Account.sign_authorization({"chainId": 161299, "address": "0x" + "44" * 20, "nonce": 1}, KEY)

OTHERS: dict[str, dict[str, Any]] = {
    "legacy": COMMON | {"gasPrice": 9, "chainId": 161299},
    "legacy without EIP-155": COMMON | {"gasPrice": 9},
    "legacy creation": COMMON | {"gasPrice": 9, "chainId": 161299, "to": ""},
    "access list": COMMON | {"type": 1, "gasPrice": 9, "chainId": 161299, "accessList": ACCESS_LIST},
    "dynamic fee": COMMON | FEES | {"type": 2, "chainId": 161299, "accessList": ACCESS_LIST},
    "dynamic fee creation": COMMON | FEES | {"type": 2, "chainId": 161299, "to": ""},
    "empty": {"nonce": 0, "gas": 21_000, "to": TO, "value": 0, "chainId": 1, "type": 2} | FEES,
    "set code": COMMON | FEES | {"type": 4, "chainId": 161299, "authorizationList": [AUTHORIZATION]},
}

DEPOSIT = DepositTransaction(
    source_hash=keccak256(b"source"),
    sender=SENDER,
    to=None,
    mint=10**18,
    value=3,
    gas_limit=1_000_000,
    is_system_transaction=False,
    data=b"\x60\x00",
)


def signed_elsewhere(name: str) -> bytes:
    return bytes(Account.sign_transaction(OTHERS[name], KEY).raw_transaction)


@pytest.mark.parametrize("name", OTHERS)
def test_reads_what_eth_account_signs(name: str) -> None:
    raw = signed_elsewhere(name)
    recovered = recover_transaction(raw)
    fields, tx = OTHERS[name], recovered.transaction
    assert recovered.sender == SENDER
    assert recovered.hash == keccak256(raw)
    assert (tx.nonce, tx.gas_limit, tx.value) == (fields["nonce"], fields["gas"], fields["value"])
    assert tx.data == bytes.fromhex(fields.get("data", "0x")[2:])
    assert tx.chain_id == fields.get("chainId")
    assert (tx.to or b"").hex() == fields["to"].removeprefix("0x")
    assert encode_transaction(tx) == raw


@pytest.mark.parametrize("name", OTHERS)
def test_signs_the_same_bytes_as_eth_account(name: str) -> None:
    raw = signed_elsewhere(name)
    tx = decode_transaction(raw)
    assert isinstance(tx, SignedTransaction)
    assert sign_transaction(dataclasses.replace(tx, y_parity=0, r=0, s=0), KEY).raw == raw


def test_recovers_the_authority_of_an_eip_7702_tuple() -> None:
    tx = recover_transaction(signed_elsewhere("set code")).transaction
    assert recover_authority(tx.authorizations[0]) == SENDER


def test_effective_gas_price_never_exceeds_the_cap() -> None:
    tx = recover_transaction(signed_elsewhere("dynamic fee")).transaction
    assert tx.effective_gas_price(100) == 103
    assert tx.effective_gas_price(2_000_000_000) == 2_000_000_000


def test_deposit_keeps_every_field() -> None:
    raw = encode_transaction(DEPOSIT)
    assert raw[0] == 0x7E
    assert decode_transaction(raw) == DEPOSIT


def test_zero_mint_and_a_false_flag_are_empty_strings() -> None:
    items = rlp.decode_list(encode_transaction(dataclasses.replace(DEPOSIT, to=TO_BYTES, mint=0))[1:])
    assert (items[3], items[6], len(items)) == (b"", b"", 8)


def test_nobody_submits_a_deposit() -> None:
    with pytest.raises(TransactionDecodeError, match="deposits can't be submitted"):
        recover_transaction(encode_transaction(DEPOSIT))


def test_blob_transactions_are_refused_by_name() -> None:
    with pytest.raises(BlobTransactionRefused, match="blob"):
        decode_transaction(b"\x03" + rlp.encode([]))


def replaced(raw: bytes, index: int, item: rlp.Item) -> bytes:
    """A typed transaction with one of its items replaced."""
    items = rlp.decode_list(raw[1:])
    items[index] = item  # type: ignore[call-overload]
    return raw[:1] + rlp.encode(items)


MALFORMED = {
    "nothing": b"",
    "an unknown type": b"\x05" + rlp.encode([b""] * 12),
    "a type without a body": b"\x02",
    "a string for a body": b"\x02\x80",
    "too few fields": b"\x02" + rlp.encode([b""] * 11),
    "too many fields": b"\x02" + rlp.encode([b""] * 13),
    "a legacy list of ten": rlp.encode([b""] * 10),
    "v of 26": rlp.encode([b"", b"", b"", b"", b"", b"", b"\x1a", b"\x01", b"\x01"]),
    "v of 34": rlp.encode([b"", b"", b"", b"", b"", b"", b"\x22", b"\x01", b"\x01"]),
    "a parity of 2": replaced(signed_elsewhere("dynamic fee"), 9, b"\x02"),
    "a recipient of 19 bytes": replaced(signed_elsewhere("dynamic fee"), 5, b"\x22" * 19),
    "a nonce with a leading zero": replaced(signed_elsewhere("dynamic fee"), 1, b"\x00\x01"),
    "a nonce of 9 bytes": replaced(signed_elsewhere("dynamic fee"), 1, b"\x01" * 9),
    "a value of 33 bytes": replaced(signed_elsewhere("dynamic fee"), 6, b"\x01" * 33),
    "a list for data": replaced(signed_elsewhere("dynamic fee"), 7, [b""]),
    "an access list that is a string": replaced(signed_elsewhere("dynamic fee"), 8, b""),
    "an access list entry of one": replaced(signed_elsewhere("dynamic fee"), 8, [[b"\x33" * 20]]),
    "a storage key of 31 bytes": replaced(signed_elsewhere("dynamic fee"), 8, [[b"\x33" * 20, [b"\x01" * 31]]]),
    "a set-code creation": replaced(signed_elsewhere("set code"), 5, b""),
    "authorizations that are a string": replaced(signed_elsewhere("set code"), 9, b""),
    "an authorization of five": replaced(signed_elsewhere("set code"), 9, [[b"", b"\x44" * 20, b"", b"", b""]]),
    "bytes behind": signed_elsewhere("dynamic fee") + b"\x00",
    "a cut": signed_elsewhere("dynamic fee")[:-1],
    "a deposit of seven": b"\x7e" + rlp.encode([b"\x01" * 32, b"\x02" * 20, b"", b"", b"", b"", b""]),
    "a deposit with isSystemTx 2": replaced(encode_transaction(DEPOSIT), 6, b"\x02"),
    "a deposit with a short source hash": replaced(encode_transaction(DEPOSIT), 0, b"\x01" * 31),
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_refuses_malformed_bytes_with_a_typed_error(raw: bytes) -> None:
    with pytest.raises((TransactionDecodeError, RLPError)):
        decode_transaction(raw)


def test_high_s_is_refused_when_recovering() -> None:
    n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    tx = decode_transaction(signed_elsewhere("dynamic fee"))
    assert isinstance(tx, SignedTransaction)
    high = dataclasses.replace(tx, s=n - tx.s, y_parity=1 - tx.y_parity)
    with pytest.raises(InvalidSignature):
        recover_transaction(encode_transaction(high))


def test_an_authorization_with_an_odd_parity_byte_voids_only_itself() -> None:
    raw = signed_elsewhere("set code")
    bad = Authorization(chain_id=0, address=TO_BYTES, nonce=0, y_parity=255, r=1, s=1)
    tx = decode_transaction(raw)
    assert isinstance(tx, SignedTransaction)
    again = decode_transaction(encode_transaction(dataclasses.replace(tx, authorizations=(bad,))))
    assert isinstance(again, SignedTransaction)
    assert again.authorizations == (bad,)
    with pytest.raises(DecodeError):
        recover_authority(bad)


def test_type_numbers_are_eip_2718s() -> None:
    assert [int(kind) for kind in TransactionType] == [0, 1, 2, 4, 0x7E]
