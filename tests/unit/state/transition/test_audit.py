"""A difference between the executors stops everything and leaves evidence."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from state.errors import InvalidTransaction, Severity
from state.execution.errors import ExecutionDivergence, NonceTooLow
from state.execution.fast import FastExecutor
from state.execution.port import BlockEnv, BlockExecution, CallMessage, ChainRules, TransactionOutcome
from state.primitives.types import Address, Gas, Hash32, Wei
from state.transactions import ExecutableTransaction
from state.transition import CanonicalChanges, CheckedExecutor, audit_block
from state.world.readers import DictState, state_at
from state.world.types import Account, StateChanges, StateReader
from tests.unit.state.transition.network import L2, SENDER, Network

OTHER = Address(b"\x44" * 20)


class Twisted:
    """A fast executor with one fault."""

    name = "twisted"

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._honest = FastExecutor()

    def begin_block(self, state: StateReader, env: BlockEnv, rules: ChainRules) -> "TwistedBlock":
        return TwistedBlock(self._honest.begin_block(state, env, rules), self._fault)

    def call(self, *arguments: Any) -> TransactionOutcome:
        outcome = self._honest.call(*arguments)
        return dataclasses.replace(outcome, gas_used=1) if self._fault == "call" else outcome


class TwistedBlock:
    def __init__(self, honest: BlockExecution, fault: str) -> None:
        self._honest = honest
        self._fault = fault

    @property
    def gas_used(self) -> int:
        return self._honest.gas_used + (self._fault == "block gas")

    def apply(self, transaction: ExecutableTransaction) -> TransactionOutcome:
        if self._fault == "refuses":
            raise NonceTooLow("nonce too low")
        outcome = self._honest.apply(transaction)
        return dataclasses.replace(outcome, output=b"lie") if self._fault == "outcome" else outcome

    def finish(self) -> StateChanges:
        changes = self._honest.finish()
        if self._fault == "changes":
            changes.accounts[SENDER] = Account(balance=Wei(1))
        return changes


def network(tmp_path: Path, fault: str, one_in: int = 1) -> Network:
    return Network(L2, CheckedExecutor(FastExecutor(), Twisted(fault), tmp_path / "evidence", one_in=one_in))


@pytest.mark.parametrize("fault", ["outcome", "changes", "block gas", "refuses"])
def test_a_difference_raises_and_keeps_both_results(tmp_path: Path, fault: str) -> None:
    chain = network(tmp_path, fault)
    with pytest.raises(ExecutionDivergence) as caught:
        chain.seal([chain.sign()])
    (file,) = (tmp_path / "evidence").iterdir()
    evidence = json.loads(file.read_text())
    assert {"primary", "oracle"} <= evidence.keys()
    assert evidence["primary"] != evidence["oracle"] or fault == "block gas"
    assert str(file) in str(caught.value)
    assert caught.value.severity is Severity.CRITICAL


def test_agreement_writes_nothing(tmp_path: Path) -> None:
    chain = network(tmp_path, "none")
    chain.seal([chain.sign()])
    with pytest.raises(InvalidTransaction):
        chain.seal([chain.sign(nonce=9)])
    assert not (tmp_path / "evidence").exists()


def test_only_the_sampled_share_of_blocks_is_compared(tmp_path: Path) -> None:
    chain = network(tmp_path, "outcome", one_in=2**63)
    chain.seal([chain.sign()])
    assert not (tmp_path / "evidence").exists()


def test_calls_are_compared(tmp_path: Path) -> None:
    chain = network(tmp_path, "call")
    message = CallMessage(sender=SENDER, to=OTHER, gas_limit=Gas(50_000))
    with pytest.raises(ExecutionDivergence, match="a call"):
        chain.executor.call(state_at(chain.db, chain.head), chain.builder().env, L2, message)


def test_stored_block_is_audited_by_the_reference(tmp_path: Path) -> None:
    chain = network(tmp_path, "none")
    chain.commit(chain.seal([chain.sign()]))
    audit_block(chain.db, FastExecutor(), L2, chain.head, tmp_path)
    with pytest.raises(ExecutionDivergence, match="a stored block"):
        audit_block(chain.db, Twisted("changes"), L2, chain.head, tmp_path)
    assert len(list(tmp_path.glob("divergence-1-*.json"))) == 1


def test_changes_that_change_nothing_are_not_a_difference() -> None:
    state = DictState()
    state.put(OTHER, balance=5, storage={1: 1})
    code_hash = Hash32(b"\x01" * 32)
    idle = StateChanges(
        accounts={OTHER: state.accounts[OTHER], SENDER: None},
        storage={OTHER: {1: 1, 2: 0}, SENDER: {}},
        wiped_storage={SENDER},
        codes={code_hash: b"unused"},
    )
    assert CanonicalChanges.of(idle, state) == CanonicalChanges()
    moved = StateChanges(storage={OTHER: {1: 2}})
    assert CanonicalChanges.of(moved, state) != CanonicalChanges()
