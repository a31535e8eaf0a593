"""ChainPort over a ChainDatabase."""

from collections.abc import Callable

from rpc.values import BlockId, BlockView, ChainHeads, L1FeeFields, ReceiptsView, TransactionLocation
from state.blocks import Header
from state.database import BlockRecord, ChainDatabase, Heads
from state.execution.fees import ReceiptFees
from state.primitives.types import Hash32, Wei


class DatabaseChain:
    """The blocks of one chain, read on the event loop."""

    def __init__(self, db: ChainDatabase, *, next_base_fee: Callable[[Header], Wei]) -> None:
        self._db = db
        self._next_base_fee = next_base_fee
        self._heads: tuple[Heads, ChainHeads] | None = None

    def _id(self, block_hash: Hash32) -> BlockId:
        return BlockId(hash=block_hash, number=self._db.require_header(block_hash).number)

    def heads(self) -> ChainHeads:
        """As on disk; the three headers are looked up only when a head has moved: nearly every call asks this."""
        heads = self._db.heads()
        known = self._heads
        if known is None or known[0] != heads:
            ids = ChainHeads(
                unsafe=self._id(heads.unsafe), safe=self._id(heads.safe), finalized=self._id(heads.finalized)
            )
            known = self._heads = (heads, ids)
        return known[1]

    def canonical_hash(self, number: int) -> Hash32 | None:
        found = self._db.canonical_hash(number)
        if found is None:
            self._db.require_blocks(number, number)
        return found

    def header(self, block_hash: Hash32) -> Header | None:
        return self._db.header(block_hash)

    def block(self, block_hash: Hash32) -> BlockView | None:
        record = self._db.block_record(block_hash)
        return None if record is None else block_view(record)

    def receipts(self, block_hash: Hash32) -> ReceiptsView | None:
        record = self._db.block_record(block_hash)
        return None if record is None else receipts_view(record)

    def transaction_location(self, transaction_hash: Hash32) -> TransactionLocation | None:
        found = self._db.transaction_location(transaction_hash)
        return None if found is None else TransactionLocation(block_hash=found[0], index=found[1])

    def next_base_fee(self, header: Header) -> Wei:
        return self._next_base_fee(header)


def block_view(record: BlockRecord) -> BlockView:
    """The block of a record."""
    return BlockView(
        hash=record.hash,
        header=record.header,
        transactions=record.transactions,
        transaction_hashes=record.transaction_hashes,
        senders=record.senders,
    )


def receipts_view(record: BlockRecord) -> ReceiptsView:
    """The receipts of a record."""
    return ReceiptsView(receipts=record.receipts, l1_fees=tuple(map(_fee_fields, record.receipt_extras)))


def _fee_fields(extra: bytes) -> L1FeeFields | None:
    fees = ReceiptFees.decode(extra)
    if fees is None:
        return None
    params = fees.params
    return L1FeeFields(
        l1_base_fee=params.base_fee,
        l1_gas_used=fees.l1_gas_used,
        l1_fee=fees.l1_fee,
        l1_blob_base_fee=params.blob_base_fee,
        l1_base_fee_scalar=params.base_fee_scalar,
        l1_blob_base_fee_scalar=params.blob_base_fee_scalar,
        operator_fee_scalar=params.operator_fee_scalar,
        operator_fee_constant=params.operator_fee_constant,
    )
