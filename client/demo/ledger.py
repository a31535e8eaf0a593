"""Who earned what, from the balances of the chain, and whether the wei add up.

What payers lost and what each receiver gained are read independently, at the block before the first settlement and at
the last one's. `split_ledger` recomputes the same from records and prices; the two are compared, never mixed. Whatever
else moves money through these contracts in those blocks shows up as a difference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from web3 import Web3

from client.attribution import Attribution, SettledBatch
from client.chain import Chain
from contracts.addresses import OPEN_PREDEPLOYS, checksum
from contracts.records import record_fee
from contracts.rewards import FeeParts, split_fee


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLedger:
    """All fees that were settled in a range of blocks, by where they went. Wei."""

    fees: int
    platform: int
    owners: int
    stakers: int
    contributors: int

    @property
    def difference(self) -> int:
        """What is missing; 0, always."""
        return self.fees - self.platform - self.owners - self.stakers - self.contributors


def read_ledger(chain: Chain, first_block: int, last_block: int) -> FeeLedger:
    """What balances say of the settlements in the blocks first..last; needs a node that has the state of both."""
    batches = Attribution(chain).settled_batches(first_block, last_block)
    before = first_block - 1

    def growth(amount_at: Callable[[int], int]) -> int:
        return amount_at(last_block) - amount_at(before)

    def gained(name: str) -> int:
        where = Web3.to_checksum_address(checksum(OPEN_PREDEPLOYS[name]))
        return growth(lambda block: int(chain.web3.eth.get_balance(where, block)))

    return FeeLedger(
        fees=-growth(lambda block: _set_aside(chain, batches, block)),
        platform=gained("Treasury"),
        owners=growth(lambda block: _owed_to_owners(chain, batches, block)),
        stakers=gained("Staking"),
        contributors=gained("Attribution"),
    )


def _set_aside(chain: Chain, batches: Sequence[SettledBatch], block: int) -> int:
    """Wei that the batches' payers had set aside for their workers."""
    pairs = {(payer, settled.batch.worker) for settled in batches for payer in settled.batch.payers}
    allocation = chain.contract("Inference").functions.allocation
    return sum(
        int(allocation(checksum(payer), checksum(worker)).call(block_identifier=block)) for payer, worker in pairs
    )


def _owed_to_owners(chain: Chain, batches: Sequence[SettledBatch], block: int) -> int:
    """Wei that the batches' model owners were owed and had not withdrawn."""
    inference, models = chain.contract("Inference"), chain.contract("Models")
    served = {record.model_id for settled in batches for record in settled.batch.records}
    owners = {models.functions.model(number).call(block_identifier=block)[0] for number in served}
    return sum(int(inference.functions.owed(owner).call(block_identifier=block)) for owner in owners)


def split_ledger(chain: Chain, first_block: int, last_block: int) -> FeeLedger:
    """The split of every settled record, recomputed from calldata, prices and parameters, against the events' fees."""
    attribution = Attribution(chain)
    rates = attribution.rates()
    totals = [0, 0, 0, 0]
    fees = 0
    prices: dict[tuple[int, int], tuple[int, int]] = {}
    for settled in attribution.settled_batches(first_block, last_block):
        fees += settled.fees
        for record in settled.batch.records:
            key = (record.model_id, record.checkpoint)
            if key not in prices:
                prices[key] = attribution.prices_of(*key)
            fee = record_fee(record.tokens_in, record.tokens_out, *prices[key])
            for position, part in enumerate(_parts(split_fee(fee, rates))):
                totals[position] += part
    platform, owners, stakers, contributors = totals
    return FeeLedger(fees=fees, platform=platform, owners=owners, stakers=stakers, contributors=contributors)


def _parts(parts: FeeParts) -> tuple[int, int, int, int]:
    return parts.platform, parts.owner, parts.worker_stakers + parts.model_stakers, parts.contributors
