"""Reward arithmetic by hand, and OpenZeppelin's own example tree."""

from __future__ import annotations

import pytest

from contracts.records import Share
from contracts.rewards import (
    ContributionOwners,
    FeeParts,
    FeeRates,
    RewardError,
    RewardTree,
    add_rewards,
    record_rewards,
    split_by_shares,
    split_fee,
    verify_claim,
)

ALICE, BOB, CAROL = ("0x" + digit * 40 for digit in "123")


def shares(*pairs: tuple[int, int]) -> tuple[Share, ...]:
    return tuple(Share(contribution_id=c, ppm=p) for c, p in pairs)


def test_a_fee_splits_ten_twenty_twenty_fifty() -> None:
    assert split_fee(1000, FeeRates()) == FeeParts(
        platform=100, owner=200, worker_stakers=100, model_stakers=100, contributors=500
    )


def test_dust_goes_to_the_platform() -> None:
    assert split_fee(19, FeeRates()) == FeeParts(platform=5, owner=3, worker_stakers=1, model_stakers=1, contributors=9)


def test_rates_beyond_the_fee_are_refused() -> None:
    with pytest.raises(RewardError):
        split_fee(1, FeeRates(owner=5001, stakers=0, contributors=5000))
    with pytest.raises(RewardError):
        split_fee(-1, FeeRates())


def test_the_largest_remainder_gets_the_odd_wei_and_ties_go_to_the_smaller_id() -> None:
    assert split_by_shares(10, shares((1, 333_333), (2, 333_333), (3, 333_334))) == {1: 3, 2: 3, 3: 4}
    assert split_by_shares(3, shares((4, 500_000), (9, 500_000))) == {4: 2, 9: 1}
    assert split_by_shares(1, shares((4, 499_999), (9, 500_001))) == {4: 0, 9: 1}
    assert split_by_shares(0, shares((4, 1_000_000))) == {4: 0}


def test_the_datanets_owner_gets_its_revenue_share_of_each_contribution() -> None:
    owners = {
        1: ContributionOwners(contributor=ALICE, datanet_owner=CAROL, revenue_share_bps=1_000),
        2: ContributionOwners(contributor=BOB, datanet_owner=CAROL, revenue_share_bps=10_000),
        3: ContributionOwners(contributor=BOB, datanet_owner=BOB, revenue_share_bps=5_000),
    }
    earned = record_rewards(1000, shares((1, 499_000), (2, 1_000), (3, 500_000)), owners)
    assert earned == {ALICE: 499 - 49, CAROL: 49 + 1, BOB: 500}


def test_a_contribution_without_an_owner_is_refused() -> None:
    with pytest.raises(RewardError):
        record_rewards(1, shares((1, 1_000_000)), {})
    wrong = {1: ContributionOwners(contributor=ALICE, datanet_owner=BOB, revenue_share_bps=10_001)}
    with pytest.raises(RewardError):
        record_rewards(1, shares((1, 1_000_000)), wrong)


def test_rewards_add_up_whatever_the_spelling_of_an_address() -> None:
    spelled = "0x" + "ab" * 20
    total = add_rewards({spelled: 1}, {spelled.upper().replace("X", "x"): 2, ALICE: 0})
    assert list(total.values()) == [3]


def test_the_tree_is_openzeppelins() -> None:
    # The example in OpenZeppelin's merkle-tree documentation.
    tree = RewardTree.build({ALICE: 5 * 10**18, "0x" + "2" * 40: 25 * 10**17})
    assert [node.hex() for node in tree.nodes] == [
        "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77",
        "eb02c421cfa48976e66dfb29120745909ea3a0f843456c263cf8f1253483e283",
        "b92c48e9d7abe27fd8dfd6b5dfdbfb1c9a463f80c712b66f3a5180a090cccafc",
    ]


def test_a_tree_of_one_account_has_an_empty_proof() -> None:
    tree = RewardTree.build({ALICE: 7, BOB: 0})
    assert (tree.proof(ALICE), tree.total, tree.amount(BOB)) == ([], 7, 0)
    assert verify_claim(tree.root, ALICE, 7, [])
    with pytest.raises(RewardError):
        tree.proof(BOB)
    with pytest.raises(RewardError):
        RewardTree.build({BOB: 0})
