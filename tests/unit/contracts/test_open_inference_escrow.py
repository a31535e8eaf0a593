"""Prepaid allocations and escrowed requests."""

from __future__ import annotations

from typing import Any

import pytest
from eth_hash.auto import keccak

from contracts.records import Record, batch_hash, encode_batch, encode_record, escrow_batch, record_fee
from contracts.rewards import FeeRates, split_fee
from tests.unit.contracts.open_chain import (
    BUYER,
    BUYER_KEY,
    CHAIN_ID,
    OPEN,
    OWNER,
    PRICE_IN,
    PRICE_OUT,
    STRANGER,
    WORKER,
    OpenChain,
    batch_of,
    hexed,
    record,
    settlement,
)

MOST = record_fee(200, 100, PRICE_IN, PRICE_OUT)
FEE = record_fee(100, 50, PRICE_IN, PRICE_OUT)


@pytest.fixture
def chain() -> OpenChain:
    chain = OpenChain()
    chain.serve()
    return chain


def ask(chain: OpenChain, **options: Any) -> bytes:
    options = {"sender": BUYER, "value": MOST, "deadline": chain.evm.timestamp + 10, "model": 1} | options
    arguments = (options.pop("model"), hexed(WORKER), b"\1" * 32, "ipfs://q", b"\2" * 33, 200, 100)
    return bytes(chain.inference.call("request", *arguments, options.pop("deadline"), **options))


def answer(chain: OpenChain, request: bytes, **changes: Any) -> tuple[bytes, str, bytes]:
    return request, "ipfs://a", encode_record(record(**({"request_id": request} | changes)))


def test_an_answered_request_is_paid_after_the_dispute_window(chain: OpenChain) -> None:
    request = ask(chain)
    fulfilled = chain.inference.send("fulfil", *answer(chain, request), sender=WORKER)
    (event,) = chain.inference.events(fulfilled, "Fulfilled")
    batch = escrow_batch(record(request_id=request), chain_id=CHAIN_ID, worker=WORKER, nonce=0, payer=BUYER)
    assert event["batchHash"] == batch_hash(encode_batch(batch))
    assert (event["batchNonce"], event["fee"]) == (0, FEE)
    chain.mine(4)
    chain.inference.reverts("TooEarly", "release", request, sender=STRANGER)
    chain.mine(1)
    chain.inference.send("release", request, sender=STRANGER)
    parts = split_fee(FEE, FeeRates())
    assert chain.inference.call("owed", hexed(BUYER)) == MOST - FEE
    assert chain.inference.call("owed", hexed(OWNER)) == parts.owner
    assert chain.attribution.call("batch", event["batchHash"])[1::2] == (1, parts.contributors)
    assert chain.evm.balance(chain.inference.address) == MOST - FEE + parts.owner
    chain.inference.reverts("WrongStatus", "release", request)
    chain.inference.reverts("WrongStatus", "refund", request)


def test_an_unanswered_request_is_refunded_after_its_deadline(chain: OpenChain) -> None:
    request = ask(chain)
    chain.mine(10)
    chain.inference.reverts("TooEarly", "refund", request)
    chain.mine(1)
    chain.inference.reverts("DeadlinePassed", "fulfil", *answer(chain, request), sender=WORKER)
    chain.inference.send("refund", request, sender=STRANGER)
    assert chain.inference.call("owed", hexed(BUYER)) == MOST
    chain.inference.reverts("WrongStatus", "refund", request)


def test_a_fulfilled_request_is_never_refunded(chain: OpenChain) -> None:
    request = ask(chain)
    chain.inference.send("fulfil", *answer(chain, request), sender=WORKER)
    chain.mine(100)
    chain.inference.reverts("WrongStatus", "refund", request)
    chain.inference.reverts("WrongStatus", "fulfil", *answer(chain, request), sender=WORKER)


def test_a_request_takes_exactly_its_quote_and_a_future_deadline(chain: OpenChain) -> None:
    rest: tuple[Any, ...] = (hexed(WORKER), bytes(32), "", b"", 200, 100)
    later = chain.evm.timestamp + 1
    for value in (MOST - 1, MOST + 1):
        chain.inference.reverts("WrongValue", "request", 1, *rest, later, sender=BUYER, value=value)
    chain.inference.reverts("DeadlinePassed", "request", 1, *rest, later - 1, sender=BUYER, value=MOST)
    chain.inference.reverts("NotDeployed", "request", 2, *rest, later, sender=BUYER, value=MOST)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": 2},
        {"checkpoint": 2},
        {"payer_index": 1},
        {"tokens_in": 201},
        {"tokens_out": 101},
        {"request_id": b"\x09" * 32},
    ],
)
def test_an_answer_must_fit_its_request(chain: OpenChain, changes: dict[str, Any]) -> None:
    request = ask(chain)
    _, uri, data = answer(chain, request, **changes)
    chain.inference.reverts("WrongRecord", "fulfil", request, uri, data, sender=WORKER)


def test_an_answer_needs_sound_shares_of_known_contributions(chain: OpenChain) -> None:
    request = ask(chain)
    good = answer(chain, request)[2]
    for error, data in (
        ("MalformedBatch", good[:-1]),
        ("MalformedBatch", encode_record(record())[:96]),
        ("WrongShares", good[:-4] + bytes(4)),
        ("WrongShares", good[:-1] + bytes([good[-1] ^ 1])),
        ("WrongRecord", good[:55] + b"\0" + good[56:]),
        ("WrongRecord", good[:88] + b"\1" + good[89:]),
        ("UnknownContribution", encode_record(record(request_id=request, shares=[(3, 1_000_000)]))),
    ):
        chain.inference.reverts(error, "fulfil", request, "", data, sender=WORKER)
    only: Record = record(request_id=request, shares=[(2, 1_000_000)])
    chain.inference.send("fulfil", request, "", encode_record(only), sender=WORKER)


def test_only_the_requests_staked_worker_answers(chain: OpenChain) -> None:
    request = ask(chain)
    arguments = answer(chain, request)
    chain.inference.reverts("StakeTooLow", "fulfil", *arguments, sender=STRANGER)
    chain.staking.send("stake", 2, STRANGER.rjust(32, b"\0"), sender=STRANGER, value=100 * OPEN)
    chain.inference.reverts("WrongWorker", "fulfil", *arguments, sender=STRANGER)
    chain.inference.reverts("NotDirect", "fulfil", *arguments, sender=WORKER, origin=STRANGER)


def test_a_retirement_does_not_strand_an_open_request(chain: OpenChain) -> None:
    request = ask(chain, deadline=chain.evm.timestamp + 1_000)
    chain.models.send("retire", 1, sender=OWNER)
    chain.mine(500)
    chain.inference.send("fulfil", *answer(chain, request), sender=WORKER)
    chain.mine(500)
    chain.inference.send("release", request)
    assert chain.inference.call("escrowed", request)[7] == 3


def test_escrow_and_vouchers_share_the_workers_batch_nonce(chain: OpenChain) -> None:
    chain.allot()
    chain.settle(batch_of(record()), (BUYER_KEY, FEE))
    request = ask(chain)
    fulfilled = chain.inference.send("fulfil", *answer(chain, request), sender=WORKER)
    assert chain.inference.events(fulfilled, "Fulfilled")[0]["batchNonce"] == 1
    chain.settle(batch_of(record(), nonce=2), (BUYER_KEY, 2 * FEE))


def test_a_withdrawal_waits_for_its_notice_in_which_vouchers_still_settle(chain: OpenChain) -> None:
    chain.allot(amount=3 * FEE)
    chain.inference.send("requestWithdrawal", hexed(WORKER), 3 * FEE, sender=BUYER)
    assert chain.inference.call("withdrawalNotice", hexed(BUYER), hexed(WORKER)) == (
        3 * FEE,
        chain.evm.timestamp + 30,
    )
    chain.mine(29)
    chain.inference.reverts("TooEarly", "withdraw", hexed(WORKER), sender=BUYER)
    chain.settle(batch_of(record()), (BUYER_KEY, FEE))
    chain.mine(1)
    chain.inference.send("withdraw", hexed(WORKER), sender=BUYER)
    assert chain.inference.call("owed", hexed(BUYER)) == 2 * FEE
    assert chain.inference.call("allocation", hexed(BUYER), hexed(WORKER)) == 0
    chain.inference.reverts("NoNotice", "withdraw", hexed(WORKER), sender=BUYER)
    arguments = settlement(batch_of(record(), nonce=1), (BUYER_KEY, 2 * FEE))
    chain.inference.reverts("AllocationTooSmall", "settle", *arguments, sender=WORKER)


def test_notice_is_given_of_something_that_is_there(chain: OpenChain) -> None:
    chain.allot(amount=5)
    for amount in (0, 6):
        chain.inference.reverts("AllocationTooSmall", "requestWithdrawal", hexed(WORKER), amount, sender=BUYER)
    chain.inference.reverts("NothingSent", "depositFor", hexed(WORKER), sender=BUYER)


def test_request_ids_differ_for_equal_requests(chain: OpenChain) -> None:
    one = chain.inference.send(
        "request", 1, hexed(WORKER), keccak(b"q"), "", b"", 200, 100, chain.evm.timestamp + 9, sender=BUYER, value=MOST
    )
    assert one.output != ask(chain)
