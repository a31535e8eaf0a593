"""Who earned what, read from the chain, and whether the wei add up."""

from dataclasses import dataclass

from client.attribution import Attribution
from client.chain import Chain
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
