"""No wei is made or lost between a fee and the claims it ends in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.records import Batch, Record, record_fee
from contracts.rewards import (
    ContributionOwners,
    FeeRates,
    RewardTree,
    batch_rewards,
    split_by_shares,
    split_fee,
    verify_claim,
)
from tests.properties.contracts.test_records import batches, share_tuples

ACCOUNTS = ["0x" + digit * 40 for digit in "12345678"]
AMOUNTS = st.integers(0, 2**200)
PRICES = st.integers(0, 2**128 - 1)


@st.composite
def rates(draw: st.DrawFn) -> FeeRates:
    one, two = sorted((draw(st.integers(0, 10_000)), draw(st.integers(0, 10_000))))
    return FeeRates(owner=one, stakers=two - one, contributors=10_000 - two)


@given(AMOUNTS, rates())
def test_the_parts_of_a_fee_sum_to_it(fee: int, split: FeeRates) -> None:
    parts = split_fee(fee, split)
    assert parts.platform + parts.owner + parts.worker_stakers + parts.model_stakers + parts.contributors == fee
    assert 0 <= parts.platform - fee * (10_000 - split.owner - split.stakers - split.contributors) // 10_000 <= 4


@given(AMOUNTS, share_tuples())
def test_shares_get_their_amount_to_less_than_a_wei(amount: int, shares: tuple) -> None:  # type: ignore[type-arg]
    parts = split_by_shares(amount, shares)
    assert sum(parts.values()) == amount
    for share in shares:
        assert abs(parts[share.contribution_id] * 1_000_000 - amount * share.ppm) < 1_000_000


@given(batches(), st.tuples(PRICES, PRICES), rates(), st.data())
def test_a_batchs_rewards_sum_to_what_attribution_notes(
    batch: Batch, price: tuple[int, int], split: FeeRates, data: st.DataObject
) -> None:
    account = st.sampled_from(ACCOUNTS)
    owners = {
        share.contribution_id: ContributionOwners(
            contributor=data.draw(account),
            datanet_owner=data.draw(account),
            revenue_share_bps=data.draw(st.integers(0, 10_000)),
        )
        for record in batch.records
        for share in record.shares
    }
    prices = {(record.model_id, record.checkpoint): price for record in batch.records}

    def contributors(record: Record) -> int:
        return split_fee(record_fee(record.tokens_in, record.tokens_out, *price), split).contributors

    assert sum(batch_rewards(batch, prices, split, owners).values()) == sum(map(contributors, batch.records))


@given(
    st.dictionaries(
        st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
        st.integers(1, 2**128),
        min_size=1,
        max_size=40,
    )
)
def test_every_account_can_prove_its_amount_and_no_other(cumulative: dict[str, int]) -> None:
    tree = RewardTree.build(cumulative)
    assert tree.total == sum(cumulative.values())
    assert RewardTree.build(dict(reversed(cumulative.items()))).root == tree.root
    for account, amount in cumulative.items():
        assert verify_claim(tree.root, account, amount, tree.proof(account))
        assert not verify_claim(tree.root, account, amount + 1, tree.proof(account))
