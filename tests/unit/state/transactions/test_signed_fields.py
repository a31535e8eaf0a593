"""The signing hash is cut out of the canonical bytes when a sender is recovered: it must be the one that was signed."""

import pytest

from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType, recover_transaction, sign_transaction

KEY = b"\x07" * 32
TO = Address(b"\x11" * 20)


@pytest.mark.parametrize("chain_id", [None, 1, 10**15])
@pytest.mark.parametrize("data", [b"", b"\x00", b"\x7f", b"\x80", bytes(55), bytes(56), bytes(70_000)])
def test_recovers_the_signer_of_a_legacy_transaction(chain_id: int | None, data: bytes) -> None:
    signed = sign_transaction(transaction(TransactionType.LEGACY, chain_id, data), KEY)
    assert recover_transaction(signed.raw).sender == private_key_to_address(KEY)


@pytest.mark.parametrize("kind", [TransactionType.ACCESS_LIST, TransactionType.DYNAMIC_FEE, TransactionType.SET_CODE])
@pytest.mark.parametrize("data", [b"", b"\x00", b"\x80", bytes(55), bytes(56), bytes(70_000)])
def test_recovers_the_signer_of_a_typed_transaction(kind: TransactionType, data: bytes) -> None:
    signed = sign_transaction(transaction(kind, 161_299, data), KEY)
    assert recover_transaction(signed.raw).sender == private_key_to_address(KEY)


def transaction(kind: TransactionType, chain_id: int | None, data: bytes) -> SignedTransaction:
    return SignedTransaction(
        type=kind,
        chain_id=chain_id,
        nonce=Nonce(0),
        gas_limit=Gas(21_000),
        max_fee_per_gas=Wei(10),
        max_priority_fee_per_gas=Wei(10),
        to=TO,
        value=Wei(0),
        data=data,
        y_parity=0,
        r=0,
        s=0,
    )
