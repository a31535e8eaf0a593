"""Headers and blocks in JSON."""

from collections.abc import Sequence

from rpc.values import BlockView, JsonObject
from rpc.views.hexadecimal import data, quantity
from state.blocks import Header
from state.primitives import rlp


def header_json(header: Header) -> JsonObject:
    """The 21 fields of a header, without its hash."""
    return {
        "parentHash": data(header.parent_hash),
        "sha3Uncles": data(header.ommers_hash),
        "miner": data(header.fee_recipient),
        "stateRoot": data(header.state_root),
        "transactionsRoot": data(header.transactions_root),
        "receiptsRoot": data(header.receipts_root),
        "logsBloom": data(header.logs_bloom),
        "difficulty": quantity(header.difficulty),
        "number": quantity(header.number),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "extraData": data(header.extra_data),
        "mixHash": data(header.prev_randao),
        "nonce": data(header.nonce),
        "baseFeePerGas": quantity(header.base_fee_per_gas),
        "withdrawalsRoot": data(header.withdrawals_root),
        "blobGasUsed": quantity(header.blob_gas_used),
        "excessBlobGas": quantity(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
        "requestsHash": data(header.requests_hash),
    }


def hashed_header_json(header: Header, block_hash: bytes) -> JsonObject:
    """The header and its hash, nothing of the body: also what eth_subscribe("newHeads") tells."""
    return {**header_json(header), "hash": data(block_hash)}


def block_json(block: BlockView, transactions: Sequence[str | JsonObject]) -> JsonObject:
    """The block; `transactions` are hashes or full objects."""
    return {
        **header_json(block.header),
        "hash": data(block.hash),
        "size": quantity(block_size(block)),
        "transactions": transactions,
        "uncles": [],
        "withdrawals": [],
    }


def pending_header_json(header: Header) -> JsonObject:
    """The next block's header as far as it is known: it has no hash, nonce or recipient yet."""
    return {**header_json(header), "hash": None, "nonce": None, "miner": None}


def pending_block_json(block: BlockView, transactions: Sequence[str | JsonObject]) -> JsonObject:
    """The next block as far as it is known."""
    return {
        **pending_header_json(block.header),
        "size": quantity(block_size(block)),
        "transactions": transactions,
        "uncles": [],
        "withdrawals": [],
    }


def encode_block(block: BlockView) -> bytes:
    """The block's RLP: header, transactions, no uncles, no withdrawals."""
    transactions = b"".join(raw if raw[0] >= 0xC0 else rlp.encode_string(raw) for raw in block.transactions)
    return rlp.wrap_list(block.header.encode() + rlp.wrap_list(transactions) + b"\xc0\xc0")


def block_size(block: BlockView) -> int:
    """Bytes of the block's RLP."""
    return len(encode_block(block))
