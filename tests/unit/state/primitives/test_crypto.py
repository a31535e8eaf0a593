"""keccak-256 and secp256k1."""

import pytest
from eth_account import Account

from state.primitives.crypto import (
    KECCAK_EMPTY,
    SECP256K1_HALF_N,
    SECP256K1_N,
    InvalidSignature,
    keccak256,
    private_key_to_address,
    recover_address,
    sign_digest,
)

KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
DIGEST = keccak256(b"hello")


def test_keccak_is_ethereums_and_not_sha3() -> None:
    assert KECCAK_EMPTY.hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"hello").hex() == "1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8"


def test_address_of_the_devnets_first_key() -> None:
    assert private_key_to_address(KEY).hex() == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"


def test_signature_is_eth_accounts_and_recovers_to_the_signer() -> None:
    y_parity, r, s = sign_digest(KEY, DIGEST)
    theirs = Account.unsafe_sign_hash(DIGEST, KEY)
    assert (27 + y_parity, r, s) == (theirs.v, theirs.r, theirs.s)
    assert s <= SECP256K1_HALF_N
    assert recover_address(DIGEST, y_parity, r, s) == private_key_to_address(KEY)


def test_other_parity_recovers_another_address() -> None:
    y_parity, r, s = sign_digest(KEY, DIGEST)
    assert recover_address(DIGEST, 1 - y_parity, r, s) != private_key_to_address(KEY)


@pytest.mark.parametrize(
    ("y_parity", "r", "s"),
    [
        (0, 0, 1),
        (0, 1, 0),
        (0, SECP256K1_N, 1),
        (0, 1, SECP256K1_N),
        (0, 1, SECP256K1_HALF_N + 1),
        (2, 1, 1),
        (0, 2**256 - 1, 1),
        (0, 5, 1),
    ],
    ids=["r zero", "s zero", "r the order", "s the order", "high s", "parity 2", "r huge", "no point with this r"],
)
def test_refuses_signatures_out_of_range(y_parity: int, r: int, s: int) -> None:
    with pytest.raises(InvalidSignature, match="invalid transaction v, r, s values"):
        recover_address(DIGEST, y_parity, r, s)
