"""SandboxChain: blocks, forgeries and reverts on disk.

Each change is one write batch. A process that is killed leaves a database that nothing reads again: a sandbox begins
anew at each start, so nothing here waits for the disk.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from rollup.sandbox.snapshots import NextBlock
from state.blocks import Header
from state.database import BlockRecord, ChainDatabase, Heads, WriteBatch
from state.errors import InvalidTransaction
from state.execution.errors import NonceTooHigh
from state.execution.port import ChainRules, Executor
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32, UnixSeconds
from state.transactions import RecoveredTransaction
from state.transition import (
    AccountForgery,
    BlockAttributes,
    BlockBuilder,
    GenesisSpec,
    forged_head,
    genesis_record,
)

log = structlog.get_logger("rollup.sandbox")

MOST_SKIPPED: Final = 64
"""Senders whose next transaction doesn't fit into what is left of a block before it is sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """A block that is on disk."""

    record: BlockRecord
    impossible: tuple[tuple[RecoveredTransaction, InvalidTransaction], ...]
    """Candidates that turned out to be impossible in any block, and why."""


class SandboxChain:
    """One chain. Used by one thread at a time."""

    def __init__(self, db: ChainDatabase, executor: Executor, genesis: GenesisSpec) -> None:
        """Begins the chain of `genesis` in an empty database."""
        self.db = db
        self.rules = ChainRules(chain_id=genesis.chain_id, is_optimism=True)
        self._executor = executor
        self._extra_data = genesis.extra_data
        db.initialise(genesis_record(genesis, self.rules))

    @property
    def head(self) -> Header:
        """The newest header."""
        return self.db.require_header(self.db.flat_head())

    # Blocks

    def build(self, candidates: Sequence[RecoveredTransaction], timestamp: UnixSeconds, wishes: NextBlock) -> Mined:
        """The next block, with as many of `candidates` as fit, in this order."""
        number = self.head.number + 1
        builder = BlockBuilder(
            self.db,
            self._executor,
            self.rules,
            self.db.flat_head(),
            BlockAttributes(
                timestamp=timestamp,
                fee_recipient=wishes.fee_recipient,
                prev_randao=self.prev_randao(wishes),
                gas_limit=wishes.gas_limit,
                extra_data=self._extra_data,
                base_fee_per_gas=wishes.base_fee,
            ),
        )
        impossible = _fill(builder, candidates)
        record = builder.seal().record
        genesis = self._genesis()
        self.db.commit_block(record, Heads(unsafe=record.hash, safe=genesis, finalized=genesis))
        log.info("sandbox.sealed", number=number, hash=record.hash.hex(), transactions=len(record.transactions))
        return Mined(record=record, impossible=tuple(impossible))

    def prev_randao(self, wishes: NextBlock) -> Hash32:
        """The next block's: pseudo-random, unless one was wished."""
        number = self.head.number + 1
        return wishes.prev_randao or keccak256(b"sandbox randomness" + number.to_bytes(8, "big"))

    def _genesis(self) -> Hash32:
        genesis = self.db.canonical_hash(0)
        assert genesis is not None  # noqa: S101 - `initialise` has put it there
        return genesis

    # Forgeries

    def forge(self, forgeries: Iterable[AccountForgery]) -> WriteBatch | None:
        """What undoes it, once the head has the forged state; None where that changes nothing."""
        record = forged_head(self.db, forgeries)
        if record.hash == self.db.flat_head():
            return None
        undo = self.db.replace_head(record)
        log.info("sandbox.forged", number=record.header.number, hash=record.hash.hex())
        return undo

    # Reverts

    def revert(self, number: int, undo: Iterable[WriteBatch]) -> tuple[BlockRecord, ...]:
        """Takes off the blocks above `number` and then forgeries of that block; returns the blocks, lowest first."""
        dropped = tuple(self._record(each) for each in range(number + 1, self.head.number + 1))
        if dropped:
            target, genesis = self.db.canonical_hash(number), self._genesis()
            assert target is not None  # noqa: S101 - a snapshot's height is at or below the head
            self.db.rewind_to(target, Heads(unsafe=target, safe=genesis, finalized=genesis))
        for batch in undo:
            self.db.undo_replacement(batch)
        return dropped

    def _record(self, number: int) -> BlockRecord:
        block_hash = self.db.canonical_hash(number)
        record = None if block_hash is None else self.db.block_record(block_hash)
        assert record is not None, f"canonical block {number} is missing"  # noqa: S101 - all below the head exist
        return record


def _fill(
    builder: BlockBuilder, candidates: Iterable[RecoveredTransaction]
) -> list[tuple[RecoveredTransaction, InvalidTransaction]]:
    """Applies what fits; returns what can never be in a block here."""
    impossible: list[tuple[RecoveredTransaction, InvalidTransaction]] = []
    passed_over: set[Address] = set()
    for transaction in candidates:
        if transaction.sender in passed_over:
            continue
        if len(passed_over) > MOST_SKIPPED:
            break
        if transaction.transaction.gas_limit > builder.gas_left:
            passed_over.add(transaction.sender)
            continue
        try:
            builder.apply(transaction, transaction.raw)
        except NonceTooHigh:
            passed_over.add(transaction.sender)
        except InvalidTransaction as error:
            impossible.append((transaction, error))
            passed_over.add(transaction.sender)
    return impossible
