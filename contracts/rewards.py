"""From settled records to claimable rewards: integers that everybody computes alike, to the wei.

    fee ──split_fee──▶ contributors' part ──split_by_shares──▶ wei per contribution ──▶ accounts ──▶ RewardTree

1. `Inference` splits each record's fee by itself: owner, stakers and contributors get their basis points rounded
   down, the platform the rest. The contributors' parts of a batch sum to what Attribution notes for it.
2. A record's contributors' part goes to its contributions by ppm: everyone the floor, then one wei each to the
   largest remainders, ties to the smaller contribution id.
3. Of each contribution's wei in a record, the Datanet's owner gets floor(wei * revenueShareBps / 10,000), the
   contributor the rest. The licence, and so the share, never changes.
4. An epoch's tree holds every account's cumulative wei since the first epoch, hashed as OpenZeppelin's
   StandardMerkleTree of (address, uint256).

    split_fee(fee, rates) -> FeeParts
    split_by_shares(amount, shares) -> dict[contribution id, wei]
    record_rewards(amount, shares, owners) -> dict[address, wei]
    batch_rewards(batch, prices, rates, owners) -> dict[address, wei]     sums to Attribution.batch(hash).amount
    add_rewards(cumulative, earned) -> dict[address, wei]
    RewardTree.build(cumulative): .root, .total, .proof(account) -> list[bytes], .amount(account)
    verify_claim(root, account, cumulative, proof) -> bool

Addresses are checksummed strings. `owners` maps a contribution id to its `ContributionOwners`, `prices` maps
(model id, checkpoint) to (priceIn, priceOut) in wei per 1,000 tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from eth_utils.address import to_canonical_address, to_checksum_address
from sha3 import keccak_256

from contracts.records import PPM, Batch, Share, check_shares, record_fee

BPS: Final = 10_000


class RewardError(ValueError):
    """Rewards that cannot be computed: something unknown, or amounts that do not add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRates:
    """Basis points of a fee, parameters `fee.ownerBps`, `fee.stakersBps`, `fee.contributorsBps`."""

    owner: int = 2000
    stakers: int = 2000
    contributors: int = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeParts:
    """Wei; the five sum to the fee."""

    platform: int
    """Treasury's, rounding dust included."""
    owner: int
    """The model owner's."""
    worker_stakers: int
    model_stakers: int
    contributors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionOwners:
    """Who is paid for a contribution."""

    contributor: str
    datanet_owner: str
    revenue_share_bps: int
    """The licence's revenueShareBps, 0 to 10,000: the Datanet owner's part."""


def split_fee(fee: int, rates: FeeRates) -> FeeParts:
    """The parts of one record's fee, as `contracts/src/open/lib/fees.vy` computes them."""
    if fee < 0 or not 0 <= rates.owner + rates.stakers + rates.contributors <= BPS:
        raise RewardError(f"fee {fee} with rates {rates}: expected a fee not below 0 and rates up to {BPS} in all")
    owner = fee * rates.owner // BPS
    half = fee * rates.stakers // (2 * BPS)
    contributors = fee * rates.contributors // BPS
    return FeeParts(
        platform=fee - owner - 2 * half - contributors,
        owner=owner,
        worker_stakers=half,
        model_stakers=half,
        contributors=contributors,
    )


def split_by_shares(amount: int, shares: tuple[Share, ...]) -> dict[int, int]:
    """Contribution id → wei, summing to `amount`: largest remainder, ties to the smaller id."""
    check_shares(shares)
    if amount < 0:
        raise RewardError(f"amount: got {amount}, expected at least 0")
    parts = {share.contribution_id: amount * share.ppm // PPM for share in shares}
    left = amount - sum(parts.values())
    by_remainder = sorted(shares, key=lambda share: (-(amount * share.ppm % PPM), share.contribution_id))
    for share in by_remainder[:left]:
        parts[share.contribution_id] += 1
    return parts


def record_rewards(amount: int, shares: tuple[Share, ...], owners: Mapping[int, ContributionOwners]) -> dict[str, int]:
    """Account → wei of one record's contributors' part; RewardError for a contribution not in `owners`."""
    earned: dict[str, int] = {}
    for contribution_id, wei in split_by_shares(amount, shares).items():
        try:
            paid = owners[contribution_id]
        except KeyError:
            raise RewardError(f"contribution {contribution_id} has no known owner") from None
        if not 0 <= paid.revenue_share_bps <= BPS:
            raise RewardError(f"revenue_share_bps: got {paid.revenue_share_bps}, expected 0 to {BPS}")
        to_owner = wei * paid.revenue_share_bps // BPS
        _add(earned, paid.datanet_owner, to_owner)
        _add(earned, paid.contributor, wei - to_owner)
    return earned


def batch_rewards(
    batch: Batch,
    prices: Mapping[tuple[int, int], tuple[int, int]],
    rates: FeeRates,
    owners: Mapping[int, ContributionOwners],
) -> dict[str, int]:
    """Account → wei of a whole batch, summing to the amount that Attribution noted for it.

    Only `rates.contributors` counts here: what was in force when the batch settled, which Attribution.batch(hash) and
    the BatchRegistered event keep as contributorsBps. RewardError for a checkpoint that is not in `prices`.
    """
    earned: dict[str, int] = {}
    for record in batch.records:
        try:
            price_in, price_out = prices[record.model_id, record.checkpoint]
        except KeyError:
            raise RewardError(f"model {record.model_id} checkpoint {record.checkpoint} has no known price") from None
        fee = record_fee(record.tokens_in, record.tokens_out, price_in, price_out)
        amount = split_fee(fee, rates).contributors
        for account, wei in record_rewards(amount, record.shares, owners).items():
            _add(earned, account, wei)
    return earned


def add_rewards(cumulative: Mapping[str, int], earned: Mapping[str, int]) -> dict[str, int]:
    """A new mapping: `cumulative` raised by `earned`; accounts with nothing are left out."""
    total: dict[str, int] = {to_checksum_address(account): wei for account, wei in cumulative.items() if wei}
    for account, wei in earned.items():
        _add(total, account, wei)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardTree:
    """OpenZeppelin's StandardMerkleTree over (address account, uint256 cumulative)."""

    nodes: tuple[bytes, ...]
    """The complete binary tree as an array, root first; leaves, sorted by hash, stand at the end in reverse."""
    places: Mapping[str, int]
    """Account → its leaf's place in `nodes`."""
    amounts: Mapping[str, int]
    """Account → cumulative wei."""

    @classmethod
    def build(cls, cumulative: Mapping[str, int]) -> RewardTree:
        """The tree over every account with more than nothing; RewardError if there is none."""
        amounts = add_rewards({}, cumulative)
        if not amounts:
            raise RewardError("a reward tree needs at least one account with more than 0 wei")
        leaves = sorted((claim_leaf(account, wei), account) for account, wei in amounts.items())
        size = 2 * len(leaves) - 1
        nodes = [b""] * size
        places = {}
        for order, (leaf, account) in enumerate(leaves):
            nodes[size - 1 - order] = leaf
            places[account] = size - 1 - order
        for place in range(size - 1 - len(leaves), -1, -1):
            nodes[place] = _hash_pair(nodes[2 * place + 1], nodes[2 * place + 2])
        return cls(nodes=tuple(nodes), places=places, amounts=amounts)

    @property
    def root(self) -> bytes:
        """32 bytes: what `proposeEpoch` takes."""
        return self.nodes[0]

    @property
    def total(self) -> int:
        """Sum of all amounts, in wei: what `proposeEpoch` takes."""
        return sum(self.amounts.values())

    def amount(self, account: str) -> int:
        """Cumulative wei of an account, 0 if it has none."""
        return self.amounts.get(to_checksum_address(account), 0)

    def proof(self, account: str) -> list[bytes]:
        """The siblings that `claim` takes, from the leaf upwards; RewardError for an account that has nothing."""
        try:
            place = self.places[to_checksum_address(account)]
        except KeyError:
            raise RewardError(f"{account} is not in the reward tree") from None
        siblings = []
        while place > 0:
            siblings.append(self.nodes[place + 1 if place % 2 else place - 1])
            place = (place - 1) // 2
        return siblings


def claim_leaf(account: str, cumulative: int) -> bytes:
    """keccak256(keccak256(abi.encode(account, cumulative)))."""
    return _keccak(_keccak(to_canonical_address(account).rjust(32, b"\0") + cumulative.to_bytes(32, "big")))


def verify_claim(root: bytes, account: str, cumulative: int, proof: Sequence[bytes]) -> bool:
    """True if `Attribution.claim` would accept this proof under `root`."""
    return _fold(claim_leaf(account, cumulative), proof) == root


def _fold(node: bytes, siblings: Iterable[bytes]) -> bytes:
    for sibling in siblings:
        node = _hash_pair(node, sibling)
    return node


def _hash_pair(one: bytes, other: bytes) -> bytes:
    return _keccak(one + other if one < other else other + one)


def _add(amounts: dict[str, int], account: str, wei: int) -> None:
    if wei:
        key = to_checksum_address(account)
        amounts[key] = amounts.get(key, 0) + wei


def _keccak(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest
