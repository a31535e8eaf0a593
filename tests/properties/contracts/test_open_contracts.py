"""The chain computes what the pure codecs compute: fee splits and Datanet roots; and reads the same
bytes as batches."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.datanets import content_leaf, sparse_proof, sparse_root, verify_sparse_proof
from contracts.records import RecordError, decode_batch, encode_batch, record_fee
from contracts.rewards import FeeRates, split_fee
from tests.unit.contracts.harness import Reverted
from tests.unit.contracts.open_chain import (
    BUYER,
    BUYER_KEY,
    CONTRIBUTOR,
    OPEN,
    OWNER,
    WORKER,
    OpenChain,
    batch_of,
    hexed,
    padded,
    record,
    voucher,
)

FEW = settings(max_examples=8, deadline=None)
TOKENS = st.integers(0, 100_000)


@FEW
@given(
    st.lists(st.tuples(TOKENS, TOKENS), min_size=1, max_size=8),
    st.tuples(st.integers(1, 10**14), st.integers(0, 10**14)),
)
def test_the_chain_splits_fees_as_the_codec_does(tokens: list[tuple[int, int]], price: tuple[int, int]) -> None:
    chain = OpenChain()
    chain.serve()
    model = chain.deploy_model(1, price_in=price[0], price_out=price[1])
    chain.allot()
    tokens = [(1 + tokens_in, tokens_out) for tokens_in, tokens_out in tokens]
    fees = [record_fee(*pair, *price) for pair in tokens]
    batch = batch_of(*(record(model, tokens_in=i, tokens_out=o) for i, o in tokens))
    chain.settle(batch, (BUYER_KEY, sum(fees)))
    parts = [split_fee(fee, FeeRates()) for fee in fees]
    assert chain.treasury.call("received") == sum(p.platform for p in parts)
    assert chain.inference.call("owed", hexed(OWNER)) == sum(p.owner for p in parts)
    assert chain.staking.call("totalStake", 2, padded(WORKER)) == 100 * OPEN + sum(p.worker_stakers for p in parts)
    assert chain.staking.call("owed", hexed(chain.treasury.address)) == sum(p.model_stakers for p in parts)
    assert chain.evm.balance(chain.attribution.address) == sum(p.contributors for p in parts)


IDS = st.one_of(st.integers(1, 40), st.integers(1, 2**32 - 1))


@FEW
@given(st.lists(IDS, min_size=1, max_size=7, unique=True), st.data())
def test_the_chain_keeps_the_reference_root_through_acceptances_and_withdrawals(
    ids: list[int], data: st.DataObject
) -> None:
    chain = OpenChain()
    datanet = chain.create_datanet()
    counter = chain.datanets.artifact.layout["_contribution_count"].slot
    leaves: dict[int, bytes] = {}
    for number in ids:
        chain.evm.state.set_storage(chain.datanets.address, counter, number - 1)
        content = padded(number)
        assert chain.accept(datanet, content, rows=number) == number
        leaves[number] = content_leaf(content, number)
        assert chain.datanets.call("root", datanet) == sparse_root(leaves)
    for number in data.draw(st.lists(st.sampled_from(ids), unique=True)):
        proof = sparse_proof(leaves, number)
        assert verify_sparse_proof(sparse_root(leaves), number, leaves[number], proof)
        chain.datanets.send("withdrawContribution", number, proof, sender=CONTRIBUTOR)
        del leaves[number]
        assert chain.datanets.call("root", datanet) == sparse_root(leaves)
        assert verify_sparse_proof(sparse_root(leaves), number, bytes(32), proof)


FORMAT_ERRORS = {
    keccak(signature.encode())[:4]
    for signature in (
        "MalformedBatch(uint256)",
        "WrongVersion(uint256,uint256)",
        "WrongShares(uint256)",
        "PayersMismatch(uint256)",
    )
}
"""What the chain says of bytes that are no batch, or no batch of these vouchers' payers."""

FEE_MISMATCH = keccak(b"FeeMismatch(address,uint256,uint256)")[:4]
"""What it says when it has read a batch to the end."""

SERVING = OpenChain()
SERVING.serve()
SERVING.allot()


@st.composite
def damaged_batches(draw: st.DrawFn) -> bytes:
    """A good batch with some bytes changed in place, cut out or put in."""
    count = draw(st.integers(1, 3))
    data = encode_batch(batch_of(*[record(shares=((1, 400_000), (2, 600_000)))] * count))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data) - 1))
        how = draw(st.sampled_from(["change", "change", "cut", "insert"]))
        if how == "change":
            data = data[:place] + bytes([draw(st.integers(0, 255))]) + data[place + 1 :]
        elif how == "cut":
            data = data[:place] + data[place + draw(st.sampled_from([1, 8, 73])) :]
        else:
            data = data[:place] + draw(st.binary(min_size=1, max_size=8)) + data[place:]
        data = data or b"\1"
    return data


@settings(max_examples=150, deadline=None)
@given(damaged_batches())
def test_the_chain_reads_batches_as_the_codec_does(data: bytes) -> None:
    try:
        read = decode_batch(data)
    except RecordError:
        read = None
    # A voucher that fits no fees: whatever the chain reads to the end fails there, so nothing changes.
    message, signature = voucher(BUYER_KEY, 10**30)
    with pytest.raises(Reverted) as caught:
        SERVING.inference.send("settle", [message], [signature], data, sender=WORKER)
    refused = caught.value.data[:4]
    if read is None:
        assert refused != FEE_MISMATCH
    elif read.payers == (BUYER,) and all(item.request_id is None for item in read.records):
        assert refused not in FORMAT_ERRORS
