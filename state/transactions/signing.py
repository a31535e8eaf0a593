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
    return _digest(tx, encode_unsigned_fields(tx))


def _digest(tx: SignedTransaction, fields: bytes) -> Hash32:
    if not tx.is_legacy:
        return keccak256(bytes((tx.type,)) + rlp.wrap_list(fields))
    if tx.chain_id is None:
        return keccak256(rlp.wrap_list(fields))
    return keccak256(rlp.wrap_list(fields + rlp.encode_int(tx.chain_id) + b"\x80\x80"))


def _int_size(value: int) -> int:
    """The length of `rlp.encode_int(value)` for up to 256 bits."""
    return 1 if value < 0x80 else 1 + (value.bit_length() + 7) // 8


def _signed_fields(tx: SignedTransaction, raw: bytes) -> bytes:
    """What `encode_unsigned_fields` gives, cut out of the canonical bytes: all but the signature at their end."""
    _, start, stop = rlp.item_bounds(raw, 0 if tx.is_legacy else 1, len(raw))
    return raw[start : stop - _int_size(tx.v) - _int_size(tx.r) - _int_size(tx.s)]


def recover_transaction(raw: bytes) -> RecoveredTransaction:
    """The signed transaction in `raw` with its sender and hash.

    Raises TransactionDecodeError (also for a deposit: nobody submits those), RLPError or InvalidSignature.
    """
    tx = _decode_signed(raw)
    sender = recover_address(_digest(tx, _signed_fields(tx, raw)), tx.y_parity, tx.r, tx.s)
    return RecoveredTransaction(transaction=tx, sender=sender, raw=raw, hash=keccak256(raw))


def with_known_sender(raw: bytes, sender: Address) -> RecoveredTransaction:
    """What `recover_transaction` gives where it has found `sender` before, in this process or in one that we trust.

    `sender` may also be whom `make_up_transaction` has made the bytes up for.
    """
    tx = _decode_signed(raw)
    made_up = (tx.y_parity, tx.r, tx.s) == _mark_of(sender)
    return RecoveredTransaction(transaction=tx, sender=sender, raw=raw, hash=keccak256(raw), is_impersonated=made_up)


def make_up_transaction(unsigned: SignedTransaction, sender: Address) -> RecoveredTransaction:
    """`unsigned` as a sandbox has it sent by an account whose key it lacks.

    Such a transaction has no signature, but its form has room for one and for nothing else. So r names the sender and
    s is 1: different senders never share a hash. Nothing else makes the bytes the sender's: `recover_transaction`
    refuses them or finds somebody else.
    """
    y_parity, r, s = _mark_of(sender)
    return with_known_sender(encode_transaction(dataclasses.replace(unsigned, y_parity=y_parity, r=r, s=s)), sender)


def _mark_of(sender: Address) -> tuple[int, int, int]:
    return 0, int.from_bytes(sender, "big") or 1, 1


def _decode_signed(raw: bytes) -> SignedTransaction:
    tx = decode_transaction(raw)
    if isinstance(tx, DepositTransaction):
        raise TransactionDecodeError("transaction type not supported: deposits can't be submitted")
    return tx


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
