"""A transaction's JSON, in a block or in the pool. Source: geth's internal/ethapi, op-geth for type 0x7e."""

from dataclasses import dataclass
from typing import Final

from rpc.values import BlockView, JsonObject
from rpc.views.hexadecimal import data, quantity
from state.primitives.crypto import keccak256
from state.transactions import (
    AccessListEntry,
    AnyTransaction,
    Authorization,
    DepositTransaction,
    RecoveredTransaction,
    SignedTransaction,
    TransactionType,
    decode_transaction,
    encode_without_signature,
)

DEPOSIT_RECEIPT_VERSION: Final = 1
"""Canyon's: deposit nonce and version are part of the receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """Where a transaction stands in a block."""

    block: BlockView
    index: int

    def to_json(self) -> JsonObject:
        return {
            "blockHash": data(self.block.hash),
            "blockNumber": quantity(self.block.header.number),
            "blockTimestamp": quantity(self.block.header.timestamp),
            "transactionIndex": quantity(self.index),
        }


_PENDING: Final = {"blockHash": None, "blockNumber": None, "blockTimestamp": None, "transactionIndex": None}


def included_transaction(block: BlockView, index: int, deposit_nonce: int | None) -> JsonObject:
    """The transaction at `index` of `block`; for a deposit with the nonce that its sender had."""
    transaction = decode_transaction(block.transactions[index])
    return {
        **Inclusion(block=block, index=index).to_json(),
        "hash": data(block.transaction_hashes[index]),
        "from": data(block.senders[index]),
        **_fields(transaction, block.header.base_fee_per_gas, deposit_nonce),
    }


def unsigned_transaction(block: BlockView, index: int, transaction: SignedTransaction) -> JsonObject:
    """The transaction at `index` of a simulated block, which nobody signed: v, r and s are zero."""
    return {
        **Inclusion(block=block, index=index).to_json(),
        "hash": data(block.transaction_hashes[index]),
        "from": data(block.senders[index]),
        **_signed_fields(transaction, block.header.base_fee_per_gas),
        "v": "0x0",
    }


def filled_transaction(transaction: SignedTransaction) -> JsonObject:
    """A transaction that only lacks its signature; its gas price is the most that it would pay."""
    return {
        "hash": data(keccak256(encode_without_signature(transaction))),
        **_signed_fields(transaction, None),
        "v": "0x0",
    }


def pooled_transaction(pooled: RecoveredTransaction) -> JsonObject:
    """A transaction that no block has yet: its place is null, its gas price the most that it pays."""
    return {
        **_PENDING,
        "hash": data(pooled.hash),
        "from": data(pooled.sender),
        **_fields(pooled.transaction, None, None),
    }


def _fields(transaction: AnyTransaction, base_fee: int | None, deposit_nonce: int | None) -> JsonObject:
    if isinstance(transaction, DepositTransaction):
        return _deposit_fields(transaction, deposit_nonce or 0)
    return _signed_fields(transaction, base_fee)


def _shared_fields(transaction: AnyTransaction) -> JsonObject:
    return {
        "type": quantity(TransactionType.DEPOSIT if isinstance(transaction, DepositTransaction) else transaction.type),
        "gas": quantity(transaction.gas_limit),
        "input": data(transaction.data),
        "to": None if transaction.to is None else data(transaction.to),
        "value": quantity(transaction.value),
    }


def _deposit_fields(deposit: DepositTransaction, nonce: int) -> JsonObject:
    return {
        **_shared_fields(deposit),
        "nonce": quantity(nonce),
        "gasPrice": "0x0",
        "sourceHash": data(deposit.source_hash),
        "mint": quantity(deposit.mint),
        "isSystemTx": deposit.is_system_transaction,
        "depositReceiptVersion": quantity(DEPOSIT_RECEIPT_VERSION),
        "v": "0x0",
        "r": "0x0",
        "s": "0x0",
        "yParity": "0x0",
    }


def _signed_fields(transaction: SignedTransaction, base_fee: int | None) -> JsonObject:
    price = transaction.max_fee_per_gas if base_fee is None else transaction.effective_gas_price(base_fee)
    fields = {
        **_shared_fields(transaction),
        "nonce": quantity(transaction.nonce),
        "gasPrice": quantity(price),
        "v": quantity(transaction.v),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
    }
    if transaction.chain_id is not None:
        fields["chainId"] = quantity(transaction.chain_id)
    if transaction.is_legacy:
        return fields
    fields["yParity"] = quantity(transaction.y_parity)
    fields["accessList"] = access_list_json(transaction.access_list)
    if transaction.type != TransactionType.ACCESS_LIST:
        fields["maxFeePerGas"] = quantity(transaction.max_fee_per_gas)
        fields["maxPriorityFeePerGas"] = quantity(transaction.max_priority_fee_per_gas)
    if transaction.type == TransactionType.SET_CODE:
        fields["authorizationList"] = [_authorization_json(entry) for entry in transaction.authorizations]
    return fields


def access_list_json(entries: tuple[AccessListEntry, ...]) -> list[JsonObject]:
    """EIP-2930 entries."""
    return [
        {"address": data(entry.address), "storageKeys": [data(key) for key in entry.storage_keys]} for entry in entries
    ]


def _authorization_json(authorization: Authorization) -> JsonObject:
    return {
        "chainId": quantity(authorization.chain_id),
        "address": data(authorization.address),
        "nonce": quantity(authorization.nonce),
        "yParity": quantity(authorization.y_parity),
        "r": quantity(authorization.r),
        "s": quantity(authorization.s),
    }
