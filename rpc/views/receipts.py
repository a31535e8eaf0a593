"""Receipts and logs in JSON, with the fee fields that op-geth adds."""

from collections.abc import Iterator

from rpc.values import BlockView, JsonObject, L1FeeFields, LocatedLog, ReceiptsView
from rpc.views.hexadecimal import data, quantity
from rpc.views.transactions import DEPOSIT_RECEIPT_VERSION
from state.blocks import Receipt
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Address
from state.transactions import AnyTransaction, DepositTransaction, decode_transaction


def receipt_json(block: BlockView, view: ReceiptsView, index: int) -> JsonObject:
    """The receipt of the transaction at `index` of `block`."""
    receipt, transaction = view.receipts[index], decode_transaction(block.transactions[index])
    before = view.receipts[index - 1].cumulative_gas_used if index else 0
    created = _created_address(transaction, block.senders[index], receipt)
    first_log = sum(len(earlier.logs) for earlier in view.receipts[:index])
    place = {
        "blockHash": data(block.hash),
        "blockNumber": quantity(block.header.number),
        "transactionHash": data(block.transaction_hashes[index]),
        "transactionIndex": quantity(index),
    }
    fields = {
        **place,
        "from": data(block.senders[index]),
        "to": None if transaction.to is None else data(transaction.to),
        "gasUsed": quantity(receipt.cumulative_gas_used - before),
        "cumulativeGasUsed": quantity(receipt.cumulative_gas_used),
        "contractAddress": None if created is None else data(created),
        "logs": [
            log_json(log, block.header.timestamp) for log in _logs_of(block, receipt, index=index, first=first_log)
        ],
        "logsBloom": data(receipt.bloom),
        "type": quantity(receipt.type),
        "status": quantity(int(receipt.succeeded)),
        "effectiveGasPrice": quantity(_effective_price(transaction, block.header.base_fee_per_gas)),
    }
    if receipt.deposit_nonce is not None:
        fields["depositNonce"] = quantity(receipt.deposit_nonce)
        fields["depositReceiptVersion"] = quantity(DEPOSIT_RECEIPT_VERSION)
    l1_fees = view.l1_fees[index]
    return fields if l1_fees is None else {**fields, **_l1_fee_json(l1_fees)}


def _effective_price(transaction: AnyTransaction, base_fee: int) -> int:
    return 0 if isinstance(transaction, DepositTransaction) else transaction.effective_gas_price(base_fee)


def _created_address(transaction: AnyTransaction, sender: Address, receipt: Receipt) -> Address | None:
    if transaction.to is not None:
        return None
    nonce = (receipt.deposit_nonce or 0) if isinstance(transaction, DepositTransaction) else transaction.nonce
    return Address(keccak256(rlp.encode([sender, rlp.int_to_bytes(nonce)]))[12:])


def _l1_fee_json(fees: L1FeeFields) -> JsonObject:
    fields = {
        "l1GasPrice": quantity(fees.l1_base_fee),
        "l1GasUsed": quantity(fees.l1_gas_used),
        "l1Fee": quantity(fees.l1_fee),
        "l1BlobBaseFee": quantity(fees.l1_blob_base_fee),
        "l1BaseFeeScalar": quantity(fees.l1_base_fee_scalar),
        "l1BlobBaseFeeScalar": quantity(fees.l1_blob_base_fee_scalar),
    }
    if fees.operator_fee_scalar or fees.operator_fee_constant:
        fields["operatorFeeScalar"] = quantity(fees.operator_fee_scalar)
        fields["operatorFeeConstant"] = quantity(fees.operator_fee_constant)
    return fields


def located_logs(block: BlockView, view: ReceiptsView) -> Iterator[LocatedLog]:
    """All logs of a block in order."""
    first = 0
    for index, receipt in enumerate(view.receipts):
        yield from _logs_of(block, receipt, index=index, first=first)
        first += len(receipt.logs)


def _logs_of(block: BlockView, receipt: Receipt, *, index: int, first: int) -> Iterator[LocatedLog]:
    for offset, log in enumerate(receipt.logs):
        yield LocatedLog(
            log=log,
            block_hash=block.hash,
            block_number=block.header.number,
            transaction_hash=block.transaction_hashes[index],
            transaction_index=index,
            log_index=first + offset,
        )


def log_json(located: LocatedLog, timestamp: int | None, *, removed: bool = False) -> JsonObject:
    """A log with its place; `removed` once a reorg has taken its block off the canonical chain."""
    fields: JsonObject = {
        "address": data(located.log.address),
        "topics": [data(topic) for topic in located.log.topics],
        "data": data(located.log.data),
        "blockNumber": quantity(located.block_number),
        "transactionHash": data(located.transaction_hash),
        "transactionIndex": quantity(located.transaction_index),
        "blockHash": data(located.block_hash),
        "logIndex": quantity(located.log_index),
        "removed": removed,
    }
    if timestamp is not None:
        fields["blockTimestamp"] = quantity(timestamp)
    return fields
