"""The transactions of a span batch, as columns over all N of them.

    contract_creation_bits(N) ++ y_parity_bits(N) ++ (r 32 ++ s 32)·N ++ to 20 for each that creates nothing
    ++ tx_datas ++ nonce uvarint·N ++ gas uvarint·N ++ protected_bits(legacy ones)

    tx_data   legacy         rlp([value, gasPrice, data])
              0x01 ++        rlp([value, gasPrice, data, accessList])
              0x02 ++        rlp([value, maxPriorityFee, maxFee, data, accessList])
              0x04 ++        rlp([value, maxPriorityFee, maxFee, data, accessList, authorizationList])

The chain id is not there: it is the L2's. Rebuilding splices the RLP items of tx_data into the transaction as they
are, so that a field which only execution may judge (a value beyond 256 bits, say) reaches execution.
Source: specs/protocol/delta/span-batches.md, isthmus/derivation.md "Span Batch Updates".
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rollup.codec.batch_error import BatchError
from rollup.codec.columns import Bits, ColumnReader, encode_uvarint
from state.primitives import rlp
from state.transactions import SignedTransaction, TransactionType, decode_transaction
from state.transactions.encoding import (
    decode_access_list,
    decode_authorizations,
    encode_access_list,
    encode_authorizations,
)

_MIN_TRANSACTION_SIZE: Final = 70
"""Bytes that any transaction takes: r and s, an RLP list of three or more, nonce, gas."""
_FIELDS: Final = {
    TransactionType.LEGACY: 3,
    TransactionType.ACCESS_LIST: 4,
    TransactionType.DYNAMIC_FEE: 5,
    TransactionType.SET_CODE: 6,
}


def encode_transactions(raw_transactions: Sequence[bytes], chain_id: int) -> bytes:
    """The columns. Raises BatchError for a deposit or a transaction that is not for `chain_id`."""
    transactions = [_batchable(raw, chain_id) for raw in raw_transactions]
    legacy = [tx for tx in transactions if tx.is_legacy]
    return b"".join(
        (
            Bits.of([tx.to is None for tx in transactions]).data,
            Bits.of([bool(tx.y_parity) for tx in transactions]).data,
            b"".join([tx.r.to_bytes(32, "big") + tx.s.to_bytes(32, "big") for tx in transactions]),
            b"".join([tx.to for tx in transactions if tx.to is not None]),
            b"".join([_encode_data(tx) for tx in transactions]),
            b"".join([encode_uvarint(tx.nonce) for tx in transactions]),
            b"".join([encode_uvarint(tx.gas_limit) for tx in transactions]),
            Bits.of([tx.chain_id is not None for tx in legacy]).data,
        )
    )


def _batchable(raw: bytes, chain_id: int) -> SignedTransaction:
    tx = decode_transaction(raw)
    if not isinstance(tx, SignedTransaction):
        raise BatchError("a batch carries no deposits")
    if tx.chain_id not in (chain_id, None):
        raise BatchError(f"transaction for another chain: got {tx.chain_id}, expected {chain_id}")
    return tx


def _encode_data(tx: SignedTransaction) -> bytes:
    integer = rlp.encode_int
    fees = integer(tx.max_fee_per_gas)
    if tx.type >= TransactionType.DYNAMIC_FEE:
        fees = integer(tx.max_priority_fee_per_gas) + fees
    body = integer(tx.value) + fees + rlp.encode_string(tx.data)
    if tx.is_legacy:
        return rlp.wrap_list(body)
    body += encode_access_list(tx.access_list)
    if tx.type == TransactionType.SET_CODE:
        body += encode_authorizations(tx.authorizations)
    return bytes((tx.type,)) + rlp.wrap_list(body)


def decode_transactions(data: bytes, position: int, count: int, chain_id: int) -> tuple[bytes, ...]:
    """The raw EIP-2718 bytes of the `count` transactions whose columns begin at `position`.

    Raises BatchError or RLPError. Bytes after the last column are ignored, as clients do.
    """
    reader = ColumnReader(data, position)
    if count * _MIN_TRANSACTION_SIZE > reader.left:
        raise BatchError(f"span batch cut short: got {reader.left} bytes, expected {count} transactions")
    creations, parities = reader.bits(count), reader.bits(count)
    signatures = reader.take(64 * count)
    recipients = reader.take(20 * (count - creations.ones()))
    bodies = [_read_body(data, reader) for _ in range(count)]
    nonces = [reader.uvarint() for _ in range(count)]
    gases = [reader.uvarint() for _ in range(count)]
    protected = reader.bits(sum(kind == TransactionType.LEGACY for kind, _ in bodies))
    to_column = _recipients(creations, recipients)
    replays = _protection(bodies, protected)
    chain = rlp.encode_int(chain_id)
    return tuple(
        _rebuild(
            kind,
            fields,
            chain,
            rlp.encode_int(nonce),
            rlp.encode_int(gas),
            to,
            _encode_signature(parities[i], is_protected, chain_id, signatures[64 * i : 64 * i + 64]),
        )
        for i, ((kind, fields), nonce, gas, to, is_protected) in enumerate(
            zip(bodies, nonces, gases, to_column, replays, strict=True)
        )
    )


def _recipients(creations: Bits, column: bytes) -> Iterator[bytes]:
    position = 0
    for index in range(len(creations)):
        if creations[index]:
            yield b"\x80"
        else:
            yield b"\x94" + column[position : position + 20]
            position += 20


def _protection(bodies: Sequence[tuple[TransactionType, list[bytes]]], bits: Bits) -> Iterator[bool | None]:
    """For each transaction: EIP-155 protected or not; None where the type has no such choice."""
    position = 0
    for kind, _ in bodies:
        if kind == TransactionType.LEGACY:
            yield bits[position]
            position += 1
        else:
            yield None


def _read_body(data: bytes, reader: ColumnReader) -> tuple[TransactionType, list[bytes]]:
    """(type, encoded RLP items) of the tx_data that comes next."""
    if not reader.left:
        raise BatchError("span batch ends where a transaction was expected")
    kind, start = TransactionType.LEGACY, reader.position
    first = data[start]
    if first < 0x80:
        if first not in (1, 2, 4):
            raise BatchError(f"transaction type not supported in a span batch: {first:#04x}")
        kind, start = TransactionType(first), start + 1
    is_list, begin, end = rlp.item_bounds(data, start, len(data))
    if not is_list:
        raise BatchError("span batch holds an RLP string where a transaction was expected")
    reader.position = end
    return kind, _split_fields(data, begin, end, kind)


def _split_fields(data: bytes, begin: int, end: int, kind: TransactionType) -> list[bytes]:
    fields: list[bytes] = []
    integers = 3 if kind >= TransactionType.DYNAMIC_FEE else 2
    while begin < end:
        is_list, start, stop = rlp.item_bounds(data, begin, end)
        if is_list != (len(fields) > integers):
            raise BatchError(f"span batch transaction has a list for a string or the reverse, field {len(fields)}")
        if len(fields) < integers and start < stop and data[start] == 0:
            raise BatchError("span batch transaction has an integer with leading zeros")
        fields.append(data[begin:stop])
        begin = stop
    if len(fields) != _FIELDS[kind]:
        raise BatchError(f"wrong number of transaction fields: got {len(fields)}, expected {_FIELDS[kind]}")
    if len(fields) > integers + 1 and fields[integers + 1] != b"\xc0":
        decode_access_list(rlp.decode(fields[integers + 1]))
    if kind == TransactionType.SET_CODE:
        decode_authorizations(rlp.decode(fields[-1]))
    return fields


def _encode_signature(y_parity: bool, is_protected: bool | None, chain_id: int, signature: bytes) -> bytes:
    v = int(y_parity)
    if is_protected is not None:
        v += 2 * chain_id + 35 if is_protected else 27
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return rlp.encode_int(v) + rlp.encode_int(r) + rlp.encode_int(s)


def _rebuild(
    kind: TransactionType, fields: list[bytes], chain: bytes, nonce: bytes, gas: bytes, to: bytes, signature: bytes
) -> bytes:
    """Raw transaction bytes out of encoded RLP items."""
    if kind == TransactionType.LEGACY:
        value, price, payload = fields
        return rlp.wrap_list(nonce + price + gas + to + value + payload + signature)
    if kind == TransactionType.ACCESS_LIST:
        value, price, payload, access_list = fields
        return b"\x01" + rlp.wrap_list(chain + nonce + price + gas + to + value + payload + access_list + signature)
    if kind == TransactionType.SET_CODE and to == b"\x80":
        raise BatchError("a set-code transaction can't create a contract")
    value, tip, fee, payload, *lists = fields
    body = chain + nonce + tip + fee + gas + to + value + payload + b"".join(lists) + signature
    return bytes((kind,)) + rlp.wrap_list(body)
