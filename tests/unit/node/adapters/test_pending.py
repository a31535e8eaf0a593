"""PendingView: when the next block is executed ahead anew, and what it is when that takes too long."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from node.adapters.pending import PendingView
from node.readers import QueryTimedOut
from state.blocks import EMPTY_TRIE_ROOT, Header
from state.database import BlockRecord, Heads, UnknownBlock
from state.primitives.crypto import keccak256
from state.primitives.types import ZERO_HASH, Address, BlockNumber, Gas, Hash32, UnixSeconds, Wei
from state.queries import PendingRequest
from state.transactions import RecoveredTransaction, SignedTransaction, TransactionType, encode_without_signature

SENDER = Address(b"\x11" * 20)
ASKED = Address(b"\x22" * 20)


def transaction(nonce: int) -> RecoveredTransaction:
    signed = SignedTransaction(
        type=TransactionType.DYNAMIC_FEE,
        chain_id=1,
        nonce=nonce,  # type: ignore[arg-type]
        gas_limit=Gas(21_000),
        max_fee_per_gas=Wei(1),
        max_priority_fee_per_gas=Wei(1),
        to=ASKED,
        value=Wei(0),
        data=b"",
        y_parity=0,
        r=1,
        s=1,
    )
    raw = encode_without_signature(signed)
    return RecoveredTransaction(transaction=signed, sender=SENDER, raw=raw, hash=keccak256(raw))


@dataclass
class Surroundings:
    """A database's head, a pool, a reader pool and a clock, as far as PendingView asks them."""

    header: Header = field(
        default_factory=lambda: Header(
            parent_hash=ZERO_HASH,
            fee_recipient=SENDER,
            state_root=EMPTY_TRIE_ROOT,
            transactions_root=EMPTY_TRIE_ROOT,
            receipts_root=EMPTY_TRIE_ROOT,
            logs_bloom=bytes(256),
            number=BlockNumber(7),
            gas_limit=Gas(30_000_000),
            gas_used=Gas(0),
            timestamp=UnixSeconds(1_000),
            extra_data=b"",
            prev_randao=ZERO_HASH,
            base_fee_per_gas=Wei(1),
            withdrawals_root=EMPTY_TRIE_ROOT,
        )
    )
    pooled: list[RecoveredTransaction] = field(default_factory=list)
    made: list[PendingRequest] = field(default_factory=list)
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    known: set[Hash32] = field(default_factory=set)
    now: float = 0.0
    seconds: float = 0.0
    """That a reader works on a block."""
    is_too_slow: bool = False

    def heads(self) -> Heads:
        return Heads(unsafe=self.header.hash, safe=ZERO_HASH, finalized=ZERO_HASH)

    def require_header(self, block_hash: Hash32) -> Header:
        assert block_hash == self.header.hash
        return self.header

    def executable(self, limit: int) -> Sequence[RecoveredTransaction]:
        return self.pooled[:limit]

    async def query(self, method: str, parameters: Mapping[str, Any]) -> Any:
        await asyncio.sleep(0)
        if method == "make_pending":
            return self._make(parameters["request"])
        self.asked.append((method, parameters))
        if method == "ask_about_pending":
            return "after making it"
        if parameters["block_hash"] not in self.known:
            raise UnknownBlock("header not found")
        return "at once"

    def _make(self, request: PendingRequest) -> tuple[BlockRecord, float]:
        self.made.append(request)
        if self.is_too_slow and request.transactions:
            raise QueryTimedOut("execution aborted")
        header = replace(
            self.header,
            parent_hash=request.parent_hash,
            number=BlockNumber(8),
            timestamp=request.timestamp,
            transactions_root=keccak256(b"".join(request.transactions)),
        )
        count = len(request.transactions)
        self.known.add(header.hash)
        record = BlockRecord(
            hash=header.hash,
            header=header,
            transactions=request.transactions,
            transaction_hashes=tuple(map(keccak256, request.transactions)),
            senders=request.senders,
            receipts=(),
            receipt_extras=(b"",) * count,
        )
        return record, self.seconds

    def view(self, *, counts_arrivals: bool = False) -> PendingView:
        arrivals = (lambda: len(self.pooled)) if counts_arrivals else None
        parts: Any = self
        return PendingView(parts, parts, parts, block_time=2, arrivals=arrivals, clock=lambda: self.now)


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


@pytest.mark.parametrize("counts_arrivals", [True, False])
async def test_the_block_is_made_anew_when_pool_or_head_change_and_not_before(
    around: Surroundings, counts_arrivals: bool
) -> None:
    view = around.view(counts_arrivals=counts_arrivals)
    empty = (await view.block()).block
    assert (empty.header.number, empty.header.timestamp, empty.transactions) == (8, 1_002, ())
    assert (await view.block()).block is empty
    around.pooled.append(transaction(0))
    fuller = (await view.block()).block
    assert fuller.transaction_hashes == (transaction(0).hash,)
    around.header = replace(around.header, number=BlockNumber(8))
    assert (await view.block()).block.header.parent_hash == around.header.hash
    assert len(around.made) == 3


async def test_one_block_is_made_for_all_who_wait(around: Surroundings) -> None:
    view = around.view()
    blocks = await asyncio.gather(*(view.block() for _ in range(20)))
    assert len(around.made) == 1
    assert len({block.block.hash for block in blocks}) == 1


async def test_what_took_long_is_good_for_a_while_on_the_same_head(around: Surroundings) -> None:
    around.seconds = 0.5
    view = around.view()
    first = (await view.block()).block
    around.pooled.append(transaction(0))
    around.now += 3.9
    assert (await view.block()).block is first
    around.now += 0.2
    assert (await view.block()).block.transactions == (transaction(0).raw,)
    around.pooled.append(transaction(1))
    around.header = replace(around.header, number=BlockNumber(8))
    assert len((await view.block()).block.transactions) == 2


async def test_what_takes_too_long_leaves_an_empty_block_until_the_head_moves(around: Surroundings) -> None:
    around.pooled.append(transaction(0))
    around.is_too_slow = True
    view = around.view()
    assert (await view.block()).block.transactions == ()
    around.pooled.append(transaction(1))
    assert (await view.block()).block.transactions == ()
    assert [len(request.transactions) for request in around.made] == [1, 0]
    around.is_too_slow = False
    around.header = replace(around.header, number=BlockNumber(8))
    assert len((await view.block()).block.transactions) == 2


async def test_a_reader_without_the_block_makes_just_that_block_first(around: Surroundings) -> None:
    view = around.view()
    around.pooled.append(transaction(0))
    block = (await view.block()).block
    question = {"block_hash": block.hash, "address": ASKED}
    assert await view.query("account", question) == "at once"
    around.known.clear()
    assert await view.query("account", question) == "after making it"
    method, parameters = around.asked[-1]
    assert (method, parameters["method"], parameters["parameters"]) == ("ask_about_pending", "account", question)
    assert parameters["request"].transactions == (transaction(0).raw,)


async def test_a_block_that_nobody_knows_stays_unknown(around: Surroundings) -> None:
    view = around.view()
    await view.block()
    with pytest.raises(UnknownBlock):
        await view.query("account", {"block_hash": ZERO_HASH, "address": ASKED})
