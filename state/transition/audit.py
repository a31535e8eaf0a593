"""Two executors side by side: the fast one is believed only because the reference agrees.

    CheckedExecutor   an Executor that runs both on the blocks it samples (tests: on all) and compares outcome by
                      outcome, then the changes
    audit_block       a stored block, executed again by the reference on its parent's state and held against its header

On a difference both results are written into a directory, so that a person can look at them, and ExecutionDivergence
(critical) stops the node: it must not build on a state that one of its own executors denies.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from state.blocks import EMPTY_TRIE_ROOT
from state.database import ChainDatabase
from state.errors import InvalidBlock, InvalidTransaction
from state.execution.errors import ExecutionDivergence
from state.execution.port import (
    AccountOverride,
    BlockEnv,
    BlockExecution,
    CallMessage,
    ChainRules,
    Executor,
    TransactionOutcome,
)
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32
from state.transactions import DepositTransaction, ExecutableTransaction
from state.transition.replay import execute_block
from state.world.types import Account, StateChanges, StateReader


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the two results of a divergence are kept."""

    directory: Path

    def diverged(self, what: str, env: BlockEnv, **results: Any) -> ExecutionDivergence:
        """The error to raise, its evidence written: one JSON file of both results."""
        name = f"divergence-{env.number}-{env.parent_hash.hex()[:16]}-{keccak256(what.encode()).hex()[:8]}.json"
        path = self.directory / name
        self.directory.mkdir(parents=True, exist_ok=True)
        facts = {"what": what, "block": env.number, "parent": env.parent_hash, "timestamp": env.timestamp} | results
        path.write_text(json.dumps(facts, default=_plain, indent=2, sort_keys=True))
        return ExecutionDivergence(f"executors disagree on {what} of block {env.number}; both results are in {path}")


def _plain(value: Any) -> Any:
    return f"0x{value.hex()}" if isinstance(value, bytes) else repr(value)


class CheckedExecutor:
    """`primary`, compared with `oracle` on one block in `one_in`, chosen by the parent's hash; calls always."""

    name = "checked"

    def __init__(self, primary: Executor, oracle: Executor, evidence: Path, *, one_in: int = 1) -> None:
        self._primary = primary
        self._oracle = oracle
        self._evidence = Evidence(evidence)
        self._one_in = one_in

    def begin_block(self, state: StateReader, env: BlockEnv, rules: ChainRules) -> BlockExecution:
        """The primary's execution, with the oracle's beside it if this block is sampled."""
        execution = self._primary.begin_block(state, env, rules)
        if int.from_bytes(env.parent_hash[-8:], "big") % self._one_in:
            return execution
        return _CheckedBlock(execution, self._oracle.begin_block(state, env, rules), state, env, self._evidence)

    def call(
        self,
        state: StateReader,
        env: BlockEnv,
        rules: ChainRules,
        message: CallMessage,
        overrides: Mapping[Address, AccountOverride] | None = None,
    ) -> TransactionOutcome:
        """What `message` would do, by both. Raises ExecutionDivergence if they differ."""
        results = [
            _attempt(lambda executor=executor: executor.call(state, env, rules, message, overrides))  # type: ignore[misc]
            for executor in (self._primary, self._oracle)
        ]
        if results[0].key() != results[1].key():
            raise self._evidence.diverged("a call", env, message=message, primary=results[0], oracle=results[1])
        return results[0].value()


class _CheckedBlock:
    def __init__(
        self, primary: BlockExecution, oracle: BlockExecution, state: StateReader, env: BlockEnv, evidence: Evidence
    ) -> None:
        self.gas_used = 0
        self._primary = primary
        self._oracle = oracle
        self._state = state
        self._env = env
        self._evidence = evidence

    def apply(self, transaction: ExecutableTransaction) -> TransactionOutcome:
        primary = _attempt(lambda: self._primary.apply(transaction))
        oracle = _attempt(lambda: self._oracle.apply(transaction))
        if primary.key() != oracle.key() or self._primary.gas_used != self._oracle.gas_used:
            raise self._evidence.diverged(
                f"transaction {_name(transaction)}", self._env, transaction=transaction, primary=primary, oracle=oracle
            )
        self.gas_used = self._primary.gas_used
        return primary.value()

    def finish(self) -> StateChanges:
        changes = self._primary.finish()
        primary = CanonicalChanges.of(changes, self._state)
        oracle = CanonicalChanges.of(self._oracle.finish(), self._state)
        if primary != oracle:
            raise self._evidence.diverged("the state changes", self._env, primary=primary, oracle=oracle)
        return changes


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An outcome, or why there is none."""

    outcome: TransactionOutcome | None = None
    refusal: InvalidTransaction | None = None

    def key(self) -> object:
        """What the two executors must agree on: the outcome, or the kind of refusal."""
        return self.outcome if self.refusal is None else type(self.refusal)

    def value(self) -> TransactionOutcome:
        if self.refusal is not None:
            raise self.refusal
        assert self.outcome is not None  # noqa: S101 - one of the two is always set
        return self.outcome


def _attempt(run: Callable[[], TransactionOutcome]) -> _Attempt:
    try:
        return _Attempt(outcome=run())
    except InvalidTransaction as refusal:
        return _Attempt(refusal=refusal)


def _name(transaction: ExecutableTransaction) -> str:
    if isinstance(transaction, DepositTransaction):
        return f"deposit 0x{transaction.source_hash.hex()}"
    return f"0x{transaction.hash.hex()}"


@dataclass(frozen=True, slots=True)
class CanonicalChanges:
    """StateChanges without what changes nothing, so that two executors' books can be compared."""

    accounts: dict[Address, tuple[int, int, Hash32] | None] = field(default_factory=dict)
    storage: dict[Address, dict[int, int]] = field(default_factory=dict)
    wiped_storage: frozenset[Address] = frozenset()
    codes: dict[Hash32, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: StateChanges, state: StateReader) -> "CanonicalChanges":
        """`changes` relative to `state`, on which they were made."""
        before = {address: state.account(address) for address in changes.accounts}
        accounts = {
            address: _fields(account)
            for address, account in changes.accounts.items()
            if _fields(account) != _fields(before[address])
        }
        gone = {address for address, account in changes.accounts.items() if account is None}
        storage = {
            address: changed
            for address, slots in changes.storage.items()
            if address not in gone and (changed := _changed_slots(address, slots, changes, state))
        }
        wiped = frozenset(
            address
            for address in changes.wiped_storage - gone
            if (account := state.account(address)) is not None and account.storage_root != EMPTY_TRIE_ROOT
        )
        named = {account[2] for account in accounts.values() if account is not None}
        codes = {code_hash: code for code_hash, code in changes.codes.items() if code_hash in named}
        return cls(accounts=accounts, storage=storage, wiped_storage=wiped, codes=codes)


def _fields(account: Account | None) -> tuple[int, int, Hash32] | None:
    return None if account is None else (account.nonce, account.balance, account.code_hash)


def _changed_slots(
    address: Address, slots: Mapping[int, int], changes: StateChanges, state: StateReader
) -> dict[int, int]:
    wiped = address in changes.wiped_storage
    return {slot: value for slot, value in slots.items() if value != (0 if wiped else state.storage(address, slot))}


def audit_block(db: ChainDatabase, reference: Executor, rules: ChainRules, block_hash: Hash32, evidence: Path) -> None:
    """Execute a stored block again. Raises ExecutionDivergence if its header isn't what `reference` makes of it."""
    block = db.block(block_hash)
    if block is None:
        raise InvalidBlock(f"unknown block: got 0x{block_hash.hex()}")
    try:
        execute_block(db, reference, rules, block)
    except InvalidBlock as error:
        header = block.header
        env = BlockEnv(
            number=header.number,
            timestamp=header.timestamp,
            fee_recipient=header.fee_recipient,
            prev_randao=header.prev_randao,
            gas_limit=header.gas_limit,
            base_fee_per_gas=header.base_fee_per_gas,
            parent_hash=header.parent_hash,
        )
        raise Evidence(evidence).diverged(
            "a stored block", env, header=header, transactions=list(block.transactions), oracle=str(error)
        ) from error
