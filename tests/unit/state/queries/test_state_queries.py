"""StateQueries over a real chain of blocks and the fast executor."""

from dataclasses import dataclass, field

import pytest

from state.blocks import EMPTY_TRIE_ROOT
from state.database import BlockRecord, ChainDatabase, Heads, MemoryStore, StateDelta, UnknownBlock
from state.execution.errors import FeeCapTooLow, InsufficientFunds
from state.execution.fast import FastExecutor
from state.execution.port import AccountOverride, CallMessage, ChainRules
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_HASH, Address, Gas, Hash32, Nonce, Wei
from state.queries import GasExceedsAllowance, QueryReverted, StateQueries, verify_account_proof
from state.trie import InvalidProof, MissingNode
from state.world.commit import commit_changes
from state.world.types import Account, StateChanges
from tests.unit.state.database.chain_blocks import block_record, log

RULES = ChainRules(chain_id=1337, is_optimism=False)
RICH, NOBODY = Address(b"\x11" * 20), Address(b"\x99" * 20)
REVERTER, HUNGRY, NUMBERS, STORE, LOOP = (Address(bytes([n]) * 20) for n in range(0x21, 0x26))
CODES = {
    REVERTER: "602a5f5260205ffd",  # revert(uint256(42))
    HUNGRY: "620186a05a10600a57005bfe",  # invalid opcode unless 100,000 gas are left
    NUMBERS: "435f526001430340602052486040524260605260805ff3",  # number, blockhash(number - 1), base fee, time
    STORE: "5f355460205260206020f3",  # sload(calldata word)
    LOOP: "5b5f56",
}


@dataclass
class Chain:
    db: ChainDatabase = field(default_factory=lambda: ChainDatabase(MemoryStore()))
    records: list[BlockRecord] = field(default_factory=list)

    def grow(self, changes: StateChanges, **parts: object) -> BlockRecord:
        parent = self.records[-1] if self.records else None
        root = parent.header.state_root if parent else EMPTY_TRIE_ROOT
        commit = commit_changes(self.db, root, changes)
        record = block_record(parent, delta=commit.delta, state_root=commit.state_root, **parts)  # type: ignore[arg-type]
        if parent is None:
            self.db.initialise(record)
        else:
            genesis = self.records[0].hash
            self.db.commit_block(record, Heads(unsafe=record.hash, safe=genesis, finalized=genesis))
        self.records.append(record)
        return record


def changes_of(accounts: dict[Address, Account | None], storage: dict[Address, dict[int, int]]) -> StateChanges:
    codes = {keccak256(bytes.fromhex(code)): bytes.fromhex(code) for code in CODES.values()}
    return StateChanges(accounts=accounts, storage=storage, codes=codes)


@pytest.fixture(scope="module")
def chain() -> Chain:
    chain = Chain()
    accounts: dict[Address, Account | None] = {
        address: Account(code_hash=keccak256(bytes.fromhex(code))) for address, code in CODES.items()
    }
    accounts[RICH] = Account(balance=Wei(10**18))
    chain.grow(changes_of(accounts, {STORE: {1: 100, 2: 200}}))
    chain.grow(
        StateChanges(accounts={RICH: Account(balance=Wei(5), nonce=Nonce(7))}, storage={STORE: {1: 0, 3: 300}}),
        logs_by_transaction=((log(1, 1),),),
    )
    return chain


@pytest.fixture(scope="module")
def queries(chain: Chain) -> StateQueries:
    return StateQueries(chain.db, FastExecutor(), RULES)


def call(to: Address | None, data: bytes = b"", *, gas: int = 1_000_000, price: int = 0, value: int = 0) -> CallMessage:
    return CallMessage(sender=RICH, to=to, gas_limit=Gas(gas), gas_price=Wei(price), value=Wei(value), data=data)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_accounts_storage_and_code_are_those_after_the_block_asked_for(chain: Chain, queries: StateQueries) -> None:
    old, new = chain.records[0].hash, chain.records[1].hash
    assert queries.account(old, RICH).balance == 10**18
    assert (queries.account(new, RICH).balance, queries.account(new, RICH).nonce) == (5, 7)
    assert queries.account(new, NOBODY) == Account()
    assert [queries.storage(old, STORE, slot) for slot in (1, 2, 3)] == [100, 200, 0]
    assert [queries.storage(new, STORE, slot) for slot in (1, 2, 3)] == [0, 200, 300]
    assert queries.code(new, LOOP).hex() == CODES[LOOP]
    assert queries.code(old, NOBODY) == b""


def test_an_unknown_block_is_header_not_found(queries: StateQueries) -> None:
    for ask in (
        lambda: queries.account(ZERO_HASH, RICH),
        lambda: queries.call(ZERO_HASH, call(NUMBERS)),
        lambda: queries.proof(ZERO_HASH, RICH, []),
    ):
        with pytest.raises(UnknownBlock, match="header not found"):
            ask()


def test_a_call_sees_its_block_s_environment(chain: Chain, queries: StateQueries) -> None:
    head = chain.records[1]
    outcome = queries.call(head.hash, call(NUMBERS, price=10, gas=100_000), {RICH: AccountOverride(balance=10**18)})
    assert outcome.output == word(1) + chain.records[0].hash + word(head.header.base_fee_per_gas) + word(1)


def test_a_call_reads_history_and_overrides(chain: Chain, queries: StateQueries) -> None:
    old, new = chain.records[0].hash, chain.records[1].hash
    assert queries.call(old, call(STORE, word(1))).output == word(100)
    assert queries.call(new, call(STORE, word(1))).output == word(0)
    override = {STORE: AccountOverride(state_diff={1: 77})}
    assert queries.call(new, call(STORE, word(1)), override).output == word(77)
    assert queries.call(new, call(STORE, word(1))).output == word(0)


def test_a_reverting_call_is_an_outcome_and_an_estimate_of_it_an_error(chain: Chain, queries: StateQueries) -> None:
    head = chain.records[1].hash
    outcome = queries.call(head, call(REVERTER))
    assert (outcome.succeeded, outcome.error, outcome.output) == (False, "execution reverted", word(42))
    with pytest.raises(QueryReverted) as caught:
        queries.estimate_gas(head, call(REVERTER))
    assert caught.value.data == word(42)


def test_a_call_that_can_not_be_paid_is_refused_as_geth_does(chain: Chain, queries: StateQueries) -> None:
    head = chain.records[1].hash
    with pytest.raises(InsufficientFunds):
        queries.call(head, call(NOBODY, value=6))
    with pytest.raises(FeeCapTooLow):
        queries.call(head, call(NOBODY, price=1))


def test_estimates_of_a_transfer_a_fussy_contract_and_a_creation_suffice(chain: Chain, queries: StateQueries) -> None:
    head = chain.records[0].hash
    assert queries.estimate_gas(head, call(NOBODY, value=1)) == 21_000
    for message in (call(HUNGRY), call(None, bytes.fromhex("6001600155")), call(STORE, word(2))):
        estimate = queries.estimate_gas(head, message)
        just_enough = CallMessage(sender=RICH, to=message.to, gas_limit=estimate, data=message.data)
        assert queries.call(head, just_enough).succeeded
    assert 121_000 < queries.estimate_gas(head, call(HUNGRY)) < 121_000 * 1.02


def test_an_endless_loop_exceeds_any_allowance(chain: Chain, queries: StateQueries) -> None:
    with pytest.raises(GasExceedsAllowance, match=r"\(30000\)"):
        queries.estimate_gas(chain.records[1].hash, call(LOOP, gas=30_000))


def test_proofs_hold_against_historical_roots_and_against_no_other(chain: Chain, queries: StateQueries) -> None:
    for record, values in ((chain.records[0], [100, 200, 0]), (chain.records[1], [0, 200, 300])):
        proof = queries.proof(record.hash, STORE, [1, 2, 3])
        assert [slot.value for slot in proof.slots] == values
        verify_account_proof(record.header.state_root, proof)
    with pytest.raises(InvalidProof):
        verify_account_proof(chain.records[0].header.state_root, proof)
    absent = queries.proof(chain.records[1].hash, NOBODY, [1])
    assert (absent.account, absent.slots[0].value, absent.slots[0].proof) == (Account(), 0, ())
    verify_account_proof(chain.records[1].header.state_root, absent)


def test_logs_come_from_the_index(chain: Chain, queries: StateQueries) -> None:
    (entry,) = queries.search_logs(0, 5, [], [], 10)
    assert (entry.block_hash, entry.log) == (chain.records[1].hash, log(1, 1))


def test_a_state_that_is_no_longer_kept_is_a_missing_node() -> None:
    chain = Chain()
    record = block_record(None, state_root=Hash32(keccak256(b"pruned")), delta=StateDelta())
    chain.db.initialise(record)
    queries = StateQueries(chain.db, FastExecutor(), RULES)
    with pytest.raises(MissingNode, match="state is not available"):
        queries.proof(record.hash, RICH, [])
