"""What ports give and take: blocks, receipts, logs, proofs and the pool's entries as the views turn them into JSON."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from state.blocks import Header, Log, Receipt
from state.primitives.types import Address, BlockNumber, Gas, Hash32, Nonce, Wei
from state.transactions import RecoveredTransaction

JsonObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockId:
    """A block by hash and number."""

    hash: Hash32
    number: BlockNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHeads:
    """`latest`, `safe` and `finalized`. Before anything is safe or final, that is the genesis block."""

    unsafe: BlockId
    safe: BlockId
    finalized: BlockId


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockView:
    """A block with what was computed once when it was sealed. The three tuples run in parallel."""

    hash: Hash32
    header: Header
    transactions: tuple[bytes, ...]
    """Raw EIP-2718 bytes."""
    transaction_hashes: tuple[Hash32, ...]
    senders: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class L1FeeFields:
    """What an OP chain adds to a receipt's JSON; nothing of it is hashed (PROTOCOL.md section 5)."""

    l1_base_fee: Wei
    """`l1GasPrice`."""
    l1_gas_used: Gas
    """Deprecated by Fjord, still served: estimated size times 16."""
    l1_fee: Wei
    l1_blob_base_fee: Wei
    l1_base_fee_scalar: int
    l1_blob_base_fee_scalar: int
    operator_fee_scalar: int = 0
    operator_fee_constant: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsView:
    """A block's receipts, in order, and each one's L1 fee fields (None for deposits and on L1)."""

    receipts: tuple[Receipt, ...]
    l1_fees: tuple[L1FeeFields | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionLocation:
    """Where the canonical chain has a transaction."""

    block_hash: Hash32
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedLog:
    """A log and its place in the chain."""

    log: Log
    block_hash: Hash32
    block_number: BlockNumber
    transaction_hash: Hash32
    transaction_index: int
    log_index: int
    """Position in the block, over all its transactions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageProof:
    """EIP-1186: one slot, its value, and the trie nodes from the storage root down."""

    slot: int
    value: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProof:
    """EIP-1186: one account with the trie nodes from the state root down; neutral values where there is no leaf."""

    balance: Wei
    nonce: Nonce
    code_hash: Hash32
    storage_root: Hash32
    proof: tuple[bytes, ...]
    storage: tuple[StorageProof, ...]
    """One for each slot that was asked for, in that order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolEntry:
    """A transaction in the pool."""

    transaction: RecoveredTransaction
    is_executable: bool
    """The next block may take it; else it is queued behind a gap in its sender's nonces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolCounts:
    """How many transactions the pool holds."""

    executable: int
    queued: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProgress:
    """How far a node that is catching up has come."""

    starting_block: BlockNumber
    current_block: BlockNumber
    highest_block: BlockNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingBlock:
    """The next block as far as it can be foretold. Its hash names its state in questions, and nothing else."""

    block: BlockView
    receipts: ReceiptsView
    """Empty where nothing was executed."""


TopicFilter: TypeAlias = tuple[frozenset[Hash32] | None, ...]
"""One entry a position: any of these topics, or None for any at all. A log with fewer topics does not match."""
