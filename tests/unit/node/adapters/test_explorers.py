"""ots_* and open_* over a real chain: the product's genesis, real blocks, questions answered by a reader pool."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from client.attribution import Attribution
from client.chain import Chain
from contracts.addresses import CREATE2_DEPLOYER, MULTICALL3, OPEN_PREDEPLOYS
from contracts.interface import interface
from contracts.signatures import selector
from node.adapters.chain import DatabaseChain
from node.adapters.economy import ReaderEconomy
from node.adapters.history import ReaderHistory
from node.adapters.info import ProcessInfo
from node.adapters.state import ReaderState
from node.adapters.traces import ReaderTraces
from node.readers import ReaderPool
from rollup.indexer import ledger
from rpc.limits import Limits
from rpc.server import RpcServer
from state.database import ChainDatabase
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import RecoveredTransaction, SignedTransaction, TransactionType, sign_transaction
from state.transition import child_base_fee
from tests.unit.rollup.indexer.conftest import (
    ALICE,
    BOB,
    CHAIN_ID,
    FEE,
    GWEI,
    OWNER,
    RULES,
    WORKER,
    OpenNetwork,
    address_of,
    hexed,
    record,
)
from tests.unit.rpc.conftest import PATIENT_SECONDS, Client, open_http
from tests.unit.rpc.fake_chain import FakeChain

NOBODY = Address(b"\x99" * 20)
INITCODE = bytes.fromhex("600160005360016000f3")  # returns one byte of code: 01
AGGREGATE = selector("aggregate3Value((address,bool,uint256,bytes)[])")


class Explored:
    """The chain and the way to ask about it."""

    def __init__(self, network: OpenNetwork, client: Client) -> None:
        self.network = network
        self.client = client

    def send(self, to: Address | None, data: bytes = b"", *, key: bytes = OWNER, value: int = 0, **options: Any) -> str:
        """The hash of a transaction that is in a block of its own now."""
        transaction = self.signed(to, data, key=key, value=value)
        self.network.mine(transaction, **options)
        return "0x" + transaction.hash.hex()

    def signed(
        self, to: Address | None, data: bytes = b"", *, key: bytes = OWNER, value: int = 0
    ) -> RecoveredTransaction:
        nonce = self.network.nonces[key]
        self.network.nonces[key] += 1
        unsigned = SignedTransaction(
            type=TransactionType.DYNAMIC_FEE, chain_id=CHAIN_ID, nonce=Nonce(nonce), gas_limit=Gas(500_000),
            max_fee_per_gas=Wei(3 * GWEI), max_priority_fee_per_gas=Wei(1), to=to, value=Wei(value), data=data,
            y_parity=0, r=0, s=0,
        )  # fmt: skip
        return sign_transaction(unsigned, key)


@pytest.fixture
async def explored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Explored]:
    monkeypatch.setattr("rollup.indexer.snapshot.REPLAY_SECONDS", PATIENT_SECONDS)
    network = OpenNetwork(index_addresses=True)
    readers = ReaderPool(network.db, tmp_path, RULES, count=0, cap_seconds=PATIENT_SECONDS)
    await readers.start()
    ports = replace(
        FakeChain().ports,
        chain=DatabaseChain(network.db, next_base_fee=lambda header: child_base_fee(header, RULES)),
        state=ReaderState(readers),
        economy=ReaderEconomy(readers),
        info=ProcessInfo(chain_id=CHAIN_ID, block_time=2),
        history=ReaderHistory(readers),
        traces=ReaderTraces(readers),
    )
    server = RpcServer(ports, limits=Limits(call_seconds=PATIENT_SECONDS, trace_seconds=PATIENT_SECONDS))
    port = await server.start("127.0.0.1", 0)
    async with open_http() as http:
        yield Explored(network, Client(port, http))
    await server.stop()
    await readers.close()


def transfers(*amounts: int) -> bytes:
    calls = [("0x" + NOBODY.hex(), False, amount, b"") for amount in amounts]
    return AGGREGATE + encode(["(address,bool,uint256,bytes)[]"], [calls])


async def test_coin_that_moves_inside_a_transaction_is_listed_and_traced(explored: Explored) -> None:
    sent = explored.send(Address(MULTICALL3), transfers(5, 0, 7), value=12)
    moved = await explored.client.call("ots_getInternalOperations", sent)
    ends = {"from": "0x" + MULTICALL3.hex(), "to": "0x" + NOBODY.hex()}
    assert moved == [{"type": 0, **ends, "value": "0x5"}, {"type": 0, **ends, "value": "0x7"}]
    outer, *inner = await explored.client.call("ots_traceTransaction", sent)
    assert (outer["type"], outer["depth"], outer["from"], outer["value"]) == ("CALL", 0, hexed(OWNER), "0xc")
    assert [(call["depth"], call["value"], call["input"]) for call in inner] == [
        (1, "0x5", "0x"), (1, "0x0", "0x"), (1, "0x7", "0x"),
    ]  # fmt: skip
    assert await explored.client.call("ots_getTransactionError", sent) == "0x"


async def test_creator_of_a_contract_is_found_for_transactions_and_for_factories(explored: Explored) -> None:
    deployed = explored.send(None, INITCODE)
    made = (await explored.client.call("eth_getTransactionReceipt", deployed))["contractAddress"]
    for _ in range(5):
        explored.network.mine()
    assert await explored.client.call("ots_getContractCreator", made) == {"hash": deployed, "creator": hexed(OWNER)}
    salt = b"\7" * 32
    by_factory = explored.send(Address(CREATE2_DEPLOYER), salt + INITCODE)
    child = "0x" + keccak256(b"\xff" + CREATE2_DEPLOYER + salt + keccak256(INITCODE))[12:].hex()
    creator = await explored.client.call("ots_getContractCreator", child)
    assert creator == {"hash": by_factory, "creator": "0x" + CREATE2_DEPLOYER.hex()}
    (creation,) = await explored.client.call("ots_getInternalOperations", by_factory)
    assert (creation["type"], creation["to"]) == (3, child)
    assert await explored.client.call("ots_hasCode", child) is True
    assert await explored.client.call("ots_hasCode", child, 1) is False
    for nobodys in ("0x" + MULTICALL3.hex(), hexed(ALICE)):
        assert await explored.client.call("ots_getContractCreator", nobodys) is None


async def test_every_nonce_of_a_block_leads_to_its_transaction(explored: Explored) -> None:
    first = explored.send(NOBODY)
    block = [explored.signed(NOBODY), explored.signed(NOBODY), explored.signed(NOBODY, key=ALICE)]
    explored.network.mine(*block)
    explored.network.mine()
    expected = [first, "0x" + block[0].hash.hex(), "0x" + block[1].hash.hex(), None]
    for nonce, transaction in enumerate(expected):
        for form in (nonce, hex(nonce), str(nonce)):
            answer = await explored.client.call("ots_getTransactionBySenderAndNonce", hexed(OWNER), form)
            assert answer == transaction
    alices = await explored.client.call("ots_getTransactionBySenderAndNonce", hexed(ALICE), 0)
    assert alices == "0x" + block[2].hash.hex()


async def test_history_of_an_address_is_paged_both_ways(explored: Explored) -> None:
    sent = [explored.send(NOBODY, value=number) for number in range(7)]  # blocks 1 to 7

    async def page(direction: str, block: int, size: int) -> tuple[list[str], bool, bool]:
        answer = await explored.client.call(f"ots_searchTransactions{direction}", "0x" + NOBODY.hex(), block, size)
        assert [r["transactionHash"] for r in answer["receipts"]] == [t["hash"] for t in answer["txs"]]
        assert all(int(receipt["timestamp"], 16) > 1_700_000_000 for receipt in answer["receipts"])
        return [entry["hash"] for entry in answer["txs"]], answer["firstPage"], answer["lastPage"]

    newest_first = sent[::-1]
    assert await page("Before", 0, 3) == (newest_first[:3], True, False)
    assert await page("Before", 5, 3) == (newest_first[3:6], False, False)
    assert await page("Before", 2, 3) == (newest_first[6:], False, True)
    assert await page("Before", 0, 7) == (newest_first, True, True)
    assert await page("After", 0, 3) == (newest_first[4:], False, True)
    assert await page("After", 3, 3) == (newest_first[1:4], False, False)
    assert await page("After", 6, 3) == (newest_first[:1], True, False)


async def test_address_without_an_index_says_which_setting_keeps_one(explored: Explored) -> None:
    network = explored.network
    network.db = ChainDatabase(network.db.store)
    explored.network.mine()
    error = await explored.client.error("ots_searchTransactionsBefore", hexed(OWNER), 0, 5)
    assert error["code"] == -32000
    assert "--address-index" in error["message"]


async def test_block_is_shown_with_details_and_by_pages_of_transactions(explored: Explored) -> None:
    block = [explored.signed(NOBODY, value=number) for number in range(5)]
    call = explored.signed(Address(MULTICALL3), transfers(1), value=1)
    explored.network.mine(*block, call)
    details = await explored.client.call("ots_getBlockDetails", 1)
    assert details == await explored.client.call("ots_getBlockDetailsByHash", details["block"]["hash"])
    assert (details["block"]["transactionCount"], details["block"]["logsBloom"]) == ("0x6", None)
    assert "transactions" not in details["block"]
    assert details["issuance"] == {"blockReward": "0x0", "uncleReward": "0x0", "issuance": "0x0"}
    receipts = await explored.client.call("eth_getBlockReceipts", "0x1")
    fees = sum(int(r["gasUsed"], 16) * int(r["effectiveGasPrice"], 16) for r in receipts)
    assert details["totalFees"] == hex(fees)
    last = await explored.client.call("ots_getBlockTransactions", 1, 0, 4)
    hashes = ["0x" + entry.hash.hex() for entry in (*block, call)]
    assert [entry["hash"] for entry in last["fullblock"]["transactions"]] == hashes[2:]
    assert last["fullblock"]["transactions"][-1]["input"] == "0x" + AGGREGATE.hex()
    assert [(r["transactionHash"], r["logs"], r["logsBloom"]) for r in last["receipts"]] == [
        (entry, None, None) for entry in hashes[2:]
    ]
    first = await explored.client.call("ots_getBlockTransactions", "0x1", "0x1", "0x4")
    assert [entry["hash"] for entry in first["fullblock"]["transactions"]] == hashes[:2]
    beyond = await explored.client.call("ots_getBlockTransactions", 1, 9, 4)
    assert beyond["fullblock"]["transactions"] == beyond["receipts"] == []
    assert await explored.client.call("ots_getBlockDetails", 99) is None
    assert await explored.client.call("ots_getBlockTransactions", 99, 0, 4) is None


async def test_revert_data_of_a_failed_transaction_is_shown(explored: Explored) -> None:
    data = interface("Datanets").encode_call("finalize", 77)
    failed = explored.send(Address(OPEN_PREDEPLOYS["Datanets"]), data, succeed=False)
    shown = await explored.client.call("ots_getTransactionError", failed)
    assert shown == "0x" + selector("UnknownContribution(uint256)").hex() + f"{77:064x}"
    (outer, *_) = await explored.client.call("ots_traceTransaction", failed)
    assert outer["output"] == shown


async def test_transactions_that_no_block_has_answer_null(explored: Explored) -> None:
    for method in ("ots_getInternalOperations", "ots_traceTransaction", "ots_getTransactionError"):
        assert await explored.client.call(method, "0x" + "77" * 32) is None
    assert await explored.client.call("ots_getApiLevel") == 8


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("ots_searchTransactionsBefore", [hexed(OWNER), 0, 0]),
        ("ots_searchTransactionsBefore", [hexed(OWNER), 0, 101]),
        ("ots_searchTransactionsAfter", [hexed(OWNER), -1, 5]),
        ("ots_searchTransactionsAfter", [hexed(OWNER), 0]),
        ("ots_getBlockTransactions", [1, 0, 1_001]),
        ("ots_getBlockDetails", [True]),
        ("ots_getBlockDetails", [-1]),
        ("ots_hasCode", ["0x12"]),
        ("ots_getTransactionBySenderAndNonce", [hexed(OWNER), 2**64]),
    ],
)
async def test_pages_and_numbers_are_bounded(explored: Explored, method: str, params: list[Any]) -> None:
    assert (await explored.client.error(method, *params))["code"] == -32602


async def test_economy_is_answered_by_the_pool_and_long_sums_are_asked_for_again(
    explored: Explored, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = explored.network
    network.furnish()
    for nonce in range(3):
        network.settle(nonce, record(), owed=(nonce + 1) * FEE)
    monkeypatch.setattr(ledger, "RECORDS_A_QUESTION", 1)
    answer = await explored.client.call("open_getEarnings", hexed(BOB))
    share = FEE // 2 * 600_000 // 10**6
    assert int(answer["earnings"]["earned"], 16) == 3 * (share - share // 10)
    assert answer["block"]["hash"] == "0x" + network.head.hex()
    monkeypatch.setattr("node.adapters.economy.ROUNDS", 1)
    network.settle(3, record(), owed=4 * FEE)
    network.settle(4, record(), owed=5 * FEE)
    error = await explored.client.error("open_getEarnings", hexed(BOB))
    assert (error["code"], "ask again" in error["message"]) == (-32005, True)


@pytest.mark.parametrize("is_hidden", [False, True], ids=["from calldata", "from a trace"])
async def test_client_rebuilds_the_same_rewards_from_logs_and_calldata(
    explored: Explored, monkeypatch: pytest.MonkeyPatch, is_hidden: bool
) -> None:
    """Settled by voucher, paid in escrow, settled by a delegated account: neither takes the other's word."""
    network = explored.network
    network.furnish()
    network.settle(0, record(), owed=FEE)
    network.answer_escrowed([(3, 1_000_000)])
    network.delegate(WORKER, MULTICALL3)
    _, calldata = network.settlement(2, record(shares=[(2, 1_000_000)]), owed=2 * FEE)
    calls = [("0x" + OPEN_PREDEPLOYS["Inference"].hex(), False, 0, calldata)]
    data = AGGREGATE + encode(["(address,bool,uint256,bytes)[]"], [calls])
    network.mine(network.sign(WORKER, to=address_of(WORKER), data=data))
    if is_hidden:
        monkeypatch.setattr("client.attribution.embedded_bytes", lambda *_: iter(()))

    def rebuilt() -> dict[str, int]:
        return Attribution(Chain(explored.client.url)).cumulative_rewards(network.number)

    rewards = await asyncio.to_thread(rebuilt)
    assert len(rewards) == 3
    for account, wei in rewards.items():
        answer = await explored.client.call("open_getEarnings", account)
        assert int(answer["earnings"]["earned"], 16) == wei
