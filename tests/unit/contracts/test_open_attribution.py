"""Epochs: bonded proposals, finality in order, claims by proof."""

from __future__ import annotations

from typing import Any

import pytest
from eth_hash.auto import keccak

from contracts.open_genesis import parameter_key
from contracts.records import batch_hash, decode_batch, encode_batch, record_fee
from contracts.rewards import ContributionOwners, FeeRates, RewardTree, add_rewards, batch_rewards
from tests.unit.contracts.open_chain import (
    BUYER_KEY,
    CONTRIBUTOR,
    OPEN,
    OPERATOR,
    OTHER,
    OWNER,
    PRICE_IN,
    PRICE_OUT,
    STRANGER,
    WORKER,
    OpenChain,
    batch_of,
    hexed,
    record,
)

FEE = record_fee(100, 50, PRICE_IN, PRICE_OUT)
OWNERS = {
    i: ContributionOwners(contributor=hexed(CONTRIBUTOR), datanet_owner=hexed(OWNER), revenue_share_bps=1000)
    for i in (1, 2)
}


class Epochs:
    """A chain on which batches settle, and the tree that an honest proposer keeps."""

    def __init__(self) -> None:
        self.chain = OpenChain()
        self.chain.serve()
        self.chain.allot()
        self.cumulative: dict[str, int] = {}
        self.count = self.settled = 0
        self.root, self.next_block = bytes(32), 0

    def settle(self) -> None:
        """A batch of one record settles in a block of its own."""
        batch = batch_of(record(), nonce=self.settled)
        self.settled += 1
        self.chain.settle(batch, (BUYER_KEY, self.settled * FEE))
        prices = {(1, 1): (PRICE_IN, PRICE_OUT)}
        earned = batch_rewards(decode_batch(encode_batch(batch)), prices, FeeRates(), OWNERS)
        self.cumulative = add_rewards(self.cumulative, earned)
        self.chain.mine()

    def tree(self) -> RewardTree:
        return RewardTree.build(self.cumulative)

    def arguments(self, **changes: Any) -> tuple[Any, ...]:
        tree = self.tree()
        known = {
            "epoch": self.count + 1,
            "parent": self.root,
            "from_block": self.next_block,
            "to_block": self.chain.evm.state.block_number - 1,
            "root": tree.root,
            "total": tree.total,
        }
        return tuple((known | changes).values())

    def propose(self) -> RewardTree:
        arguments = self.arguments()
        self.chain.attribution.send("proposeEpoch", *arguments, sender=OTHER, value=OPEN)
        self.count, self.root, self.next_block = arguments[0], arguments[4], arguments[3] + 1
        return self.tree()

    def finalize(self) -> None:
        self.chain.mine(5)
        self.chain.attribution.send("finalizeEpoch", self.count, sender=STRANGER)

    def claim(self, tree: RewardTree, account: bytes) -> None:
        self.chain.attribution.send(
            "claim", hexed(account), tree.amount(hexed(account)), tree.proof(hexed(account)), sender=STRANGER
        )

    def refuses(self, error: str, *, bond: int = OPEN, **changes: Any) -> None:
        arguments = self.arguments(**changes)
        self.chain.attribution.reverts(error, "proposeEpoch", *arguments, sender=OTHER, value=bond)


@pytest.fixture
def epochs() -> Epochs:
    epochs = Epochs()
    epochs.settle()
    return epochs


def test_contributors_and_datanet_owners_claim_exactly_what_was_paid(epochs: Epochs) -> None:
    chain = epochs.chain
    tree = epochs.propose()
    assert tree.total == chain.attribution.call("owedBy", chain.evm.state.block_number)
    epochs.finalize()
    for account in (CONTRIBUTOR, OWNER):
        epochs.claim(tree, account)
        assert chain.attribution.call("owed", hexed(account)) == tree.amount(hexed(account))
    owed = sum(chain.attribution.call("owed", hexed(who)) for who in (CONTRIBUTOR, OWNER, OTHER))
    assert chain.evm.balance(chain.attribution.address) == owed == tree.total + OPEN
    before = chain.evm.balance(CONTRIBUTOR)
    chain.attribution.send("withdrawOwed", sender=CONTRIBUTOR)
    assert chain.evm.balance(CONTRIBUTOR) == before + tree.amount(hexed(CONTRIBUTOR))


def test_a_claim_pays_only_what_was_not_claimed_before(epochs: Epochs) -> None:
    first = epochs.propose()
    epochs.finalize()
    epochs.claim(first, CONTRIBUTOR)
    epochs.settle()
    second = epochs.propose()
    epochs.finalize()
    chain = epochs.chain
    chain.attribution.reverts(
        "WrongProof", "claim", hexed(CONTRIBUTOR), first.amount(hexed(CONTRIBUTOR)), first.proof(hexed(CONTRIBUTOR))
    )
    epochs.claim(second, CONTRIBUTOR)
    assert chain.attribution.call("claimed", hexed(CONTRIBUTOR)) == second.amount(hexed(CONTRIBUTOR))
    assert chain.attribution.call("owed", hexed(CONTRIBUTOR)) == second.amount(hexed(CONTRIBUTOR))
    chain.attribution.reverts(
        "NothingToClaim", "claim", hexed(CONTRIBUTOR), second.amount(hexed(CONTRIBUTOR)),
        second.proof(hexed(CONTRIBUTOR)),
    )  # fmt: skip


def test_nothing_is_claimed_before_the_epoch_is_final(epochs: Epochs) -> None:
    tree = epochs.propose()
    who = hexed(CONTRIBUTOR)
    epochs.chain.attribution.reverts("WrongProof", "claim", who, tree.amount(who), tree.proof(who))


def test_a_claim_of_another_amount_or_account_fails(epochs: Epochs) -> None:
    tree = epochs.propose()
    epochs.finalize()
    who = hexed(CONTRIBUTOR)
    claim = epochs.chain.attribution.reverts
    claim("WrongProof", "claim", who, tree.amount(who) + 1, tree.proof(who))
    claim("WrongProof", "claim", hexed(STRANGER), tree.amount(who), tree.proof(who))
    claim("WrongProof", "claim", who, tree.amount(who), [])


def test_an_epoch_waits_for_its_window_and_its_parent(epochs: Epochs) -> None:
    chain = epochs.chain
    chain.attribution.reverts("EpochNotProposed", "finalizeEpoch", 1)
    epochs.propose()
    epochs.settle()
    epochs.propose()
    chain.mine(3)
    chain.attribution.reverts("TooEarly", "finalizeEpoch", 1)
    chain.mine(100)
    chain.attribution.reverts("ParentNotFinal", "finalizeEpoch", 2)
    chain.attribution.send("finalizeEpoch", 1)
    chain.attribution.reverts("EpochAlreadyFinal", "finalizeEpoch", 1)
    chain.attribution.send("finalizeEpoch", 2)
    assert chain.attribution.call("finalEpoch") == chain.attribution.call("proposedEpoch") == 2
    assert chain.attribution.call("owed", hexed(OTHER)) == 2 * OPEN


def test_a_proposal_is_bonded_and_chained(epochs: Epochs) -> None:
    epochs.refuses("WrongValue", bond=OPEN - 1)
    epochs.refuses("WrongEpoch", epoch=2)
    epochs.refuses("WrongParent", parent=b"\1" * 32)
    epochs.refuses("WrongBlocks", from_block=1)
    epochs.refuses("WrongBlocks", to_block=epochs.chain.evm.state.block_number)
    total = epochs.tree().total
    epochs.refuses("TotalExceedsOwed", total=total + 1)
    epochs.propose()
    epochs.settle()
    epochs.refuses("WrongEpoch", epoch=1)
    epochs.refuses("TotalDecreases", total=total - 1)
    epochs.refuses("WrongBlocks", to_block=epochs.next_block - 1)


def test_a_proposal_counts_only_batches_up_to_its_last_block(epochs: Epochs) -> None:
    chain = epochs.chain
    first = epochs.tree().total
    block = chain.evm.state.block_number - 1
    epochs.settle()
    epochs.settle()
    assert [chain.attribution.call("owedBy", block + i) for i in (-1, 0, 1, 2, 99)] == [
        0, first, 2 * first, 3 * first, 3 * first,
    ]  # fmt: skip
    epochs.refuses("TotalExceedsOwed", to_block=block + 1)


def test_governance_may_name_the_only_proposer(epochs: Epochs) -> None:
    chain = epochs.chain
    chain.parameters.send("set", parameter_key("epoch.proposer"), int.from_bytes(STRANGER, "big"), sender=OPERATOR)
    epochs.refuses("NotProposer")
    chain.attribution.send("proposeEpoch", *epochs.arguments(), sender=STRANGER, value=OPEN)


def test_a_dishonest_tree_pays_no_more_than_its_total(epochs: Epochs) -> None:
    chain = epochs.chain
    greedy = RewardTree.build({hexed(STRANGER): epochs.tree().total, hexed(CONTRIBUTOR): 1})
    arguments = epochs.arguments(root=greedy.root)
    chain.attribution.send("proposeEpoch", *arguments, sender=OTHER, value=OPEN)
    epochs.count = 1
    epochs.finalize()
    epochs.claim(greedy, STRANGER)
    chain.attribution.reverts("ClaimExceedsTotal", "claim", hexed(CONTRIBUTOR), 1, greedy.proof(hexed(CONTRIBUTOR)))


def test_only_inference_registers_batches(epochs: Epochs) -> None:
    attribution = epochs.chain.attribution
    attribution.reverts("NotInference", "registerBatch", keccak(b"x"), hexed(WORKER), 1, 5000, value=5)
    inference = epochs.chain.inference.address
    attribution.send("registerBatch", keccak(b"x"), hexed(WORKER), 1, 5000, sender=inference)
    attribution.reverts("KnownBatch", "registerBatch", keccak(b"x"), hexed(WORKER), 1, 5000, sender=inference)


def test_a_batch_remembers_the_rate_that_it_settled_at(epochs: Epochs) -> None:
    chain = epochs.chain
    chain.parameters.send("set", parameter_key("fee.contributorsBps"), 2500, sender=OPERATOR)
    batch = batch_of(record(), nonce=1)
    chain.settle(batch, (BUYER_KEY, 2 * FEE))
    worker, count, block, amount, bps = chain.attribution.call("batch", batch_hash(encode_batch(batch)))
    assert (worker, count, block) == (hexed(WORKER), 1, chain.evm.state.block_number)
    assert (amount, bps) == (FEE * 2500 // 10_000, 2500)
    prices = {(1, 1): (PRICE_IN, PRICE_OUT)}
    assert sum(batch_rewards(batch, prices, FeeRates(contributors=bps), OWNERS).values()) == amount
    assert chain.attribution.call("batch", bytes(32)) == (hexed(bytes(20)), 0, 0, 0, 0)


def test_batches_of_one_block_add_up() -> None:
    chain = OpenChain()
    chain.evm.fund(chain.inference.address, 100)
    for i in range(3):
        chain.attribution.send(
            "registerBatch", bytes([i]) * 32, hexed(WORKER), 1, 5000, sender=chain.inference.address, value=10
        )
    number = chain.evm.state.block_number
    assert chain.attribution.call("owedBy", number) == 30
    assert chain.attribution.call("owedBy", number - 1) == 0
