"""The demo's stages. Each sends what it can at once and then waits, so that blocks fill."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

from eth_utils.crypto import keccak
from hexbytes import HexBytes

from client.answers import answer_record
from client.chain import Chain
from client.datanets import Datanets, License, Policy
from client.datasets import Dataset, Row, content_root, disjoint_parts
from client.demo.cast import Cast
from client.evidence import EvidenceIndex
from client.inference import Inference, PaidAnswer, Purse, fee_of
from client.models import ADAPTER_FREE, Models
from client.staking import StakeKind, Staking, model_pool, worker_pool
from contracts.records import PPM
from contracts.vouchers import Voucher

WEI: Final = 10**18
PRICE_IN: Final = 2 * WEI // 10
PRICE_OUT: Final = 6 * WEI // 10
"""Wei per 1,000 tokens."""
STAKE: Final = 200 * WEI
BOND: Final = WEI // 10
RECORDS_PER_SETTLEMENT: Final = 200

Tick = Callable[[], None]


@dataclass(slots=True, kw_only=True)
class Domain:
    """One Datanet on its way through the demo."""

    dataset: Dataset
    datanet_id: int
    version: int = 0
    model_id: int = 0
    checkpoint: int = 0
    contributions: dict[int, tuple[Row, ...]] = field(default_factory=dict)
    """Contribution id -> its rows."""


def create_datanets(chain: Chain, cast: Cast, datasets: Sequence[Dataset], tick: Tick) -> list[Domain]:
    """One Datanet a dataset."""
    datanets = Datanets(chain)
    sent = [
        datanets.send_create(
            cast.owner,
            f"{dataset.domain} definitions",
            f"openledger:demo/{dataset.domain}",
            keccak(text='{"id":"string","prompt":"string","response":"string"}'),
            License(),
            Policy(bond=BOND),
        )
        for dataset in datasets
    ]
    receipts = chain.wait_all(sent, tick)
    return [
        Domain(dataset=dataset, datanet_id=datanets.created(receipt))
        for dataset, receipt in zip(datasets, receipts, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    domain: Domain
    contributor: int
    rows: tuple[Row, ...]
    root: bytes
    salt: bytes


def contribute(chain: Chain, cast: Cast, domains: Sequence[Domain], tick: Tick) -> None:
    """Every contributor adds a part of its own to every Datanet; the owner accepts; versions are published."""
    datanets = Datanets(chain)
    parts = [
        _Part(domain=domain, contributor=index, rows=rows, root=content_root(rows), salt=secrets.token_bytes(32))
        for domain in domains
        for index, rows in enumerate(disjoint_parts(domain.dataset.rows, len(cast.contributors)))
    ]
    accounts = cast.contributors
    commits = [datanets.commit(accounts[p.contributor], p.domain.datanet_id, p.root, p.salt) for p in parts]
    chain.wait_for_block_after(max(receipt["blockNumber"] for receipt in chain.wait_all(commits, tick)))
    sent = [
        datanets.contribute(
            accounts[p.contributor],
            p.domain.datanet_id,
            p.root,
            len(p.rows),
            f"openledger:demo/{p.domain.dataset.domain}/{p.contributor}",
            p.salt,
            BOND,
        )
        for p in parts
    ]
    accepted: list[HexBytes] = []
    for part, receipt in zip(parts, chain.wait_all(sent, tick), strict=True):
        contribution_id = datanets.contribution_of(receipt)
        part.domain.contributions[contribution_id] = part.rows
        accepted.append(datanets.finalize(cast.owner, contribution_id))
    chain.wait_all(accepted, tick)
    published = chain.wait_all([datanets.send_publish(cast.owner, domain.datanet_id) for domain in domains])
    for domain, receipt in zip(domains, published, strict=True):
        domain.version = datanets.published(receipt)


def deploy_models(chain: Chain, cast: Cast, domains: Sequence[Domain], tick: Tick) -> None:
    """A model for each Datanet, from registration to an offer with prices; its pool and the worker's get a stake."""
    models, staking = Models(chain), Staking(chain)
    base = keccak(text="retrieval without a base model")
    recipe = keccak(text="token evidence over the published version, ATTRIBUTION.md section 4")
    benchmark = keccak(text="exact match on the rows' own prompts")
    names = [f"{domain.dataset.domain}-retrieval" for domain in domains]
    registered = chain.wait_all(
        [
            models.send_register(cast.owner, name, f"openledger:demo/{name}", base, [domain.datanet_id])
            for name, domain in zip(names, domains, strict=True)
        ]
    )
    for domain, receipt in zip(domains, registered, strict=True):
        domain.model_id = models.registered(receipt)
    corpora = [keccak(b"".join(row.leaf for row in domain.dataset.rows)) for domain in domains]
    trained = chain.wait_all(
        [
            models.send_training(cast.owner, d.model_id, recipe, corpus, ADAPTER_FREE, [d.datanet_id], [d.version])
            for d, corpus in zip(domains, corpora, strict=True)
        ]
    )
    for domain, receipt in zip(domains, trained, strict=True):
        domain.checkpoint = models.trained(receipt)
    chain.wait_all(
        [
            models.record_evaluation(cast.owner, d.model_id, d.checkpoint, benchmark, PPM, corpus)
            for d, corpus in zip(domains, corpora, strict=True)
        ]
    )
    offers = [models.deploy(cast.owner, d.model_id, d.checkpoint, PRICE_IN, PRICE_OUT, PPM) for d in domains]
    chain.wait_all(offers, tick)
    stakes = [staking.stake(cast.worker, StakeKind.WORKER, worker_pool(cast.worker.address), STAKE)]
    stakes += [staking.stake(cast.owner, StakeKind.MODEL, model_pool(d.model_id), STAKE) for d in domains]
    chain.wait_all(stakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What the inferences came to."""

    records: int
    fees: int
    """Wei, over all records."""
    transactions: int
    first_block: int
    last_block: int


def buy_inferences(chain: Chain, cast: Cast, domains: Sequence[Domain], count: int, tick: Tick) -> Settlement:
    """`count` paid answers, the buyers in turn, settled in batches by the worker."""
    inference = Inference(chain)
    session = chain.timestamp()
    purses: dict[str, Purse] = {b.address: Purse(b, cast.worker.address, session, chain.chain_id) for b in cast.buyers}
    answers = list(_answers(domains, list(purses), count))
    owed = {payer: sum(a.fee for a in answers if a.payer == payer) for payer in purses}
    deposits = [
        inference.deposit_for(buyer, cast.worker.address, owed[buyer.address])
        for buyer in cast.buyers
        if owed[buyer.address]
    ]
    chain.wait_all(deposits)
    nonce = inference.batch_nonce(cast.worker.address)
    sent: list[HexBytes] = []
    for start in range(0, len(answers), RECORDS_PER_SETTLEMENT):
        chunk = answers[start : start + RECORDS_PER_SETTLEMENT]
        vouchers: dict[str, tuple[Voucher, bytes]] = {}
        for answer in chunk:
            vouchers[answer.payer] = purses[answer.payer].pay(answer.fee)
            tick()
        sent.append(inference.settle(cast.worker, chunk, vouchers, nonce))
        chain.wait(sent[-1])
        nonce += 1
    blocks = [receipt["blockNumber"] for receipt in chain.wait_all(sent)]
    return Settlement(
        records=len(answers),
        fees=sum(answer.fee for answer in answers),
        transactions=len(sent),
        first_block=min(blocks),
        last_block=max(blocks),
    )


def _answers(domains: Sequence[Domain], payers: Sequence[str], count: int) -> Iterator[PaidAnswer]:
    """Answers spread evenly over Datanets and their rows, each credited by token evidence."""
    indexes = [EvidenceIndex({i: [r.response for r in rows] for i, rows in d.contributions.items()}) for d in domains]
    turns = cycle(payers)
    for position in range(count):
        which = position % len(domains)
        domain, index = domains[which], indexes[which]
        rows = domain.dataset.rows
        turn = position // len(domains)
        row = rows[turn * _stride(len(rows)) % len(rows)]
        record = answer_record(domain.model_id, domain.checkpoint, index, row.prompt, row.response)
        yield PaidAnswer(payer=next(turns), fee=fee_of(record, PRICE_IN, PRICE_OUT), record=record)


def _stride(length: int) -> int:
    """A step that visits all rows before any twice, and neighbours of the file not in a row."""
    for candidate in (37, 41, 43, 47, 53):
        if length % candidate:
            return candidate
    return 1
