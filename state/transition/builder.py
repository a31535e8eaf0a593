"""Building one block: parent and attributes -> transactions, one at a time -> roots -> a sealed block.

Roots are computed once, when the block is sealed. Until then nothing is written anywhere; a builder that is dropped
leaves no trace. Sources: PROTOCOL.md section 4; specs/protocol/holocene/, isthmus/exec-engine.md; EIP-1559.
"""

from dataclasses import dataclass
from typing import Final

from state.blocks import EMPTY_TRIE_ROOT, Header, Receipt, combine_blooms, decode_holocene_extra_data, next_base_fee
from state.database import BlockRecord, ChainDatabase
from state.errors import InvalidBlock
from state.execution.fees import L1_BLOCK_ADDRESS, L1FeeParams, ReceiptFees, data_size6
from state.execution.port import BlockEnv, ChainRules, Executor, TransactionOutcome
from state.primitives.crypto import keccak256
from state.primitives.types import (
    UINT64_MAX,
    ZERO_HASH,
    Address,
    BlockNumber,
    Gas,
    Hash32,
    Nonce,
    UnixSeconds,
    Wei,
)
from state.transactions import DepositTransaction, ExecutableTransaction, TransactionType
from state.transition.ancestors import Ancestors
from state.transition.genesis import MESSAGE_PASSER
from state.trie import ordered_root
from state.world.commit import StateCommit, commit_changes
from state.world.readers import state_at
from state.world.types import StateChanges, StateReader

L1_BASE_FEE_DENOMINATOR: Final = 8
L1_ELASTICITY: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockAttributes:
    """What a block's producer chooses, or derivation prescribes. The rest follows from the parent."""

    timestamp: UnixSeconds
    fee_recipient: Address
    prev_randao: Hash32
    gas_limit: Gas
    extra_data: bytes
    """L2: Holocene's nine bytes. L1: up to 32 of anything."""
    parent_beacon_block_root: Hash32 = ZERO_HASH
    base_fee_per_gas: Wei | None = None
    """A sandbox's own wish. None, as on every chain that others follow: what the parent makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBlock:
    """A block with its hash, ready for the database."""

    record: BlockRecord
    outcomes: tuple[TransactionOutcome, ...]
    """One for each transaction; what receipts don't keep (output, error) is here only."""


def child_base_fee(parent: Header, rules: ChainRules) -> Wei:
    """The base fee of a block on `parent`: Holocene's parameters from its extraData on L2, EIP-1559's own on L1."""
    if not rules.is_optimism:
        return next_base_fee(parent, L1_BASE_FEE_DENOMINATOR, L1_ELASTICITY)
    denominator, elasticity = decode_holocene_extra_data(parent.extra_data)
    return next_base_fee(parent, denominator, elasticity)


class BlockBuilder:
    """One block being built on `parent_hash`, which must be in `db`. Not shared between threads."""

    def __init__(
        self,
        db: ChainDatabase,
        executor: Executor,
        rules: ChainRules,
        parent_hash: Hash32,
        attributes: BlockAttributes,
        *,
        state: StateReader | None = None,
    ) -> None:
        """`state`: the parent's, for whoever may not read the head's flat tables."""
        parent = db.header(parent_hash)
        if parent is None:
            raise InvalidBlock(f"unknown parent: got 0x{parent_hash.hex()}")
        if not parent.timestamp < attributes.timestamp <= UINT64_MAX:
            raise InvalidBlock(f"timestamp not after parent's: got {attributes.timestamp}, parent {parent.timestamp}")
        if rules.is_optimism:
            decode_holocene_extra_data(attributes.extra_data)
        wished = attributes.base_fee_per_gas
        self._db = db
        self._rules = rules
        self._attributes = attributes
        self._parent = parent
        self._state = state_at(db, parent_hash) if state is None else state
        self.env: Final = BlockEnv(
            number=BlockNumber(parent.number + 1),
            timestamp=attributes.timestamp,
            fee_recipient=attributes.fee_recipient,
            prev_randao=attributes.prev_randao,
            gas_limit=attributes.gas_limit,
            base_fee_per_gas=child_base_fee(parent, rules) if wished is None else wished,
            parent_hash=parent_hash,
            parent_beacon_block_root=attributes.parent_beacon_block_root,
            ancestor_hash=Ancestors(db, parent_hash, parent),
        )
        self._execution = executor.begin_block(self._state, self.env, rules)
        self._transactions: list[bytes] = []
        self._hashes: list[Hash32] = []
        self._senders: list[Address] = []
        self._receipts: list[Receipt] = []
        self._outcomes: list[TransactionOutcome] = []

    @property
    def gas_used(self) -> int:
        """Gas of the transactions applied so far."""
        return self._execution.gas_used

    @property
    def gas_left(self) -> int:
        """Gas limit that the next transaction may have at most."""
        return self.env.gas_limit - self._execution.gas_used

    def apply(self, tx: ExecutableTransaction, raw: bytes) -> TransactionOutcome:
        """The outcome of `tx`, whose EIP-2718 bytes are `raw`, now part of the block.

        Raises InvalidTransaction, with nothing changed.
        """
        outcome = self._execution.apply(tx)
        is_deposit = isinstance(tx, DepositTransaction)
        self._transactions.append(raw)
        self._hashes.append(keccak256(raw) if isinstance(tx, DepositTransaction) else tx.hash)
        self._senders.append(tx.sender)
        self._outcomes.append(outcome)
        self._receipts.append(
            Receipt(
                type=TransactionType.DEPOSIT if isinstance(tx, DepositTransaction) else tx.transaction.type,
                succeeded=outcome.succeeded,
                cumulative_gas_used=Gas(self._execution.gas_used),
                logs=outcome.logs,
                deposit_nonce=Nonce(outcome.deposit_nonce or 0) if is_deposit else None,
            )
        )
        return outcome

    def seal(self) -> SealedBlock:
        """The finished block; nothing is on disk yet. The builder is spent."""
        changes = self._execution.finish()
        commit = commit_changes(self._db, self._parent.state_root, changes)
        header = self._header(commit)
        record = BlockRecord(
            hash=header.hash,
            header=header,
            transactions=tuple(self._transactions),
            transaction_hashes=tuple(self._hashes),
            senders=tuple(self._senders),
            receipts=tuple(self._receipts),
            receipt_extras=self._receipt_extras(changes),
            delta=commit.delta,
        )
        return SealedBlock(record=record, outcomes=tuple(self._outcomes))

    def _header(self, commit: StateCommit) -> Header:
        env, receipts = self.env, self._receipts
        return Header(
            parent_hash=env.parent_hash,
            fee_recipient=env.fee_recipient,
            state_root=commit.state_root,
            transactions_root=ordered_root(self._transactions),
            receipts_root=ordered_root([receipt.encode() for receipt in receipts]),
            logs_bloom=combine_blooms([receipt.bloom for receipt in receipts if receipt.logs]),
            number=env.number,
            gas_limit=env.gas_limit,
            gas_used=Gas(self._execution.gas_used),
            timestamp=env.timestamp,
            extra_data=self._attributes.extra_data,
            prev_randao=env.prev_randao,
            base_fee_per_gas=env.base_fee_per_gas,
            withdrawals_root=self._withdrawals_root(commit),
            parent_beacon_block_root=env.parent_beacon_block_root,
        )

    def _withdrawals_root(self, commit: StateCommit) -> Hash32:
        """L2: the message passer's storage root after the block (Isthmus). L1: of no withdrawals."""
        if not self._rules.is_optimism:
            return EMPTY_TRIE_ROOT
        if MESSAGE_PASSER in commit.storage_roots:
            return commit.storage_roots[MESSAGE_PASSER]
        account = self._state.account(MESSAGE_PASSER)
        return EMPTY_TRIE_ROOT if account is None else account.storage_root

    def _receipt_extras(self, changes: StateChanges) -> tuple[bytes, ...]:
        """ReceiptFees of each sequenced transaction, empty bytes for deposits and for all of L1."""
        if not self._rules.is_optimism:
            return (b"",) * len(self._transactions)
        written = changes.storage.get(L1_BLOCK_ADDRESS, {})
        params = L1FeeParams.from_storage(
            lambda slot: written[slot] if slot in written else self._state.storage(L1_BLOCK_ADDRESS, slot)
        )
        by_size: dict[int, bytes] = {}  # most transactions of a block are of the smallest size, with the same fields
        return tuple(
            b"" if raw[0] == TransactionType.DEPOSIT else _encoded_fees(raw, params, by_size)
            for raw in self._transactions
        )


def _encoded_fees(raw: bytes, params: L1FeeParams, by_size: dict[int, bytes]) -> bytes:
    size6 = data_size6(raw)
    encoded = by_size.get(size6)
    if encoded is None:
        encoded = by_size[size6] = ReceiptFees.of_size(size6, params).encode()
    return encoded
