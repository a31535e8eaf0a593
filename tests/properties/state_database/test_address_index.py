"""The address index reads recipient and nonce out of raw transactions as the decoder does, and nonsense as nobody's."""

from hypothesis import given, settings
from hypothesis import strategies as st

from state.blocks import Receipt
from state.database import WriteBatch
from state.database.address_index import Participants, index_addresses
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Nonce
from state.transactions import AnyTransaction, DepositTransaction, TransactionType, encode_transaction
from tests.properties.state_transactions.test_transaction_round_trip import deposits, signed_transactions

SENDER = Address(b"\x5e" * 20)


def indexed(raw: bytes, nonce: int | None) -> set[bytes]:
    kind = TransactionType.LEGACY if nonce is None else TransactionType.DEPOSIT
    receipt = Receipt(
        type=kind,
        succeeded=True,
        cumulative_gas_used=Gas(1),
        logs=(),
        deposit_nonce=None if nonce is None else Nonce(nonce),
    )
    batch = WriteBatch()
    index_addresses(1, Participants(transactions=[raw], senders=[SENDER], receipts=[receipt]), batch)
    return {key[1:21] for key in batch.operations}


@settings(max_examples=300, deadline=None)
@given(st.one_of(signed_transactions(), deposits), st.integers(0, 2**64 - 1))
def test_ends_of_every_transaction_are_those_that_the_decoder_finds(tx: AnyTransaction, deposit_nonce: int) -> None:
    is_deposit = isinstance(tx, DepositTransaction)
    nonce = deposit_nonce if isinstance(tx, DepositTransaction) else tx.nonce
    created = keccak256(rlp.encode([SENDER, rlp.int_to_bytes(nonce)]))[12:]
    assert indexed(encode_transaction(tx), deposit_nonce if is_deposit else None) == {SENDER, tx.to or created}


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=120))
def test_any_bytes_are_indexed_without_an_error(raw: bytes) -> None:
    assert SENDER in indexed(raw, None)
