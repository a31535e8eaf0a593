"""Any transaction survives its bytes; any bytes are a transaction or end in a typed error."""

from hypothesis import given, settings
from hypothesis import strategies as st

from state.errors import DecodeError
from state.primitives.types import UINT64_MAX, UINT256_MAX
from state.transactions import (
    AccessListEntry,
    AnyTransaction,
    Authorization,
    DepositTransaction,
    SignedTransaction,
    TransactionType,
    decode_transaction,
    encode_transaction,
    recover_transaction,
    sign_transaction,
)

addresses = st.binary(min_size=20, max_size=20)
hashes = st.binary(min_size=32, max_size=32)
uint64 = st.integers(0, UINT64_MAX)
uint256 = st.integers(0, UINT256_MAX)
entries = st.builds(AccessListEntry, address=addresses, storage_keys=st.lists(hashes, max_size=3).map(tuple))
authorizations = st.builds(
    Authorization,
    chain_id=uint256,
    address=addresses,
    nonce=uint64,
    y_parity=st.integers(0, 255),
    r=uint256,
    s=uint256,
)


@st.composite
def signed_transactions(draw: st.DrawFn) -> SignedTransaction:
    kind = draw(st.sampled_from([t for t in TransactionType if t != TransactionType.DEPOSIT]))
    legacy, set_code = kind == TransactionType.LEGACY, kind == TransactionType.SET_CODE
    fee = draw(uint256)
    has_tip = kind in (TransactionType.DYNAMIC_FEE, TransactionType.SET_CODE)
    # A legacy chain id travels in v, of which 64 bits are read.
    chain_id = draw(st.one_of(st.none(), st.integers(0, 2**62))) if legacy else draw(uint256)
    return SignedTransaction(
        type=kind,
        chain_id=chain_id,
        nonce=draw(uint64),
        gas_limit=draw(uint64),
        max_fee_per_gas=fee,
        max_priority_fee_per_gas=draw(uint256) if has_tip else fee,
        to=draw(addresses) if set_code else draw(st.one_of(st.none(), addresses)),
        value=draw(uint256),
        data=draw(st.binary(max_size=100)),
        access_list=() if legacy else tuple(draw(st.lists(entries, max_size=3))),
        authorizations=tuple(draw(st.lists(authorizations, max_size=3))) if set_code else (),
        y_parity=draw(st.integers(0, 1)),
        r=draw(uint256),
        s=draw(uint256),
    )


deposits = st.builds(
    DepositTransaction,
    source_hash=hashes,
    sender=addresses,
    to=st.one_of(st.none(), addresses),
    mint=uint256,
    value=uint256,
    gas_limit=uint64,
    is_system_transaction=st.booleans(),
    data=st.binary(max_size=200),
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(signed_transactions(), deposits))
def test_every_transaction_survives_its_bytes(tx: AnyTransaction) -> None:
    assert decode_transaction(encode_transaction(tx)) == tx


@settings(max_examples=60, deadline=None)
@given(signed_transactions(), st.integers(1, 2**255).map(lambda n: n.to_bytes(32, "big")))
def test_signing_recovers_to_the_same_sender_twice(tx: SignedTransaction, key: bytes) -> None:
    recovered = sign_transaction(tx, key)
    assert recover_transaction(recovered.raw) == recovered


def flip(raw: bytes, position: int, mask: int) -> bytes:
    position %= len(raw)
    return raw[:position] + bytes((raw[position] ^ mask,)) + raw[position + 1 :]


def decoded(raw: bytes) -> AnyTransaction | None:
    try:
        return decode_transaction(raw)
    except DecodeError:
        return None


@settings(max_examples=1_000, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(lambda kind, body: bytes((kind,)) + body, st.sampled_from([1, 2, 4, 0x7E]), st.binary(max_size=300)),
        st.builds(
            flip,
            st.one_of(signed_transactions(), deposits).map(encode_transaction),
            st.integers(0, 500),
            st.integers(1, 255),
        ),
    )
)
def test_any_bytes_are_the_one_encoding_of_a_transaction_or_refused(raw: bytes) -> None:
    tx = decoded(raw)
    assert tx is None or encode_transaction(tx) == raw
