"""Vouchers and packed records: what `Inference.settle` accepts, refuses and pays."""

from __future__ import annotations

from typing import Any

import pytest
from eth_hash.auto import keccak

from contracts.records import batch_hash, encode_batch, record_fee
from contracts.rewards import FeeRates, split_fee
from contracts.vouchers import domain_separator
from tests.unit.contracts.harness import Reverted
from tests.unit.contracts.open_chain import (
    BUYER,
    BUYER_KEY,
    CHAIN_ID,
    OPEN,
    OTHER,
    OTHER_KEY,
    OWNER,
    PRICE_IN,
    PRICE_OUT,
    STRANGER,
    WORKER,
    OpenChain,
    batch_of,
    hexed,
    padded,
    record,
    settlement,
    voucher,
)

FEE = record_fee(100, 50, PRICE_IN, PRICE_OUT)


@pytest.fixture
def chain() -> OpenChain:
    chain = OpenChain()
    chain.serve()
    chain.allot()
    return chain


def test_one_batch_pays_every_party_its_part_of_each_fee(chain: OpenChain) -> None:
    chain.staking.send("stake", 1, padded(1), sender=STRANGER, value=OPEN)
    batch = batch_of(record(), record(tokens_in=7, tokens_out=3), record(tokens_out=1))
    fees = [FEE, record_fee(7, 3, PRICE_IN, PRICE_OUT), record_fee(100, 1, PRICE_IN, PRICE_OUT)]
    parts = [split_fee(fee, FeeRates()) for fee in fees]
    before = chain.evm.balance(chain.inference.address)

    outcome = chain.settle(batch, (BUYER_KEY, sum(fees)))

    assert chain.treasury.call("received") == sum(p.platform for p in parts)
    assert chain.inference.call("owed", hexed(OWNER)) == sum(p.owner for p in parts)
    worker_pool = chain.staking.call("totalStake", 2, padded(WORKER))
    assert worker_pool == 100 * OPEN + sum(p.worker_stakers for p in parts)
    assert chain.staking.call("totalStake", 1, padded(1)) == OPEN + sum(p.model_stakers for p in parts)
    worker, count, block, amount, _ = chain.attribution.call("batch", batch_hash(encode_batch(batch)))
    assert (worker, count, amount) == (hexed(WORKER), 3, sum(p.contributors for p in parts))
    assert block == chain.evm.state.block_number
    left = chain.evm.balance(chain.inference.address)
    assert before - left == sum(fees) - sum(p.owner for p in parts)
    (settled,) = chain.inference.events(outcome, "Settled")
    assert (settled["records"], settled["fees"]) == (3, sum(fees))
    assert settled["batchHash"] == batch_hash(encode_batch(batch))


def test_model_stakers_part_goes_to_treasury_when_nobody_staked(chain: OpenChain) -> None:
    chain.settle(batch_of(record()), (BUYER_KEY, FEE))
    part = split_fee(FEE, FeeRates()).model_stakers
    assert chain.staking.call("owed", hexed(chain.treasury.address)) == part
    before = chain.treasury.call("received")
    chain.treasury.send("collect", hexed(chain.staking.address), sender=STRANGER)
    assert chain.treasury.call("received") == before + part


def test_vouchers_of_several_payers_and_sessions_settle_together(chain: OpenChain) -> None:
    chain.allot(OTHER, 10 * OPEN)
    batch = batch_of(record(), record(payer_index=1), record(payer_index=1), payers=(BUYER, OTHER))
    chain.settle(batch, (BUYER_KEY, FEE), (OTHER_KEY, 2 * FEE))
    assert chain.inference.call("allocation", hexed(OTHER), hexed(WORKER)) == 10 * OPEN - 2 * FEE
    assert chain.inference.call("settled", hexed(OTHER), hexed(WORKER), 0) == 2 * FEE


def test_a_later_voucher_settles_only_what_it_adds(chain: OpenChain) -> None:
    chain.settle(batch_of(record()), (BUYER_KEY, FEE))
    chain.settle(batch_of(record(), record(), nonce=1), (BUYER_KEY, 3 * FEE))
    assert chain.inference.call("allocation", hexed(BUYER), hexed(WORKER)) == 1000 * OPEN - 3 * FEE
    assert chain.inference.call("batchNonce", hexed(WORKER)) == 2


def test_models_of_one_batch_may_alternate(chain: OpenChain) -> None:
    dear = chain.deploy_model(1, price_in=5 * PRICE_IN, price_out=0)
    dear_fee = record_fee(100, 50, 5 * PRICE_IN, 0)
    batch = batch_of(record(1), record(dear), record(1), record(dear))
    chain.settle(batch, (BUYER_KEY, 2 * FEE + 2 * dear_fee))
    owner_part = 2 * split_fee(FEE, FeeRates()).owner + 2 * split_fee(dear_fee, FeeRates()).owner
    assert chain.inference.call("owed", hexed(OWNER)) == owner_part


def test_a_record_may_share_with_sixteen_contributions() -> None:
    chain = OpenChain()
    chain.serve(contributions=16)
    chain.allot()
    shares = [(i, 62_500) for i in range(1, 17)]
    chain.settle(batch_of(record(shares=shares), record(shares=[(16, 1_000_000)])), (BUYER_KEY, 2 * FEE))
    assert chain.inference.call("batchNonce", hexed(WORKER)) == 1


def test_domain_separator_is_the_codecs(chain: OpenChain) -> None:
    assert chain.inference.call("domainSeparator") == domain_separator(chain_id=CHAIN_ID)


def test_refuses_a_batch_that_settled_before(chain: OpenChain) -> None:
    chain.settle(batch_of(record()), (BUYER_KEY, FEE))
    arguments = settlement(batch_of(record()), (BUYER_KEY, 2 * FEE))
    chain.inference.reverts("WrongNonce", "settle", *arguments, sender=WORKER)


def test_refuses_a_cumulative_that_is_not_larger(chain: OpenChain) -> None:
    chain.settle(batch_of(record()), (BUYER_KEY, FEE))
    arguments = settlement(batch_of(record(), nonce=1), (BUYER_KEY, FEE))
    chain.inference.reverts("CumulativeNotLarger", "settle", *arguments, sender=WORKER)


@pytest.mark.parametrize("off_by", [-1, 1])
def test_refuses_a_voucher_that_differs_from_the_fees_by_a_wei(chain: OpenChain, off_by: int) -> None:
    arguments = settlement(batch_of(record()), (BUYER_KEY, FEE + off_by))
    chain.inference.reverts("FeeMismatch", "settle", *arguments, sender=WORKER)


def test_refuses_more_than_the_allocation() -> None:
    chain = OpenChain()
    chain.serve()
    chain.allot(amount=FEE - 1)
    arguments = settlement(batch_of(record()), (BUYER_KEY, FEE))
    chain.inference.reverts("AllocationTooSmall", "settle", *arguments, sender=WORKER)


def test_refuses_a_signature_of_somebody_else(chain: OpenChain) -> None:
    vouchers, _, batch = settlement(batch_of(record()), (BUYER_KEY, FEE))
    _, foreign = voucher(OTHER_KEY, FEE)
    chain.inference.reverts("BadSignature", "settle", vouchers, [foreign], batch, sender=WORKER)


def test_refuses_a_signature_for_another_chain(chain: OpenChain) -> None:
    message, signature = voucher(BUYER_KEY, FEE, chain_id=CHAIN_ID + 1)
    chain.inference.reverts(
        "BadSignature", "settle", [message], [signature], encode_batch(batch_of(record())), sender=WORKER
    )


def test_refuses_the_high_s_twin_of_a_signature(chain: OpenChain) -> None:
    vouchers, [good], batch = settlement(batch_of(record()), (BUYER_KEY, FEE))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(good[32:64], "big")
    twin = good[:32] + s.to_bytes(32, "big") + bytes([55 - good[64]])
    chain.inference.reverts("BadSignature", "settle", vouchers, [twin], batch, sender=WORKER)


@pytest.mark.parametrize("signature", [b"", bytes(65), bytes(64) + b"\x1b", b"\x11" * 64])
def test_refuses_what_is_no_signature(chain: OpenChain, signature: bytes) -> None:
    vouchers, _, batch = settlement(batch_of(record()), (BUYER_KEY, FEE))
    chain.inference.reverts("BadSignature", "settle", vouchers, [signature], batch, sender=WORKER)


def test_refuses_a_voucher_of_nobody(chain: OpenChain) -> None:
    nobody = ("0x" + "00" * 20, hexed(WORKER), 0, FEE)
    batch = encode_batch(batch_of(record(), payers=(bytes(20),)))
    chain.inference.reverts("BadSignature", "settle", [nobody], [bytes(64) + b"\x1b"], batch, sender=WORKER)


def test_refuses_a_batch_for_another_chain(chain: OpenChain) -> None:
    arguments = settlement(batch_of(record(), chain_id=CHAIN_ID + 1), (BUYER_KEY, FEE))
    chain.inference.reverts("WrongChain", "settle", *arguments, sender=WORKER)


def test_refuses_another_workers_batch(chain: OpenChain) -> None:
    chain.staking.send("stake", 2, padded(STRANGER), sender=STRANGER, value=100 * OPEN)
    arguments = settlement(batch_of(record()), (BUYER_KEY, FEE))
    chain.inference.reverts("WrongWorker", "settle", *arguments, sender=STRANGER)


def test_refuses_a_worker_without_enough_stake(chain: OpenChain) -> None:
    arguments = settlement(batch_of(record()), (BUYER_KEY, FEE))
    chain.inference.reverts("StakeTooLow", "settle", *arguments, sender=STRANGER)


def test_refuses_a_batch_hidden_behind_another_contract(chain: OpenChain) -> None:
    arguments = settlement(batch_of(record()), (BUYER_KEY, FEE))
    chain.inference.reverts("NotDirect", "settle", *arguments, sender=WORKER, origin=STRANGER)


def test_refuses_vouchers_that_are_not_the_batchs_payers(chain: OpenChain) -> None:
    arguments = settlement(batch_of(record()), (OTHER_KEY, FEE))
    chain.inference.reverts("PayersMismatch", "settle", *arguments, sender=WORKER)
    vouchers, signatures, batch = settlement(batch_of(record()), (BUYER_KEY, FEE))
    chain.inference.reverts("PayersMismatch", "settle", vouchers * 2, signatures * 2, batch, sender=WORKER)
    chain.inference.reverts("PayersMismatch", "settle", vouchers, [], batch, sender=WORKER)


def test_refuses_unknown_models_and_checkpoints(chain: OpenChain) -> None:
    for unknown in (record(9), record(checkpoint=2), record(checkpoint=0)):
        arguments = settlement(batch_of(unknown), (BUYER_KEY, FEE))
        chain.inference.reverts("UnknownModel", "settle", *arguments, sender=WORKER)


def test_a_retired_models_records_settle_for_a_while_and_then_no_more(chain: OpenChain) -> None:
    chain.models.send("retire", 1, sender=OWNER)
    chain.mine(60)
    chain.settle(batch_of(record()), (BUYER_KEY, FEE))
    chain.mine(1)
    arguments = settlement(batch_of(record(), nonce=1), (BUYER_KEY, 2 * FEE))
    chain.inference.reverts("ModelRetired", "settle", *arguments, sender=WORKER)


def test_refuses_shares_of_contributions_that_do_not_exist(chain: OpenChain) -> None:
    arguments = settlement(batch_of(record(shares=[(1, 1), (3, 999_999)])), (BUYER_KEY, FEE))
    chain.inference.reverts("UnknownContribution", "settle", *arguments, sender=WORKER)


def patched(batch: bytes, position: int, new: bytes) -> bytes:
    return batch[:position] + new + batch[position + len(new) :]


# One payer, so the record begins at byte 61; its shares at 118.
@pytest.mark.parametrize(
    ("error", "position", "new"),
    [
        ("WrongVersion", 0, b"\x02"),
        ("MalformedBatch", 59, b"\x00\x00"),
        ("MalformedBatch", 59, b"\x00\x02"),
        ("MalformedBatch", 59, b"\xff\xff"),
        ("MalformedBatch", 61 + 8, b"\x00\x01"),
        ("MalformedBatch", 61 + 19, (1_000_001).to_bytes(4, "big")),
        ("MalformedBatch", 117, b"\x00"),
        ("MalformedBatch", 117, b"\x01"),
        ("MalformedBatch", 117, b"\x03"),
        ("MalformedBatch", 117, b"\x11"),
        ("EscrowedRecord", 116, b"\x01"),
        ("WrongShares", 118, (2).to_bytes(4, "big")),
        ("WrongShares", 118, bytes(4)),
        ("WrongShares", 122, bytes(4)),
        ("WrongShares", 122, (400_001).to_bytes(4, "big")),
    ],
)
def test_refuses_a_batch_that_breaks_the_format(chain: OpenChain, error: str, position: int, new: bytes) -> None:
    vouchers, signatures, batch = settlement(batch_of(record()), (BUYER_KEY, FEE))
    broken = patched(batch, position, new)
    if error == "MalformedBatch" and new == b"\x01" and position == 117:
        broken = patched(broken, 122, (1_000_000).to_bytes(4, "big"))  # else its shares are wrong first
    chain.inference.reverts(error, "settle", vouchers, signatures, broken, sender=WORKER)


@pytest.mark.parametrize("length", [0, 40, 60, 61, 117, 125])
def test_refuses_a_truncated_batch(chain: OpenChain, length: int) -> None:
    vouchers, signatures, batch = settlement(batch_of(record()), (BUYER_KEY, FEE))
    chain.inference.reverts("MalformedBatch", "settle", vouchers, signatures, batch[:length], sender=WORKER)


def test_refuses_trailing_bytes(chain: OpenChain) -> None:
    vouchers, signatures, batch = settlement(batch_of(record()), (BUYER_KEY, FEE))
    chain.inference.reverts("MalformedBatch", "settle", vouchers, signatures, batch + b"\0", sender=WORKER)


def test_refuses_more_models_than_one_batch_may_pay(chain: OpenChain) -> None:
    models = [1] + [chain.deploy_model(1) for _ in range(64)]
    arguments = settlement(batch_of(*(record(m) for m in models)), (BUYER_KEY, 65 * FEE))
    chain.inference.reverts("TooManyModels", "settle", *arguments, sender=WORKER)
    chain.settle(batch_of(*(record(m) for m in models[:64])), (BUYER_KEY, 64 * FEE))


def intrinsic(data: bytes) -> tuple[int, int]:
    """Gas of a transaction's bytes, and its EIP-7623 floor."""
    zeros = data.count(0)
    tokens = zeros + 4 * (len(data) - zeros)
    return 21_000 + 4 * tokens, 21_000 + 10 * tokens


@pytest.mark.parametrize(("shares", "limit"), [(1, 4_500), (4, 5_500), (16, 10_000)])
def test_gas_of_a_record_stays_below_its_limit(shares: int, limit: int) -> None:
    chain = OpenChain()
    chain.serve(contributions=16)
    chain.allot()
    each = [(i, 1_000_000 // shares) for i in range(1, shares + 1)]

    def gas(count: int, nonce: int, cumulative: int) -> int:
        arguments = settlement(batch_of(*[record(shares=each)] * count, nonce=nonce), (BUYER_KEY, cumulative))
        data: Any = chain.inference.data("settle", *arguments)
        standard, floor = intrinsic(data)
        return max(floor, standard + chain.inference.send("settle", *arguments, sender=WORKER).gas_used)

    gas(1, 0, FEE)
    one, many = gas(1, 1, 2 * FEE), gas(251, 2, 253 * FEE)
    print(f"{shares} shares: {(many - one) / 250:.0f} gas a record, {one} for a batch of one")
    assert (many - one) / 250 < limit
    assert many < 8_000_000


def test_a_thousand_records_fit_one_transaction_and_one_block(chain: OpenChain) -> None:
    batch = batch_of(*[record(shares=[(1, 500_000), (2, 500_000)])] * 1_000)
    arguments = settlement(batch, (BUYER_KEY, 1_000 * FEE))
    data = chain.inference.data("settle", *arguments)
    assert len(data) < 128 * 1024
    standard, floor = intrinsic(data)
    used = chain.inference.send("settle", *arguments, sender=WORKER).gas_used
    print(f"1,000 records: {max(floor, standard + used)} gas, {len(data)} bytes")
    assert max(floor, standard + used) < 20_000_000


def test_a_contract_that_calls_back_while_it_is_paid_gets_nothing_twice(chain: OpenChain) -> None:
    # Receives money by calling withdrawOwed() again, and keeps whatever it gets.
    selector = keccak(b"withdrawOwed()")[:4]
    greedy = bytes.fromhex("63" + selector.hex() + "60e01b5f52" + "5f5f60045f5f335af1" + "00")
    thief = chain.evm.place(b"\x66" * 20, greedy)
    chain.models.send("transferOwnership", 1, hexed(thief), sender=OWNER)
    chain.settle(batch_of(record()), (BUYER_KEY, FEE))
    owed = chain.inference.call("owed", hexed(thief))
    chain.inference.send("withdrawOwed", sender=thief)
    assert chain.evm.balance(thief) == owed
    assert chain.inference.call("owed", hexed(thief)) == 0


def test_a_receiver_that_reverts_keeps_its_credit(chain: OpenChain) -> None:
    stubborn = chain.evm.place(b"\x67" * 20, bytes.fromhex("5f5ffd"))
    chain.models.send("transferOwnership", 1, hexed(stubborn), sender=OWNER)
    chain.settle(batch_of(record()), (BUYER_KEY, FEE))
    chain.inference.reverts("TransferFailed", "withdrawOwed", sender=stubborn)
    assert chain.inference.call("owed", hexed(stubborn)) == split_fee(FEE, FeeRates()).owner
    with pytest.raises(Reverted):
        chain.inference.send("withdrawOwed", sender=STRANGER)
