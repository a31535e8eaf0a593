"""The demo from end to end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from client.attribution import Attribution
from client.chain import Chain
from client.datasets import load_directory, shipped_datasets
from client.demo.cast import Cast, devnet_cast
from client.demo.footprint import Footprint, Heads, measure_footprint, read_heads, wait_until_safe
from client.demo.ledger import FeeLedger, read_ledger
from client.demo.stages import Settlement, buy_inferences, contribute, create_datanets, deploy_models

WHOLE_CHAIN_BLOCKS = 1_000
"""Up to this height the footprint covers the chain from genesis, beyond it from the demo's first block."""
SAFE_SECONDS = 60.0


class ProgressListener(Protocol):
    """Hears how far the demo is."""

    def stage(self, name: str, total: int) -> Callable[[], None]:
        """A stage of `total` steps begins; what is returned is called after each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What to run."""

    rpc_url: str
    l1_rpc_url: str | None = None
    """Without it, nothing is said about L1."""
    data: Path | None = None
    """A directory of JSONL files; None takes the dataset that ships with the product."""
    inferences: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """Everything that the closing tables show."""

    cast: Cast
    datanets: int
    rows: int
    contributions: int
    settlement: Settlement
    epoch: int
    rewards: Mapping[str, int]
    """Account -> wei that it claimed and withdrew."""
    ledger: FeeLedger
    heads: Heads
    footprint: Footprint | None


def run_demo(options: DemoOptions, progress: ProgressListener) -> DemoResult:
    """Run it all. Raises ClientError with the reason where it can't go on."""
    chain = Chain(options.rpc_url)
    l1 = Chain(options.l1_rpc_url) if options.l1_rpc_url else None
    datasets = load_directory(options.data) if options.data else shipped_datasets()
    cast = devnet_cast()
    first_block = int(chain.web3.eth.block_number)

    domains = create_datanets(chain, cast, datasets, progress.stage("Creating Datanets", len(datasets)))
    steps = 3 * len(cast.contributors) * len(domains)
    contribute(chain, cast, domains, progress.stage("Contributing rows", steps))
    deploy_models(chain, cast, domains, progress.stage("Deploying models", len(domains)))
    buying = progress.stage("Paying for inferences", options.inferences)
    settlement = buy_inferences(chain, cast, domains, options.inferences, buying)
    epoch, rewards = _pay_out(chain, cast, settlement, progress)

    posting = progress.stage("Waiting for L1", 1)
    end = int(chain.web3.eth.block_number)
    safe_in_time = l1 is not None and wait_until_safe(chain, end, SAFE_SECONDS)
    posting()
    start = 0 if end <= WHOLE_CHAIN_BLOCKS else first_block
    return DemoResult(
        cast=cast,
        datanets=len(domains),
        rows=sum(len(domain.dataset.rows) for domain in domains),
        contributions=sum(len(domain.contributions) for domain in domains),
        settlement=settlement,
        epoch=epoch,
        rewards=rewards,
        ledger=read_ledger(chain, settlement.first_block, settlement.last_block),
        heads=read_heads(chain),
        footprint=measure_footprint(chain, l1, start) if l1 is not None and safe_in_time else None,
    )


def _pay_out(
    chain: Chain, cast: Cast, settlement: Settlement, progress: ProgressListener
) -> tuple[int, dict[str, int]]:
    attribution = Attribution(chain)
    earners = [cast.owner, *cast.contributors]
    tick = progress.stage("Proposing the epoch and claiming rewards", 2 + len(earners))
    past = settlement.last_block
    chain.wait_for_block_after(past)
    number, tree = attribution.propose_epoch(cast.worker, past)
    tick()
    attribution.finalize_epoch(cast.worker, number)
    tick()
    paid = attribution.claim_all(earners, tree, tick)
    rewards: dict[str, int] = {account.address: wei for account, wei in zip(earners, paid, strict=True)}
    return number, rewards
