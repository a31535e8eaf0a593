"""L1 Retrieval: the calldata of an L1 block's batcher transactions, in order.

A batcher transaction goes to the batch inbox, is of type 0, 1, 2, 3 or 0x7E, and is signed by the batcher of the
system config as of its own L1 block. Whether it succeeded doesn't matter. Receipts and events are never looked at.
Source: derivation.md "L1 Retrieval", ecotone/derivation.md.
"""

from collections import deque
from typing import Final

from rollup.types import L1Block, RollupConfig, SystemConfig
from state.errors import Blame, DecodeError, NodeError, Severity
from state.primitives import rlp
from state.primitives.crypto import keccak256, recover_address
from state.primitives.types import Address
from state.transactions import DepositTransaction, TransactionType, decode_transaction, recover_transaction

_BLOB_TYPE: Final = 3
_BLOB_FIELDS: Final = 14
_CALLDATA_TYPES: Final = (TransactionType.LEGACY, TransactionType.ACCESS_LIST, TransactionType.DYNAMIC_FEE)


class BatcherBlobsUnsupported(NodeError):
    """The batcher posted blobs, which carry L2 data that this node can't read: going on would fork the chain."""

    severity = Severity.CRITICAL
    blame = Blame.OPERATOR


class L1Retrieval:
    """Batcher data of the L1 block that is being read."""

    def __init__(self, config: RollupConfig) -> None:
        self._config = config
        self._pending: deque[bytes] = deque()

    def reset(self) -> None:
        """Forgets the current block's data."""
        self._pending.clear()

    def load(self, block: L1Block, system_config: SystemConfig) -> None:
        """Takes the batcher transactions of `block`; `system_config` is the one as of it."""
        self._pending.extend(
            data
            for raw in block.transactions
            if (data := batcher_calldata(raw, self._config.batch_inbox, system_config.batcher)) is not None
        )

    def next_data(self) -> bytes | None:
        """The next batcher transaction's calldata; None once the block is exhausted."""
        return self._pending.popleft() if self._pending else None


def batcher_calldata(raw: bytes, inbox: Address, batcher: Address) -> bytes | None:
    """The calldata of `raw` if that is a batcher transaction, else None. Raises BatcherBlobsUnsupported."""
    # Nearly every L1 transaction goes elsewhere: the address is not even among its bytes.
    if raw.find(inbox) < 0:
        return None
    try:
        if raw[0] == _BLOB_TYPE:
            _refuse_blobs(raw, inbox, batcher)
            return None
        return _calldata(raw, inbox, batcher)
    except DecodeError:
        return None


def _calldata(raw: bytes, inbox: Address, batcher: Address) -> bytes | None:
    transaction = decode_transaction(raw)
    if transaction.to != inbox:
        return None
    if isinstance(transaction, DepositTransaction):
        return transaction.data if transaction.sender == batcher else None
    if transaction.type not in _CALLDATA_TYPES or recover_transaction(raw).sender != batcher:
        return None
    return transaction.data


def _refuse_blobs(raw: bytes, inbox: Address, batcher: Address) -> None:
    """Raises for a blob transaction of the batcher, whose calldata doesn't count; others mean nothing here.

    0x03 ++ rlp([chainId, nonce, tip, maxFee, gas, to, value, data, accessList, maxBlobFee, hashes, y, r, s])
    """
    fields = rlp.to_list(rlp.decode(raw[1:]), length=_BLOB_FIELDS)
    if fields[5] != inbox:
        return
    y_parity, r, s = (rlp.to_int(field) for field in fields[11:])
    digest = keccak256(raw[:1] + rlp.encode(fields[:11]))
    if recover_address(digest, y_parity, r, s) == batcher:
        raise BatcherBlobsUnsupported("the batcher posted a blob transaction: set its data availability to calldata")
