"""Settled inference records: read back from the calldata that settled them, filtered, attributed.

A batch is registered with Attribution when it is paid: a worker's settlement at once, an escrowed request when it is
released. Its bytes are in the calldata of `settle`, or those of its one record in that of `fulfil`, in a transaction of
the worker's own; they are checked against the registered hash.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from contracts.interface import InterfaceError, bytes_argument, embedded_bytes
from contracts.records import (
    VERSION,
    Batch,
    Record,
    RecordError,
    batch_hash,
    decode_batch,
    decode_record,
    encode_batch,
    escrow_batch,
    record_fee,
    record_id,
)
from contracts.rewards import ContributionOwners, FeeRates, split_by_shares, split_fee
from rollup.indexer.errors import InvalidQuestion
from rollup.indexer.memory import Memory
from rollup.indexer.pages import Place, decode_place
from rollup.indexer.snapshot import Answer, Snapshot, address_bytes, padded
from state.database import LogEntry
from state.queries.errors import NotTraceable, TracingFailed
from state.tracing.budget import TraceTimedOut, TraceTooLarge

RECORDS_A_PAGE: Final = 10_000
"""Records that one page looks at: with a rare contributor it may be short, or empty, and still have a next."""
BATCH_COST: Final = 20
"""What reading a batch, or a contribution that is not known yet, counts: as long as so many records take."""
MAX_RANGE: Final = 1_000_000
"""Blocks from first to last."""
BYTES_POSITION: Final = 2
"""`settle` takes the batch, and `fulfil` the record, as its third argument."""
REQUEST_ID_AT: Final = 56
"""Where an escrowed record has its request's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A batch that Attribution knows, and where it was registered."""

    batch_hash: bytes
    worker: str
    amount: int
    """Wei: the contributors' part of its fees."""
    contributors_bps: int
    entry: LogEntry

    @property
    def place(self) -> Place:
        return Place(block=self.entry.block_number, log_index=self.entry.log_index)


def registrations(
    snapshot: Snapshot, *, first: int = 0, last: int | None = None, worker: bytes | None = None, of: bytes | None = None
) -> Iterator[Registration]:
    """Registered batches in order, all or one worker's, or the one with the hash `of`."""
    topics = [of, None if worker is None else padded(worker)]
    for entry in snapshot.logs("Attribution", "BatchRegistered", topics, first=first, last=last):
        found = snapshot.arguments("Attribution", "BatchRegistered", entry)
        yield Registration(
            batch_hash=found["batchHash"],
            worker=found["worker"],
            amount=found["amount"],
            contributors_bps=found["contributorsBps"],
            entry=entry,
        )


def batch_of(snapshot: Snapshot, memory: Memory, registered: Registration) -> Batch | None:
    """The registered batch; None where its bytes can't be found in the calldata, which a contract of ours prevents."""
    known = memory.batches.get(registered.batch_hash)
    if known is not None:
        memory.batches.move_to_end(registered.batch_hash)
        return known
    batch = _settled(snapshot, registered) or _escrowed(snapshot, registered)
    if batch is not None:
        memory.keep_batch(registered.batch_hash, batch)
    return batch


def _settled(snapshot: Snapshot, registered: Registration) -> Batch | None:
    begin = bytes([VERSION]) + snapshot.queries.chain_id.to_bytes(8, "big") + address_bytes(registered.worker)
    for data in _candidates(snapshot, registered.entry, "settle", begin, offset=0):
        if batch_hash(data) == registered.batch_hash:
            return decode_batch(data)
    return None


def _escrowed(snapshot: Snapshot, registered: Registration) -> Batch | None:
    """The batch of one record that a released request's worker fulfilled it with."""
    last = registered.entry.block_number
    for entry in snapshot.logs("Inference", "Fulfilled", [None, None, registered.batch_hash], last=last):
        found = snapshot.arguments("Inference", "Fulfilled", entry)
        payer = address_bytes(snapshot.view("Inference", "escrowed", found["requestId"])["payer"])
        for data in _candidates(snapshot, entry, "fulfil", found["requestId"], offset=REQUEST_ID_AT):
            batch = _batch_of_one(snapshot, data, address_bytes(found["worker"]), found["batchNonce"], payer)
            if batch is not None and batch_hash(encode_batch(batch)) == registered.batch_hash:
                return batch
    return None


def _batch_of_one(snapshot: Snapshot, data: bytes, worker: bytes, nonce: int, payer: bytes) -> Batch | None:
    try:
        record = decode_record(data)
        return escrow_batch(record, chain_id=snapshot.queries.chain_id, worker=worker, nonce=nonce, payer=payer)
    except RecordError:
        return None


def _candidates(snapshot: Snapshot, entry: LogEntry, function: str, needle: bytes, *, offset: int) -> Iterator[bytes]:
    """Byte strings that may be what a call of `function` was given.

    First those in the transaction's calldata, where the worker's own call has it, alone or among others (EIP-7702). If
    the right one is none of them, it was put together on the way: then the transaction is run again.
    """
    yield from embedded_bytes(snapshot.calldata(entry), needle, offset)
    try:
        inputs = snapshot.inputs(entry, "Inference", function)
    except (NotTraceable, TracingFailed, TraceTooLarge, TraceTimedOut):
        return
    for calldata in inputs:
        with suppress(InterfaceError):
            yield bytes_argument(calldata, BYTES_POSITION)


def price_of(snapshot: Snapshot, memory: Memory, record: Record) -> tuple[int, int]:
    """Wei per 1,000 tokens in and out of the checkpoint that answered."""
    key = (record.model_id, record.checkpoint)
    if key not in memory.prices:
        terms = snapshot.view("Models", "terms", *key)
        memory.prices[key] = (terms["priceIn"], terms["priceOut"])
    return memory.prices[key]


def owners_of(snapshot: Snapshot, memory: Memory, contribution_id: int) -> ContributionOwners:
    """Who is paid for a contribution: who made it, and the owner of its Datanet."""
    if contribution_id not in memory.owners:
        made = snapshot.view("Datanets", "contribution", contribution_id)
        memory.datanets[contribution_id] = made["datanetId"]
        datanet = snapshot.view("Datanets", "datanet", made["datanetId"])
        memory.owners[contribution_id] = ContributionOwners(
            contributor=made["contributor"],
            datanet_owner=datanet["owner"],
            revenue_share_bps=datanet["license"]["revenueShareBps"],
        )
    return memory.owners[contribution_id]


# -- one record


def inference(snapshot: Snapshot, memory: Memory, of_batch: bytes, index: int) -> Answer:
    """A settled record; None for a batch that is not registered, or an index past its end."""
    found = _find(snapshot, memory, of_batch, index)
    return snapshot.named(inference=None if found is None else _shown(snapshot, memory, *found))


def attribution(snapshot: Snapshot, memory: Memory, of_batch: bytes, index: int) -> Answer:
    """Who is paid what for a settled record, to the wei; None as for `inference`."""
    found = _find(snapshot, memory, of_batch, index)
    if found is None:
        return snapshot.named(attribution=None)
    registered, batch, _ = found
    record = batch.records[index]
    rates = FeeRates(owner=0, stakers=0, contributors=registered.contributors_bps)
    amount = split_fee(_fee(snapshot, memory, record), rates).contributors
    parts = split_by_shares(amount, record.shares)
    shares = [
        _attributed(share.ppm, parts[share.contribution_id], share.contribution_id, snapshot, memory)
        for share in record.shares
    ]
    return snapshot.named(
        attribution={
            "recordId": record_id(of_batch, index),
            "fee": _fee(snapshot, memory, record),
            "contributorsBps": registered.contributors_bps,
            "contributorsAmount": amount,
            "shares": shares,
        }
    )


def _attributed(ppm: int, wei: int, contribution_id: int, snapshot: Snapshot, memory: Memory) -> Answer:
    paid = owners_of(snapshot, memory, contribution_id)
    to_owner = wei * paid.revenue_share_bps // 10_000
    return {
        "contributionId": contribution_id,
        "ppm": ppm,
        "amount": wei,
        "contributor": paid.contributor,
        "contributorAmount": wei - to_owner,
        "datanetOwner": paid.datanet_owner,
        "datanetOwnerAmount": to_owner,
    }


def _find(snapshot: Snapshot, memory: Memory, of_batch: bytes, index: int) -> tuple[Registration, Batch, int] | None:
    registered = next(registrations(snapshot, of=of_batch), None)
    if registered is None:
        return None
    batch = batch_of(snapshot, memory, registered)
    return None if batch is None or index >= len(batch.records) else (registered, batch, index)


def _fee(snapshot: Snapshot, memory: Memory, record: Record) -> int:
    return record_fee(record.tokens_in, record.tokens_out, *price_of(snapshot, memory, record))


def _shown(snapshot: Snapshot, memory: Memory, registered: Registration, batch: Batch, index: int) -> Answer:
    record = batch.records[index]
    return {
        "recordId": record_id(registered.batch_hash, index),
        "batchHash": registered.batch_hash,
        "index": index,
        "blockNumber": int(registered.entry.block_number),
        "blockHash": bytes(registered.entry.block_hash),
        "transactionHash": bytes(registered.entry.transaction_hash),
        "worker": batch.worker,
        "payer": batch.payers[record.payer_index],
        "modelId": record.model_id,
        "checkpoint": record.checkpoint,
        "tokensIn": record.tokens_in,
        "tokensOut": record.tokens_out,
        "fee": _fee(snapshot, memory, record),
        "method": record.method,
        "evidencePpm": record.evidence_ppm,
        "recordHash": record.record_hash,
        "requestId": record.request_id,
        "shares": [{"contributionId": share.contribution_id, "ppm": share.ppm} for share in record.shares],
    }


# -- did my data fire?


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """Which records; None is any."""

    contributor: bytes | None = None
    contribution_id: int | None = None
    datanet_id: int | None = None
    model_id: int | None = None
    payer: bytes | None = None
    worker: bytes | None = None


def inferences(
    snapshot: Snapshot,
    memory: Memory,
    criteria: dict[str, Any],
    first: int,
    last: int | None,
    cursor: bytes | None,
    limit: int,
) -> Answer:
    """A page of records that were settled in blocks `first` to `last`, oldest first. Raises InvalidQuestion."""
    wanted = RecordFilter(**criteria)
    last = snapshot.number if last is None else min(last, snapshot.number)
    if last - first >= MAX_RANGE:
        raise InvalidQuestion(f"block range is too wide: got {last - first + 1}, at most {MAX_RANGE}")
    after = decode_place(cursor, first=first)
    found: list[Answer] = []
    looked_at = 0
    known = len(memory.owners)
    for registered in registrations(snapshot, first=max(first, after.block), last=last, worker=wanted.worker):
        begin = _begin(registered, after, has_cursor=cursor is not None)
        batch = None if begin is None else batch_of(snapshot, memory, registered)
        if begin is None or batch is None:
            continue
        looked_at += BATCH_COST
        for index in range(begin, len(batch.records)):
            cost = looked_at + BATCH_COST * (len(memory.owners) - known)
            if len(found) == limit or cost > RECORDS_A_PAGE:
                return snapshot.named(inferences=found, next=_before(registered, index).encode())
            looked_at += 1
            if _matches(snapshot, memory, wanted, batch, batch.records[index]):
                found.append(_shown(snapshot, memory, registered, batch, index))
    return snapshot.named(inferences=found, next=None)


def _begin(registered: Registration, after: Place, *, has_cursor: bool) -> int | None:
    """The record to go on with, None for a batch that an earlier page has shown. A cursor names the next record."""
    here = registered.place
    if not has_cursor or (here.block, here.log_index) > (after.block, after.log_index):
        return 0
    return after.index if (here.block, here.log_index) == (after.block, after.log_index) else None


def _before(registered: Registration, index: int) -> Place:
    return Place(block=registered.place.block, log_index=registered.place.log_index, index=index)


def _matches(snapshot: Snapshot, memory: Memory, wanted: RecordFilter, batch: Batch, record: Record) -> bool:
    if wanted.model_id not in (None, record.model_id):
        return False
    if wanted.payer not in (None, batch.payers[record.payer_index]):
        return False
    ids = [share.contribution_id for share in record.shares]
    if wanted.contribution_id is not None and wanted.contribution_id not in ids:
        return False
    if wanted.contributor is not None and not any(
        address_bytes(owners_of(snapshot, memory, number).contributor) == wanted.contributor for number in ids
    ):
        return False
    return wanted.datanet_id is None or any(
        _datanet_of(snapshot, memory, number) == wanted.datanet_id for number in ids
    )


def _datanet_of(snapshot: Snapshot, memory: Memory, contribution_id: int) -> int:
    owners_of(snapshot, memory, contribution_id)
    return memory.datanets[contribution_id]
