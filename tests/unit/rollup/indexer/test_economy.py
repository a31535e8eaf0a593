"""Datanets, contributions, models, records and the supply, as they are read at a block."""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak

from contracts.addresses import MULTICALL3, OPEN_PREDEPLOYS
from contracts.genesis_config import TOTAL_SUPPLY
from contracts.records import record_id
from contracts.signatures import selector
from rollup.indexer import Economy, EconomyMissing, InvalidQuestion, records
from rollup.indexer.errors import BlockNotCanonical
from state.database import ChainDatabase, MemoryStore
from state.execution.fast import FastExecutor
from state.queries import StateQueries
from state.transition import GenesisSpec, genesis_record
from tests.unit.rollup.indexer.conftest import (
    ALICE,
    BOB,
    BUYER,
    FEE,
    OPEN,
    OWNER,
    RULES,
    WORKER,
    OpenNetwork,
    address_of,
    hexed,
    record,
)


def pages(network: OpenNetwork, question: str, rows: str, limit: int, **arguments: Any) -> list[Any]:
    """All rows, page by page, each page but the last with something to follow."""
    found: list[Any] = []
    cursor = None
    while True:
        answer = network.ask(question, cursor=cursor, limit=limit, **arguments)
        found += answer[rows]
        cursor = answer["next"]
        if cursor is None:
            return found


def test_datanet_is_shown_with_licence_policy_and_versions(network: OpenNetwork) -> None:
    answer = network.ask("datanet", datanet_id=1)
    found = answer["datanet"]
    assert (found["name"], found["owner"], found["metadataURI"]) == ("law", hexed(OWNER), "ipfs://law")
    assert (found["acceptedContributions"], found["license"]["revenueShareBps"], found["policy"]["bond"]) == (
        2,
        1_000,
        OPEN,
    )
    assert [version["version"] for version in found["versions"]] == [1]
    assert found["versions"][0]["root"] == found["root"]
    assert answer["block"] == {
        "number": network.number,
        "hash": network.head,
        "timestamp": network.db.require_header(network.head).timestamp,
    }


@pytest.mark.parametrize("number", [0, 3, 2**64 - 1])
def test_ids_that_were_never_handed_out_answer_null(network: OpenNetwork, number: int) -> None:
    assert network.ask("datanet", datanet_id=number)["datanet"] is None
    assert network.ask("model", model_id=number)["model"] is None
    assert network.ask("contribution", contribution_id=number + (number == 3))["contribution"] is None
    assert network.ask("epoch", number=number)["epoch"] is None


def test_datanets_and_models_come_page_by_page(network: OpenNetwork) -> None:
    assert [d["name"] for d in pages(network, "datanets", "datanets", 1)] == ["law", "medicine"]
    assert [m["modelId"] for m in pages(network, "models", "models", 1)] == [1, 2]
    assert network.ask("datanets", cursor=None, limit=10)["total"] == 2


def test_contributions_are_found_by_datanet_by_contributor_and_by_content_root(network: OpenNetwork) -> None:
    def ids(**criteria: Any) -> list[int]:
        arguments = {"datanet_id": None, "contributor": None} | criteria
        return [c["contributionId"] for c in pages(network, "contributions", "contributions", 1, **arguments)]

    assert ids(datanet_id=1) == [1, 2]
    assert ids(contributor=address_of(ALICE)) == [1, 3]
    assert ids(contributor=address_of(ALICE), datanet_id=2) == [3]
    (found,) = network.ask("contributions_by_hash", content_root=keccak(b"bob"), limit=9)["contributions"]
    assert (found["contributionId"], found["status"], found["rows"]) == (2, "accepted", 5)
    assert (found["contributor"], found["uri"]) == (hexed(BOB), "ipfs://rows")
    assert network.ask("contributions_by_hash", content_root=bytes(32), limit=9)["contributions"] == []


def test_content_roots_of_later_blocks_and_of_reorged_ones_are_not_shown(network: OpenNetwork) -> None:
    fork, before = network.number, network.head
    root = network.contribute(BOB, 2, b"late", number=4)
    assert len(network.ask("contributions_by_hash", content_root=root, limit=9)["contributions"]) == 1
    then = network.economy.ask("contributions_by_hash", before, {"content_root": root, "limit": 9})
    assert then["contributions"] == []
    network.rewind(fork)
    assert network.ask("contributions_by_hash", content_root=root, limit=9)["contributions"] == []


def test_model_is_shown_with_training_evaluation_deployment_and_lineage(network: OpenNetwork) -> None:
    found = network.ask("model", model_id=2)["model"]
    assert (found["state"], found["parents"], found["deployedCheckpoint"], found["truncated"]) == (
        "deployed",
        [1],
        1,
        False,
    )
    (checkpoint,) = found["checkpoints"]
    assert (checkpoint["datanets"], checkpoint["versions"], checkpoint["checkpointHash"]) == ([2], [1], b"\2" * 32)
    (evaluation,) = found["evaluations"]
    assert (evaluation["scoreE6"], evaluation["benchmark"]) == (-812_000, keccak(b"bench"))
    assert [(a["generation"], a["modelId"]) for a in found["lineage"]] == [(1, 1)]
    assert found["deployments"][0]["checkpoint"] == 1


def test_data_that_fired_is_found_by_whatever_is_asked(network: OpenNetwork) -> None:
    network.settle(0, record(), record(shares=[(3, 1_000_000)], model=2), owed=2 * FEE)
    network.settle(1, record(shares=[(2, 1_000_000)]), owed=3 * FEE)
    network.answer_escrowed([(1, 1_000_000)])

    def places(first: int = 0, last: int | None = None, limit: int = 1, **criteria: Any) -> list[tuple[int, int]]:
        rows = pages(network, "inferences", "inferences", limit, criteria=criteria, first=first, last=last)
        return [(row["shares"][0]["contributionId"], row["index"]) for row in rows]

    everything = [(1, 0), (3, 1), (2, 0), (1, 0)]
    assert places() == places(limit=100) == everything
    assert places(contributor=address_of(ALICE)) == [(1, 0), (3, 1), (1, 0)]
    assert places(contribution_id=2) == [(1, 0), (2, 0)]
    assert places(datanet_id=2) == places(model_id=2) == [(3, 1)]
    assert places(payer=address_of(BUYER), worker=address_of(WORKER)) == everything
    assert places(payer=address_of(BOB)) == places(worker=address_of(BOB)) == []
    assert places(last=network.number - 3) == everything[:3]
    assert places(first=network.number) == everything[3:]


def test_a_page_of_rare_records_ends_and_says_where_to_go_on(
    network: OpenNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nonce in range(3):
        network.settle(nonce, record(), record(shares=[(2, 1_000_000)]), owed=2 * (nonce + 1) * FEE)
    monkeypatch.setattr(records, "RECORDS_A_PAGE", records.BATCH_COST)
    question = {"criteria": {"contribution_id": 1}, "first": 0, "last": None, "limit": 100}
    first = network.ask("inferences", cursor=None, **question)
    assert len(first["inferences"]) < 3
    assert first["next"] is not None
    rows = pages(network, "inferences", "inferences", 100, criteria={"contribution_id": 1}, first=0, last=None)
    assert len(rows) == 3


def test_record_and_its_attribution_add_up_to_the_wei(network: OpenNetwork) -> None:
    batch = network.settle(0, record(), owed=FEE)
    found = network.ask("inference", of_batch=batch, index=0)["inference"]
    assert (found["fee"], found["recordId"], found["payer"]) == (FEE, record_id(batch, 0), address_of(BUYER))
    assert found["blockHash"] == network.head
    split = network.ask("attribution", of_batch=batch, index=0)["attribution"]
    assert split["contributorsAmount"] == FEE // 2 == sum(share["amount"] for share in split["shares"])
    assert [(s["contributionId"], s["ppm"], s["contributor"]) for s in split["shares"]] == [
        (1, 400_000, hexed(ALICE)),
        (2, 600_000, hexed(BOB)),
    ]
    for share in split["shares"]:
        assert share["datanetOwnerAmount"] == share["amount"] // 10
        assert share["contributorAmount"] + share["datanetOwnerAmount"] == share["amount"]
    assert network.ask("inference", of_batch=batch, index=1)["inference"] is None
    assert network.ask("attribution", of_batch=b"\1" * 32, index=0)["attribution"] is None


def multicall(target: bytes, calldata: bytes) -> bytes:
    signature = "aggregate3Value((address,bool,uint256,bytes)[])"
    calls = [("0x" + target.hex(), False, 0, calldata)]
    return selector(signature) + encode(["(address,bool,uint256,bytes)[]"], [calls])


@pytest.mark.parametrize("is_hidden", [False, True], ids=["in the calldata", "put together on the way"])
def test_batch_settled_by_a_delegated_account_is_found(
    network: OpenNetwork, monkeypatch: pytest.MonkeyPatch, is_hidden: bool
) -> None:
    """EIP-7702: the contract's caller is the transaction's origin, but the transaction calls the account itself."""
    if is_hidden:
        monkeypatch.setattr(records, "embedded_bytes", lambda *_: iter(()))
    network.delegate(WORKER, MULTICALL3)
    batch, calldata = network.settlement(0, record(), owed=FEE)
    data = multicall(OPEN_PREDEPLOYS["Inference"], calldata)
    network.mine(network.sign(WORKER, to=address_of(WORKER), data=data))
    assert network.ask("inference", of_batch=batch, index=0)["inference"]["fee"] == FEE
    assert network.ask("earnings", account=address_of(BOB))["earnings"]["earned"] > 0


def test_batch_that_nobody_can_read_is_counted_and_stops_nothing(
    network: OpenNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = network.settle(0, record(), owed=FEE)
    monkeypatch.setattr(records, "_candidates", lambda *_, **__: iter(()))
    assert network.ask("inference", of_batch=lost, index=0)["inference"] is None
    assert network.ask("earnings", account=address_of(BOB))["earnings"]["earned"] == 0
    monkeypatch.undo()
    network.settle(1, record(), owed=2 * FEE)
    assert network.ask("earnings", account=address_of(BOB))["earnings"]["earned"] > 0
    network.propose(1, b"\x11" * 32, 1)
    assert network.ask("epoch", number=1)["epoch"]["unreadableBatches"] == [lost]


def test_supply_is_measured_and_its_parts_add_up(network: OpenNetwork) -> None:
    network.settle(0, record(), owed=FEE)
    found = network.ask("supply")["supply"]
    assert found["total"] == found["onL2"] == TOTAL_SUPPLY == 10**9 * OPEN
    assert found["depositedBeyondGenesis"] == 0
    assert sum(found["predeploys"].values()) + found["circulating"] == TOTAL_SUPPLY
    assert found["vestingLocked"] == found["predeploys"]["Vesting"] == TOTAL_SUPPLY - 215_500_000 * OPEN
    assert found["staked"] == 100 * OPEN + FEE // 5
    assert found["treasury"] == FEE // 10
    assert found["attribution"] == FEE // 2
    assert {tranche["name"]: tranche["total"] for tranche in found["tranches"]}["team"] == 150_000_000 * OPEN


def test_supply_of_an_older_block_has_no_sum_of_balances(network: OpenNetwork) -> None:
    older = network.head
    network.mine()
    found = network.economy.ask("supply", older, {})["supply"]
    assert (found["onL2"], found["circulating"], found["depositedBeyondGenesis"]) == (None, None, None)
    assert found["predeploys"]["Staking"] == 100 * OPEN


def test_block_that_was_reorged_out_is_refused(network: OpenNetwork) -> None:
    fork = network.number
    network.mine()
    gone = network.head
    network.rewind(fork)
    with pytest.raises(BlockNotCanonical):
        network.economy.ask("supply", gone, {})


@pytest.mark.parametrize("cursor", [b"", b"\1" * 7, b"\1" * 13, b"\1" * 32])
def test_cursors_that_no_page_ended_with_are_refused(network: OpenNetwork, cursor: bytes) -> None:
    with pytest.raises(InvalidQuestion):
        network.ask("datanets", cursor=cursor, limit=1)
    with pytest.raises(InvalidQuestion):
        network.ask("contributions", datanet_id=1, contributor=None, cursor=cursor, limit=1)


def test_cursors_beyond_everything_end_the_answer(network: OpenNetwork) -> None:
    assert network.ask("datanets", cursor=b"\xff" * 8, limit=5)["next"] is None
    last = network.ask("inferences", criteria={}, first=0, last=None, cursor=b"\xff" * 14, limit=5)
    assert (last["inferences"], last["next"]) == ([], None)


def test_range_of_blocks_is_bounded(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_RANGE", 3)
    with pytest.raises(InvalidQuestion, match="too wide"):
        network.ask("inferences", criteria={}, first=0, last=None, cursor=None, limit=5)


def test_chain_without_the_predeploys_says_so() -> None:
    spec = GenesisSpec.from_json(
        {"config": {"chainId": RULES.chain_id}, "timestamp": "0x1", "gasLimit": "0x1312d00", "baseFeePerGas": "0x1",
         "extraData": "0x00000000fa00000006", "alloc": {}}
    )  # fmt: skip
    db = ChainDatabase(MemoryStore())
    db.initialise(genesis_record(spec, RULES))
    economy = Economy(StateQueries(db, FastExecutor(), RULES))
    with pytest.raises(EconomyMissing):
        economy.ask("datanets", db.flat_head(), {"cursor": None, "limit": 5})
