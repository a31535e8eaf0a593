"""Epochs and rewards (CONTRACTS.md 0a): rebuild from the chain's own data, propose, finalize, claim.

Nothing is believed: the batches come out of the calldata of settlements, their hashes are checked against the events,
prices, owners and revenue shares are read from the contracts, and the integers are those of `contracts.rewards`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address
from hexbytes import HexBytes
from web3.types import EventData

from client.chain import Chain
from client.datanets import Datanets
from client.errors import BadInput
from client.models import Models
from contracts.interface import bytes_argument, embedded_bytes, interface
from contracts.open_genesis import parameter_key
from contracts.records import (
    VERSION,
    Batch,
    RecordError,
    batch_hash,
    decode_batch,
    decode_record,
    encode_batch,
    escrow_batch,
)
from contracts.rewards import ContributionOwners, FeeRates, RewardTree, add_rewards, batch_rewards

ZERO_ROOT = bytes(32)
BYTES_POSITION = 2
"""`settle` takes the batch, and `fulfil` the record, as its third argument."""
REQUEST_ID_AT = 56
"""Where an escrowed record has its request's id."""

Tick = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledBatch:
    """A settlement found on the chain."""

    block_number: int
    transaction_hash: bytes
    fees: int
    batch: Batch
    contributors_bps: int
    """The contributors' part of its fees, as in force when it settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """What an account earned with its data, as a node answers open_getEarnings. Wei.

    Amounts are the node's word; the proof is not: the contract takes it or doesn't.
    """

    earned: int
    """By everything settled up to now."""
    claimed: int
    claimable: int
    cumulative: int
    """What the final epoch's tree has for the account."""
    epoch: int
    """The final epoch, 0 before the first."""
    root_matches: bool
    """Whether the chain's own data gives that epoch's root."""
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochState:
    """An epoch as the chain has it."""

    number: int
    to_block: int
    root: bytes
    total: int
    proposed_at: int
    finalized: bool


class Attribution:
    """The Attribution predeploy, and what is computed for it."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._contract = chain.contract("Attribution")
        self._inference = chain.contract("Inference")
        self._datanets = Datanets(chain)
        self._models = Models(chain)
        self._owners: dict[int, ContributionOwners] = {}
        self._prices: dict[tuple[int, int], tuple[int, int]] = {}

    # Rebuilding

    def settled_batches(self, from_block: int, to_block: int) -> list[SettledBatch]:
        """Every settlement by voucher in the blocks from..to inclusive, in order, checked against its event."""
        logs = self._inference.events.Settled().get_logs(from_block=from_block, to_block=to_block)
        return [self._read_settlement(log) for log in logs]

    def _read_settlement(self, entry: EventData) -> SettledBatch:
        wanted, worker = bytes(entry["args"]["batchHash"]), to_canonical_address(entry["args"]["worker"])
        begin = bytes([VERSION]) + self._chain.chain_id.to_bytes(8, "big") + worker
        candidates = self._candidates(entry["transactionHash"], "settle", begin, offset=0)
        data = next((candidate for candidate in candidates if batch_hash(candidate) == wanted), None)
        if data is None:
            raise BadInput(f"settlement {entry['transactionHash'].to_0x_hex()} does not hash to its event")
        registered = self._contract.functions.batch(batch_hash(data)).call()
        return SettledBatch(
            block_number=entry["blockNumber"],
            transaction_hash=bytes(entry["transactionHash"]),
            fees=entry["args"]["fees"],
            batch=decode_batch(data),
            contributors_bps=registered[4],
        )

    def released_batches(self, from_block: int, to_block: int) -> list[SettledBatch]:
        """The batches of one record that escrowed requests were released with in the blocks from..to inclusive."""
        settled = self._inference.events.Settled().get_logs(from_block=from_block, to_block=to_block)
        vouched = {bytes(entry["args"]["batchHash"]) for entry in settled}
        registered = self._contract.events.BatchRegistered().get_logs(from_block=from_block, to_block=to_block)
        return [self._read_release(e) for e in registered if bytes(e["args"]["batchHash"]) not in vouched]

    def _read_release(self, entry: EventData) -> SettledBatch:
        """The record is in the calldata of the `fulfil` that the request's worker sent before."""
        wanted = entry["args"]["batchHash"]
        (fulfilled,) = self._inference.events.Fulfilled().get_logs(
            from_block=0, to_block=entry["blockNumber"], argument_filters={"batchHash": wanted}
        )
        request_id = bytes(fulfilled["args"]["requestId"])
        payer = to_canonical_address(self._inference.functions.escrowed(request_id).call()[0])
        candidates = self._candidates(fulfilled["transactionHash"], "fulfil", request_id, offset=REQUEST_ID_AT)
        batches = (self._batch_of_one(data, fulfilled, payer) for data in candidates)
        batch = next((b for b in batches if b is not None and batch_hash(encode_batch(b)) == bytes(wanted)), None)
        if batch is None:
            raise BadInput(f"answer {fulfilled['transactionHash'].to_0x_hex()} does not hash to its event")
        return SettledBatch(
            block_number=entry["blockNumber"],
            transaction_hash=bytes(entry["transactionHash"]),
            fees=fulfilled["args"]["fee"],
            batch=batch,
            contributors_bps=entry["args"]["contributorsBps"],
        )

    def _batch_of_one(self, data: bytes, fulfilled: EventData, payer: bytes) -> Batch | None:
        try:
            record = decode_record(data)
            worker, nonce = to_canonical_address(fulfilled["args"]["worker"]), fulfilled["args"]["batchNonce"]
            return escrow_batch(record, chain_id=self._chain.chain_id, worker=worker, nonce=nonce, payer=payer)
        except RecordError:
            return None

    def _candidates(self, transaction_hash: HexBytes, function: str, needle: bytes, *, offset: int) -> Iterator[bytes]:
        """Byte strings that may be what a call of `function` was given: first those in the transaction's calldata, then
        what was put together on the way, by the node's trace of it."""
        yield from embedded_bytes(
            bytes(self._chain.web3.eth.get_transaction(transaction_hash)["input"]), needle, offset
        )
        inference = interface("Inference")
        for trace in self._chain.rpc("trace_transaction", [transaction_hash.to_0x_hex()]):
            action = trace["action"]
            calldata = bytes.fromhex(action.get("input", "0x")[2:])
            if action.get("to") == "0x" + inference.address.hex() and calldata[:4] == inference.selector(function):
                yield bytes_argument(calldata, BYTES_POSITION)

    def prices_of(self, model_id: int, checkpoint: int) -> tuple[int, int]:
        """(price in, price out) of a checkpoint, wei per 1,000 tokens."""
        return self._models.prices(model_id, checkpoint)

    def rates(self) -> FeeRates:
        """The governed split, now in force."""
        parameters = self._chain.contract("Parameters")

        def read(name: str) -> int:
            return int(parameters.functions.get(parameter_key(name)).call())

        return FeeRates(
            owner=read("fee.ownerBps"),
            stakers=read("fee.stakersBps"),
            contributors=read("fee.contributorsBps"),
        )

    def cumulative_rewards(self, to_block: int, from_block: int = 0) -> dict[str, int]:
        """Account -> wei earned by settlements and released requests up to `to_block`, from the first block on."""
        cumulative: dict[str, int] = {}
        paid = self.settled_batches(from_block, to_block) + self.released_batches(from_block, to_block)
        for settled in paid:
            self._learn(settled.batch)
            rates = FeeRates(owner=0, stakers=0, contributors=settled.contributors_bps)
            cumulative = add_rewards(cumulative, batch_rewards(settled.batch, self._prices, rates, self._owners))
        return cumulative

    def _learn(self, batch: Batch) -> None:
        for record in batch.records:
            key = (record.model_id, record.checkpoint)
            if key not in self._prices:
                self._prices[key] = self._models.prices(*key)
            for share in record.shares:
                if share.contribution_id not in self._owners:
                    self._owners[share.contribution_id] = self._read_owners(share.contribution_id)

    def _read_owners(self, contribution_id: int) -> ContributionOwners:
        contribution = self._datanets.contribution(contribution_id)
        owner, revenue_share = self._datanets.owner_and_share(contribution.datanet_id)
        return ContributionOwners(
            contributor=contribution.contributor, datanet_owner=owner, revenue_share_bps=revenue_share
        )

    # Epochs

    def final_epoch(self) -> int:
        """The last finalized epoch's number, 0 before the first."""
        return int(self._contract.functions.finalEpoch().call())

    def proposed_epoch(self) -> int:
        """The last proposed epoch's number, 0 before the first."""
        return int(self._contract.functions.proposedEpoch().call())

    def epoch(self, number: int) -> EpochState:
        """What the chain knows of an epoch."""
        _, _, to_block, root, total, _, _, proposed_at, finalized = self._contract.functions.epoch(number).call()
        return EpochState(
            number=number,
            to_block=to_block,
            root=bytes(root),
            total=total,
            proposed_at=proposed_at,
            finalized=finalized,
        )

    def propose_epoch(self, proposer: LocalAccount, to_block: int) -> tuple[int, RewardTree]:
        """(number, tree) of the epoch that was proposed: everything earned up to `to_block`, a block of the past."""
        parent = self.proposed_epoch()
        before = self.epoch(parent) if parent else None
        tree = RewardTree.build(self.cumulative_rewards(to_block))
        bond = int(self._chain.contract("Parameters").functions.get(parameter_key("epoch.bond")).call())
        call = self._contract.functions.proposeEpoch(
            parent + 1,
            before.root if before else ZERO_ROOT,
            before.to_block + 1 if before else 0,
            to_block,
            tree.root,
            tree.total,
        )
        self._chain.transact(proposer, call, value=bond)
        return parent + 1, tree

    def challenge_window(self) -> int:
        """Seconds between proposal and finalization."""
        return int(self._chain.contract("Parameters").functions.get(parameter_key("window.challenge")).call())

    def finalize_epoch(self, account: LocalAccount, number: int) -> None:
        """Finalize an epoch whose challenge window is over, waiting for the chain's clock where it is not yet."""
        ready_at = self.epoch(number).proposed_at + self.challenge_window()
        self._chain.wait_until(lambda: self._chain.timestamp() > ready_at, f"the challenge window of epoch {number}")
        self._chain.transact(account, self._contract.functions.finalizeEpoch(number))

    # Claims

    def earnings(self, account: str) -> Earnings:
        """What the node says that an account earned, with the proof for what it may claim."""
        found = self._chain.rpc("open_getEarnings", [account])["earnings"]
        return Earnings(
            earned=int(found["earned"], 16),
            claimed=int(found["claimed"], 16),
            claimable=int(found["claimable"], 16),
            cumulative=int(found["cumulative"], 16),
            epoch=int(found["epoch"] or "0x0", 16),
            root_matches=found["rootMatches"],
            proof=tuple(bytes.fromhex(node[2:]) for node in found["proof"] or ()),
        )

    def claim_earnings(self, account: LocalAccount) -> int:
        """Wei that were paid out to `account`: claimed with the node's proof, then withdrawn."""
        found = self.earnings(account.address)
        if found.claimable:
            call = self._contract.functions.claim(account.address, found.cumulative, list(found.proof))
            self._chain.transact(account, call)
        owed = int(self._contract.functions.owed(account.address).call())
        if owed:
            self._chain.transact(account, self._contract.functions.withdrawOwed())
        return owed

    def claim_all(self, accounts: Sequence[LocalAccount], tree: RewardTree, tick: Tick = lambda: None) -> list[int]:
        """Wei paid out to each account, all claims sent at once and all withdrawals after them."""
        claims = [self._send_claim(a, tree) for a in accounts if tree.amount(a.address) > self.claimed(a.address)]
        self._chain.wait_all(claims)
        owed = [int(self._contract.functions.owed(a.address).call()) for a in accounts]
        call = self._contract.functions.withdrawOwed()
        self._chain.wait_all([self._chain.send(a, call) for a, wei in zip(accounts, owed, strict=True) if wei], tick)
        return owed

    def _send_claim(self, account: LocalAccount, tree: RewardTree) -> HexBytes:
        address = account.address
        call = self._contract.functions.claim(address, tree.amount(address), tree.proof(address))
        return self._chain.send(account, call)

    def claimed(self, account: str) -> int:
        """Cumulative wei that an account has claimed."""
        return int(self._contract.functions.claimed(account).call())
