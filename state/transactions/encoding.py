"""EIP-2718 bytes <-> transaction records, strict in both directions.

0           rlp([nonce, gasPrice, gas, to, value, data, v, r, s])
0x01 ++     rlp([chainId, nonce, gasPrice, gas, to, value, data, accessList, y, r, s])
0x02 ++     rlp([chainId, nonce, tip, maxFee, gas, to, value, data, accessList, y, r, s])
0x04 ++     rlp([chainId, nonce, tip, maxFee, gas, to, value, data, accessList, authorizations, y, r, s])
0x7E ++     rlp([sourceHash, from, to, mint, value, gas, isSystemTx, data])
"""

from collections.abc import Callable, Sequence
from typing import Final

from state.errors import DecodeError
from state.primitives import rlp
from state.primitives.types import Address, Gas, Hash32, Nonce, Wei
from state.transactions.types import (
    DEPOSIT_TYPE,
    AccessListEntry,
    AnyTransaction,
    Authorization,
    DepositTransaction,
    SignedTransaction,
    TransactionType,
)


class TransactionDecodeError(DecodeError):
    """Bytes that are no transaction of a known type in its canonical form."""


class BlobTransactionRefused(TransactionDecodeError):
    """A type-3 transaction: an OP chain carries no blobs."""


def encode_transaction(transaction: AnyTransaction) -> bytes:
    """The canonical EIP-2718 bytes, signature included."""
    if isinstance(transaction, DepositTransaction):
        return _encode_deposit(transaction)
    body = encode_unsigned_fields(transaction) + b"".join(
        map(rlp.encode_int, (transaction.v, transaction.r, transaction.s))
    )
    prefix = b"" if transaction.is_legacy else bytes((transaction.type,))
    return prefix + rlp.wrap_list(body)


def encode_without_signature(tx: SignedTransaction) -> bytes:
    """The EIP-2718 bytes with v, r and s zero: a transaction that nobody has signed, as geth shows one."""
    prefix = b"" if tx.is_legacy else bytes((tx.type,))
    return prefix + rlp.wrap_list(encode_unsigned_fields(tx) + 3 * rlp.encode_int(0))


def encode_unsigned_fields(tx: SignedTransaction) -> bytes:
    """The joined RLP items of every field before the signature, without the list's prefix."""
    integer, string = rlp.encode_int, rlp.encode_string
    call = string(tx.to or b"") + integer(tx.value) + string(tx.data)
    nonce, gas = integer(tx.nonce), integer(tx.gas_limit)
    if tx.type == TransactionType.LEGACY:
        return nonce + integer(tx.max_fee_per_gas) + gas + call
    head = integer(tx.chain_id or 0) + nonce
    access_list = encode_access_list(tx.access_list)
    if tx.type == TransactionType.ACCESS_LIST:
        return head + integer(tx.max_fee_per_gas) + gas + call + access_list
    fees = integer(tx.max_priority_fee_per_gas) + integer(tx.max_fee_per_gas)
    if tx.type == TransactionType.DYNAMIC_FEE:
        return head + fees + gas + call + access_list
    return head + fees + gas + call + access_list + encode_authorizations(tx.authorizations)


def encode_access_list(entries: Sequence[AccessListEntry]) -> bytes:
    """The RLP of an EIP-2930 access list."""
    return rlp.encode([[entry.address, list(entry.storage_keys)] for entry in entries])


def encode_authorizations(authorizations: Sequence[Authorization]) -> bytes:
    """The RLP of an EIP-7702 authorization list."""
    integer = rlp.int_to_bytes
    return rlp.encode(
        [
            [
                integer(a.chain_id),
                a.address,
                integer(a.nonce),
                integer(a.y_parity),
                integer(a.r),
                integer(a.s),
            ]
            for a in authorizations
        ]
    )


def _encode_deposit(tx: DepositTransaction) -> bytes:
    integer = rlp.int_to_bytes
    return bytes((DEPOSIT_TYPE,)) + rlp.encode(
        [
            tx.source_hash,
            tx.sender,
            tx.to or b"",
            integer(tx.mint),
            integer(tx.value),
            integer(tx.gas_limit),
            integer(tx.is_system_transaction),
            tx.data,
        ]
    )


def decode_transaction(raw: bytes) -> AnyTransaction:
    """The transaction that `raw` holds, wholly and canonically. Raises TransactionDecodeError or RLPError."""
    if not raw:
        raise TransactionDecodeError("typed transaction too short")
    first = raw[0]
    if first >= 0xC0:
        return _decode_legacy(rlp.to_list(rlp.decode(raw), length=9))
    if first == 3:
        raise BlobTransactionRefused("transaction type not supported: blob transactions (type 3)")
    decoder = _TYPED.get(first)
    if decoder is None:
        raise TransactionDecodeError(f"transaction type not supported: {first:#04x}")
    return decoder(rlp.decode_list(raw[1:]))


def decode_to(item: rlp.DecodedItem) -> Address | None:
    """A recipient: 20 bytes, or None for the empty string."""
    data = rlp.to_bytes(item)
    if not data:
        return None
    return Address(rlp.to_bytes(data, length=20))


def _signature_parts(y_parity: rlp.DecodedItem, r: rlp.DecodedItem, s: rlp.DecodedItem) -> tuple[int, int, int]:
    parity = rlp.to_int(y_parity, max_bytes=8)
    if parity not in (0, 1):
        raise TransactionDecodeError("invalid transaction v, r, s values")
    return parity, rlp.to_int(r), rlp.to_int(s)


def _decode_legacy(items: list[rlp.DecodedItem]) -> SignedTransaction:
    nonce, price, gas, to, value, data, v_item, r, s = items
    v = rlp.to_int(v_item, max_bytes=8)
    if v in (27, 28):
        chain_id, y_parity = None, v - 27
    elif v >= 35:
        chain_id, y_parity = (v - 35) // 2, (v - 35) % 2
    else:
        raise TransactionDecodeError("invalid transaction v, r, s values")
    gas_price = Wei(rlp.to_int(price))
    return SignedTransaction(
        type=TransactionType.LEGACY,
        chain_id=chain_id,
        nonce=Nonce(rlp.to_int(nonce, max_bytes=8)),
        gas_limit=Gas(rlp.to_int(gas, max_bytes=8)),
        max_fee_per_gas=gas_price,
        max_priority_fee_per_gas=gas_price,
        to=decode_to(to),
        value=Wei(rlp.to_int(value)),
        data=rlp.to_bytes(data),
        y_parity=y_parity,
        r=rlp.to_int(r),
        s=rlp.to_int(s),
    )


def _decode_access_list_type(items: list[rlp.DecodedItem]) -> SignedTransaction:
    chain_id, nonce, price, gas, to, value, data, access_list, y, r, s = _expect(items, 11)
    return _build(
        TransactionType.ACCESS_LIST, chain_id, nonce, price, price, gas, to, value, data, access_list, y, r, s
    )


def _decode_dynamic_fee(items: list[rlp.DecodedItem]) -> SignedTransaction:
    chain_id, nonce, tip, fee, gas, to, value, data, access_list, y, r, s = _expect(items, 12)
    return _build(TransactionType.DYNAMIC_FEE, chain_id, nonce, tip, fee, gas, to, value, data, access_list, y, r, s)


def _decode_set_code(items: list[rlp.DecodedItem]) -> SignedTransaction:
    chain_id, nonce, tip, fee, gas, to, value, data, access_list, tuples, y, r, s = _expect(items, 13)
    kind = TransactionType.SET_CODE
    rlp.to_list(tuples)
    if not rlp.to_bytes(to):
        raise TransactionDecodeError("a set-code transaction can't create a contract")
    return _build(kind, chain_id, nonce, tip, fee, gas, to, value, data, access_list, y, r, s, tuples)


def _expect(items: list[rlp.DecodedItem], length: int) -> list[rlp.DecodedItem]:
    return rlp.to_list(items, length=length)


def _build(
    kind: TransactionType,
    chain_id: rlp.DecodedItem,
    nonce: rlp.DecodedItem,
    tip: rlp.DecodedItem,
    fee: rlp.DecodedItem,
    gas: rlp.DecodedItem,
    to: rlp.DecodedItem,
    value: rlp.DecodedItem,
    data: rlp.DecodedItem,
    access_list: rlp.DecodedItem,
    y: rlp.DecodedItem,
    r: rlp.DecodedItem,
    s: rlp.DecodedItem,
    tuples: rlp.DecodedItem = b"",
) -> SignedTransaction:
    y_parity, r_int, s_int = _signature_parts(y, r, s)
    return SignedTransaction(
        type=kind,
        chain_id=rlp.to_int(chain_id),
        nonce=Nonce(rlp.to_int(nonce, max_bytes=8)),
        gas_limit=Gas(rlp.to_int(gas, max_bytes=8)),
        max_fee_per_gas=Wei(rlp.to_int(fee)),
        max_priority_fee_per_gas=Wei(rlp.to_int(tip)),
        to=decode_to(to),
        value=Wei(rlp.to_int(value)),
        data=rlp.to_bytes(data),
        access_list=decode_access_list(access_list),
        authorizations=decode_authorizations(tuples) if tuples else (),
        y_parity=y_parity,
        r=r_int,
        s=s_int,
    )


def decode_access_list(item: rlp.DecodedItem) -> tuple[AccessListEntry, ...]:
    """An EIP-2930 access list from its decoded RLP."""
    entries = []
    for entry in rlp.to_list(item):
        address, keys = rlp.to_list(entry, length=2)
        entries.append(
            AccessListEntry(
                address=Address(rlp.to_bytes(address, length=20)),
                storage_keys=tuple(Hash32(rlp.to_bytes(key, length=32)) for key in rlp.to_list(keys)),
            )
        )
    return tuple(entries)


def decode_authorizations(item: rlp.DecodedItem) -> tuple[Authorization, ...]:
    """An EIP-7702 authorization list from its decoded RLP."""
    authorizations = []
    for entry in rlp.to_list(item):
        chain_id, address, nonce, y_parity, r, s = rlp.to_list(entry, length=6)
        authorizations.append(
            Authorization(
                chain_id=rlp.to_int(chain_id),
                address=Address(rlp.to_bytes(address, length=20)),
                nonce=Nonce(rlp.to_int(nonce, max_bytes=8)),
                y_parity=rlp.to_int(y_parity, max_bytes=1),
                r=rlp.to_int(r),
                s=rlp.to_int(s),
            )
        )
    return tuple(authorizations)


def _decode_deposit(items: list[rlp.DecodedItem]) -> DepositTransaction:
    source_hash, sender, to, mint, value, gas, is_system, data = _expect(items, 8)
    flag = rlp.to_int(is_system, max_bytes=1)
    if flag > 1:
        raise TransactionDecodeError(f"isSystemTx is not a boolean: got {flag}")
    return DepositTransaction(
        source_hash=Hash32(rlp.to_bytes(source_hash, length=32)),
        sender=Address(rlp.to_bytes(sender, length=20)),
        to=decode_to(to),
        mint=Wei(rlp.to_int(mint)),
        value=Wei(rlp.to_int(value)),
        gas_limit=Gas(rlp.to_int(gas, max_bytes=8)),
        is_system_transaction=bool(flag),
        data=rlp.to_bytes(data),
    )


_TYPED: Final[dict[int, Callable[[list[rlp.DecodedItem]], AnyTransaction]]] = {
    TransactionType.ACCESS_LIST: _decode_access_list_type,
    TransactionType.DYNAMIC_FEE: _decode_dynamic_fee,
    TransactionType.SET_CODE: _decode_set_code,
    TransactionType.DEPOSIT: _decode_deposit,
}
