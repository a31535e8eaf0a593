"""Traces of a chain with every type of transaction: each says what the receipt says."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from contracts.assembler import assemble, creation_code
from state.blocks import Log, Receipt
from state.execution.fast import FastExecutor
from state.execution.port import CallMessage, ChainRules
from state.primitives import rlp
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import Address, Gas, Hash32, Wei
from state.queries import StateQueries, traces
from state.queries.storage_range import storage_range
from state.tracing import Budget, TraceConfig
from state.transactions import AccessListEntry, TransactionType
from tests.actions.chain.world import NOBODY, USERS, World
from tests.actions.network.world import CHALLENGER

COUNTER: Final = creation_code(assemble("0 sload 1 add dup1 0 sstore 0 mstore 32 0 log0 0 0 return"))
"""Counts its calls in slot 0 and logs the count."""
REVERTER: Final = creation_code(assemble("0 0 log0 0 0 revert"))
USER: Final = [private_key_to_address(key) for key in USERS]
PLENTY: Final = 1 << 30


def _created(sender: Address, nonce: int) -> Address:
    return Address(keccak256(rlp.encode([sender, rlp.int_to_bytes(nonce)]))[12:])


async def _everything(world: World) -> None:
    """Types 0, 1, 2, 4 and 0x7E: succeeding, reverting, out of gas, creating, delegating, failing before the EVM."""
    await world.act_epoch()
    counter, reverter = _created(USER[0], 0), _created(USER[0], 1)
    world.send(0, to=None, value=Wei(0), data=COUNTER)
    world.send(0, to=None, value=Wei(0), data=REVERTER)
    world.deposit(CHALLENGER, NOBODY, mint=7, value=7)
    world.deposit(CHALLENGER, NOBODY, mint=3, value=10**30)
    world.deposit(CHALLENGER, None, gas=500_000, data=COUNTER)
    await world.act_epoch()
    entry = AccessListEntry(address=counter, storage_keys=(Hash32(bytes(32)),))
    high = Wei(10**11)
    world.send(1, type=TransactionType.LEGACY, max_priority_fee_per_gas=high)
    world.send(1, type=TransactionType.LEGACY, chain_id=None, max_priority_fee_per_gas=high)
    world.send(2, type=TransactionType.ACCESS_LIST, to=counter, max_priority_fee_per_gas=high, access_list=(entry,))
    world.send(2, to=counter, value=Wei(5))
    delegations = (world.authorization(1, 2, counter), world.authorization(2, 77, counter))
    world.send(3, type=TransactionType.SET_CODE, to=USER[1], value=Wei(0), authorizations=delegations)
    world.send(0, to=reverter, value=Wei(0))
    world.send(0, to=None, value=Wei(0), data=b"\xfe")
    world.send(0, to=counter, value=Wei(0), gas_limit=Gas(21_500))
    await world.act_epoch()
    await world.act_epoch()


class Traced:
    """Every block of a chain with one tracer, beside its receipts."""

    def __init__(self, world: World) -> None:
        node = world.sequencer
        self.db = node.db
        rules = ChainRules(chain_id=world.rollup.l2_chain_id, is_optimism=True)
        self.queries = StateQueries(self.db, FastExecutor(), rules)
        self.hashes = [self.db.canonical_hash(number) for number in range(1, node.engine.unsafe_head.number + 1)]

    def results(self, **config: Any) -> Iterator[tuple[dict[str, Any], Receipt, int]]:
        """(the tracer's result, the receipt, its gas used), of all transactions in order."""
        for block_hash in self.hashes:
            answer = json.loads(traces.trace_block(self.queries, block_hash, TraceConfig(**config), Budget(PLENTY)))
            cumulative = 0
            for entry, receipt in zip(answer, self.db.receipts(block_hash) or (), strict=True):
                yield entry["result"], receipt, receipt.cumulative_gas_used - cumulative
                cumulative = receipt.cumulative_gas_used

    def flat(self, **options: Any) -> list[dict[str, Any]]:
        """Parity's traces of all blocks."""
        found = (traces.flat_traces(self.queries, block_hash, Budget(PLENTY), **options) for block_hash in self.hashes)
        return [json.loads(trace) for block in found for trace in block]


@pytest.fixture
async def traced(world: World) -> Traced:
    await _everything(world)
    chain = Traced(world)
    kinds = {(receipt.type, receipt.succeeded) for _, receipt, _ in chain.results(tracer="noopTracer")}
    types = (TransactionType.LEGACY, TransactionType.ACCESS_LIST, TransactionType.SET_CODE)
    assert kinds == {(kind, True) for kind in types} | {
        (kind, outcome) for kind in (TransactionType.DYNAMIC_FEE, TransactionType.DEPOSIT) for outcome in (True, False)
    }
    return chain


def _frames(call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield call
    for inner in call.get("calls", ()):
        yield from _frames(inner)


def _log(log: Log) -> tuple[str, list[str], str]:
    return "0x" + log.address.hex(), ["0x" + topic.hex() for topic in log.topics], "0x" + log.data.hex()


async def test_every_trace_has_the_gas_the_status_and_the_logs_of_its_receipt(traced: Traced) -> None:
    for result, receipt, gas_used in traced.results():
        assert (result["gas"], result["failed"]) == (gas_used, not receipt.succeeded)
    count = 0
    for result, receipt, gas_used in traced.results(tracer="callTracer", with_log=True):
        assert int(result["gasUsed"], 16) == gas_used
        assert ("error" in result) is not receipt.succeeded
        logs = sorted((log for call in _frames(result) for log in call.get("logs", ())), key=lambda log: log["index"])
        assert [(log["address"], log["topics"], log["data"]) for log in logs] == [_log(log) for log in receipt.logs]
        count += len(logs)
    assert count == 3, "a reverted log is none"


async def test_a_deposit_that_never_ran_and_the_l1_attributes_have_frames(traced: Traced) -> None:
    results = [result for result, receipt, _ in traced.results(tracer="callTracer") if receipt.type == 0x7E]
    attributes = [result for result in results if result["from"] == "0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001"]
    assert len(attributes) == len(traced.hashes)
    assert all(result["input"].startswith("0x098999be") for result in attributes)
    (failed,) = (result for result in results if "error" in result)
    assert failed["error"].startswith("failed deposit: insufficient funds for transfer")
    assert int(failed["value"], 16) == 10**30


async def test_what_one_transaction_leaves_is_what_the_next_one_finds(traced: Traced) -> None:
    accounts: dict[str, dict[str, Any]] = {}
    for result, _, _ in traced.results(tracer="prestateTracer", diff_mode=True):
        for address, before in result["pre"].items():
            expected = {"nonce": 0} | before
            assert expected | accounts.get(address, {}) == expected, address
        for address, after in result["post"].items():
            whole = accounts.get(address, {}) | result["pre"].get(address, {}) | after
            accounts[address] = {key: value for key, value in whole.items() if key != "storage"}
    head = traced.hashes[-1]
    assert len(accounts) > 6
    for address, account in accounts.items():
        stored = traced.queries.account(head, Address(bytes.fromhex(address[2:])))
        assert (int(account.get("balance", "0x0"), 16), account.get("nonce", 0)) == (stored.balance, stored.nonce), (
            address
        )


async def test_flat_traces_are_filtered_by_either_side(traced: Traced) -> None:
    everything = traced.flat()
    assert {trace["type"] for trace in everything} == {"call", "create"}
    assert [trace["error"] for trace in everything if trace["action"].get("init") == "0xfe"] == ["Bad instruction"]
    assert any(trace.get("error") == "Reverted" for trace in everything)
    nobody = "0x" + NOBODY.hex()
    to_nobody = traced.flat(recipients=[NOBODY])
    assert to_nobody == [trace for trace in everything if trace["action"].get("to") == nobody]
    counter = _created(USER[0], 0)
    made, *called = traced.flat(recipients=[counter])
    assert (made["type"], made["result"]["address"]) == ("create", "0x" + counter.hex())
    assert called
    assert traced.flat(senders=[USER[0]], recipients=[counter])[0] == made
    assert all(trace["action"]["from"] == "0x" + USER[0].hex() for trace in traced.flat(senders=[USER[0]]))


def _next_count(traced: Traced, block_hash: Hash32, index: int, counter: Address) -> int:
    """What the counter would write if it were called before transaction number `index`."""
    message = CallMessage(sender=NOBODY, to=counter, gas_limit=Gas(100_000))
    answer = traces.trace_call(
        traced.queries, block_hash, message, TraceConfig(), Budget(PLENTY), transaction_index=index
    )
    (write,) = (step for step in json.loads(answer)["structLogs"] if step["op"] == "SSTORE")
    return int(write["stack"][-2], 16)


async def test_the_storage_of_an_account_moves_on_with_each_transaction(traced: Traced) -> None:
    counter = _created(USER[0], 0)
    key = "0x" + keccak256(bytes(32)).hex()
    counts = set()
    for block_hash in traced.hashes:
        block = traced.db.block(block_hash)
        assert block is not None
        for index in range(len(block.transactions) + 1):
            answer = json.loads(storage_range(traced.queries, block_hash, index, counter, b"", 10, Budget(PLENTY)))
            assert answer["nextKey"] is None
            slots = answer["storage"]
            assert set(slots) <= {key}
            if slots:
                assert slots[key]["key"] == "0x" + bytes(32).hex()
                count = int(slots[key]["value"], 16)
                counts.add(count)
                assert _next_count(traced, block_hash, index, counter) == count + 1
    assert counts == set(range(1, max(counts) + 1))
    assert max(counts) == 2
