"""Vouchers agree with eth_account's EIP-712, and only the payer's own signature verifies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from contracts.addresses import OPEN_PREDEPLOYS, checksum
from contracts.vouchers import (
    INFERENCE,
    Voucher,
    VoucherError,
    recover_signer,
    sign_voucher,
    typed_data,
    verify_voucher,
    voucher_digest,
)

KEY = b"\x11" * 32
PAYER = Account.from_key(KEY).address
VOUCHER = Voucher(payer=PAYER, worker="0x" + "22" * 20, session=3, cumulative=10**20)


def test_the_contract_is_the_inference_predeploy() -> None:
    assert checksum(OPEN_PREDEPLOYS["Inference"]) == INFERENCE


def test_digest_is_eip_712s() -> None:
    signable = encode_typed_data(full_message=typed_data(VOUCHER, chain_id=161_299))
    assert voucher_digest(VOUCHER, chain_id=161_299) == keccak(b"\x19\x01" + signable.header + signable.body)


def test_signature_is_the_one_that_a_wallet_makes() -> None:
    signed = Account.sign_typed_data(KEY, full_message=typed_data(VOUCHER, chain_id=161_299))
    assert sign_voucher(VOUCHER, KEY, chain_id=161_299) == bytes(signed.signature)


def test_the_payers_signature_verifies_for_this_chain_contract_and_amount_only() -> None:
    signature = sign_voucher(VOUCHER, KEY, chain_id=1)
    assert recover_signer(VOUCHER, signature, chain_id=1) == PAYER
    assert verify_voucher(VOUCHER, signature, chain_id=1)
    assert not verify_voucher(VOUCHER, signature, chain_id=2)
    assert not verify_voucher(VOUCHER, signature, chain_id=1, contract="0x" + "33" * 20)
    for changed in (
        replace(VOUCHER, cumulative=1),
        replace(VOUCHER, session=4),
        replace(VOUCHER, worker="0x" + "44" * 20),
        replace(VOUCHER, payer="0x" + "44" * 20),
    ):
        assert not verify_voucher(changed, signature, chain_id=1)


def test_malformed_signatures_are_typed_errors() -> None:
    good = sign_voucher(VOUCHER, KEY, chain_id=1)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = (order - int.from_bytes(good[32:64], "big")).to_bytes(32, "big")
    for broken in (b"", good[:64], good + b"\0", good[:64] + b"\0", good[:32] + high + good[64:], bytes(64) + b"\x1b"):
        with pytest.raises(VoucherError):
            recover_signer(VOUCHER, broken, chain_id=1)
        assert not verify_voucher(VOUCHER, broken, chain_id=1)


def test_fields_out_of_range_are_typed_errors() -> None:
    for broken in (
        replace(VOUCHER, session=2**64),
        replace(VOUCHER, cumulative=-1),
        replace(VOUCHER, cumulative=2**256),
        replace(VOUCHER, payer="0x12"),
    ):
        with pytest.raises(VoucherError):
            voucher_digest(broken, chain_id=1)
