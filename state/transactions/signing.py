"""What is signed, who signed it, and signing."""

import dataclasses

from state.primitives import rlp
from state.primitives.crypto import keccak256, recover_address, sign_digest
from state.primitives.types import Address, Hash32
from state.transactions.encoding import (
    TransactionDecodeError,
    decode_transaction,
    encode_transaction,
    encode_unsigned_fields,
)
from state.transactions.types import (
    Authorization,
    DepositTransaction,
    RecoveredTransaction,
    SignedTransaction,
)


def signing_hash(tx: SignedTransaction) -> Hash32:
    """The digest that the sender signs (EIP-155 for protected legacy, EIP-2718 types else)."""
    fields = encode_unsigned_fields(tx)
    if not tx.is_legacy:
        return keccak256(bytes((tx.type,)) + rlp.wrap_list(fields))
    if tx.chain_id is None:
        return keccak256(rlp.wrap_list(fields))
    return keccak256(rlp.wrap_list(fields + rlp.encode_int(tx.chain_id) + b"\x80\x80"))


def recover_transaction(raw: bytes) -> RecoveredTransaction:
    """The signed transaction in `raw` with its sender and hash.

    Raises TransactionDecodeError (also for a deposit: nobody submits those), RLPError or InvalidSignature.
    """
    tx = decode_transaction(raw)
    if isinstance(tx, DepositTransaction):
        raise TransactionDecodeError("transaction type not supported: deposits can't be submitted")
    sender = recover_address(signing_hash(tx), tx.y_parity, tx.r, tx.s)
    return RecoveredTransaction(transaction=tx, sender=sender, raw=raw, hash=keccak256(raw))


def sign_transaction(unsigned: SignedTransaction, private_key: bytes) -> RecoveredTransaction:
    """`unsigned` (whose signature fields are ignored) signed with a 32-byte key."""
    y_parity, r, s = sign_digest(private_key, signing_hash(unsigned))
    raw = encode_transaction(dataclasses.replace(unsigned, y_parity=y_parity, r=r, s=s))
    return recover_transaction(raw)


def authorization_hash(authorization: Authorization) -> Hash32:
    """The digest of an EIP-7702 tuple: keccak(0x05 ++ rlp([chainId, address, nonce]))."""
    integer = rlp.int_to_bytes
    fields = [integer(authorization.chain_id), authorization.address, integer(authorization.nonce)]
    return keccak256(b"\x05" + rlp.encode(fields))


def recover_authority(authorization: Authorization) -> Address:
    """The account that signed an EIP-7702 tuple. Raises InvalidSignature."""
    a = authorization
    return recover_address(authorization_hash(a), a.y_parity, a.r, a.s)
