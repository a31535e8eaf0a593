"""Earnings, epochs and proofs: to the wei, and as the contract takes them."""

from typing import Any

import pytest

from contracts.rewards import verify_claim
from rollup.indexer import ledger
from rollup.indexer.errors import StillRebuilding
from tests.unit.rollup.indexer.conftest import ALICE, BOB, FEE, OWNER, OpenNetwork, address_of, hexed, record

HALF = FEE // 2  # the contributors' part


def earned(network: OpenNetwork, key: bytes) -> dict[str, Any]:
    found: dict[str, Any] = network.ask("earnings", account=address_of(key))["earnings"]
    return found


def propose_own_tree(network: OpenNetwork, epoch: int = 1, **options: Any) -> Any:
    """The tree that this node rebuilds, proposed and made final."""
    network.ask("earnings", account=address_of(ALICE))
    tree = ledger.tree_at(network.economy.memory, network.number)
    assert tree is not None
    network.propose(epoch, tree.root, tree.total, **options)
    return tree


def test_claim_with_the_answered_proof_is_taken_by_the_contract_and_pays(network: OpenNetwork) -> None:
    network.settle(0, record(), record(shares=[(3, 1_000_000)]), owed=2 * FEE)
    propose_own_tree(network)
    found = earned(network, ALICE)
    # 40 % of one record, of which a tenth is the Datanet owner's, and all of another, of whose Datanet nothing is.
    expected = HALF * 400_000 // 10**6 * 9_000 // 10_000 + HALF
    assert found["earned"] == found["cumulative"] == found["claimable"] == expected
    assert found["rootMatches"]
    network.send(BOB, "Attribution", "claim", hexed(ALICE), found["cumulative"], found["proof"])
    after = earned(network, ALICE)
    assert (after["claimed"], after["claimable"], after["owed"]) == (expected, 0, expected)
    network.send(ALICE, "Attribution", "withdrawOwed")
    assert earned(network, ALICE)["owed"] == 0


def test_escrowed_answers_earn_when_they_are_released(network: OpenNetwork) -> None:
    network.settle(0, record(), owed=FEE)
    before = earned(network, BOB)["earned"]
    network.answer_escrowed([(2, 1_000_000)])
    assert earned(network, BOB)["earned"] == before + HALF * 9_000 // 10_000
    tree = propose_own_tree(network)
    assert tree.total == 2 * HALF
    epoch = network.ask("epoch", number=1)["epoch"]
    assert (epoch["rootMatches"], epoch["finalized"], epoch["unreadableBatches"]) == (True, True, [])


def test_earnings_after_an_epoch_are_pending(network: OpenNetwork) -> None:
    network.settle(0, record(), owed=FEE)
    first = propose_own_tree(network)
    network.settle(1, record(), owed=2 * FEE)
    found = earned(network, BOB)
    assert found["pending"] == found["earned"] - found["cumulative"] == found["cumulative"] > 0
    network.propose(
        2, b"\x77" * 32, first.total, parent=first.root, first=network.ask("epoch", number=1)["epoch"]["toBlock"] + 1
    )
    lied = earned(network, BOB)
    assert (lied["rootMatches"], lied["proof"], lied["claimable"]) == (False, None, 0)
    assert network.ask("epoch_proofs", number=2, cursor=None, limit=10)["proofs"] is None


def test_every_leaf_of_an_epoch_comes_with_its_proof_page_by_page(network: OpenNetwork) -> None:
    network.settle(0, record(), record(shares=[(3, 1_000_000)]), owed=2 * FEE)
    tree = propose_own_tree(network)
    leaves, cursor = [], None
    while True:
        page = network.ask("epoch_proofs", number=1, cursor=cursor, limit=2)
        leaves += page["proofs"]
        cursor = page["next"]
        if cursor is None:
            break
    assert {leaf["account"] for leaf in leaves} == {hexed(key) for key in (ALICE, BOB, OWNER)}
    for leaf in leaves:
        assert verify_claim(tree.root, leaf["account"], leaf["cumulative"], leaf["proof"])
    assert network.ask("epochs", cursor=None, limit=10)["final"] == 1


def test_nothing_is_there_before_the_first_epoch(network: OpenNetwork) -> None:
    found = earned(network, ALICE)
    assert (found["earned"], found["epoch"], found["proof"], found["claimable"]) == (0, None, None, 0)
    assert network.ask("epoch", number=1)["epoch"] is None
    assert network.ask("epoch_proofs", number=1, cursor=None, limit=5)["proofs"] is None


def test_a_reorg_is_forgotten_and_added_up_anew(network: OpenNetwork) -> None:
    fork = network.number
    network.settle(0, record(), owed=FEE)
    assert earned(network, BOB)["earned"] > 0
    network.rewind(fork)
    assert earned(network, BOB)["earned"] == 0
    network.settle(0, record(shares=[(2, 1_000_000)]), owed=FEE)
    assert earned(network, BOB)["earned"] == HALF * 9_000 // 10_000


def test_long_history_is_added_up_over_several_questions(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    for nonce in range(3):
        network.settle(nonce, record(), owed=(nonce + 1) * FEE)
    monkeypatch.setattr(ledger, "RECORDS_A_QUESTION", 1)
    asked = 0
    while True:
        try:
            found = earned(network, BOB)
            break
        except StillRebuilding:
            asked += 1
    assert asked == 2
    share = HALF * 600_000 // 10**6
    assert found["earned"] == 3 * (share - share * 1_000 // 10_000)


def test_account_is_answered_as_it_was_at_an_older_block(network: OpenNetwork) -> None:
    network.settle(0, record(), owed=FEE)
    older = network.head
    network.settle(1, record(), owed=2 * FEE)
    now = earned(network, BOB)["earned"]
    then = network.economy.ask("earnings", older, {"account": address_of(BOB)})
    assert then["earnings"]["earned"] * 2 == now
    assert then["block"]["hash"] == older
