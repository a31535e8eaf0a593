"""However channel data is cut into batches, frames, transactions and L1 blocks, the same attributes come out."""

import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollup.codec import Frame
from rollup.codec.batches import Batch
from rollup.types import L1BlockNumber, PayloadAttributes
from tests.unit.rollup.derivation.model import (
    Follower,
    L1Chain,
    SequencedBlock,
    Sequencer,
    batcher_transaction,
    channel_of,
    inbox_transaction,
    make_rollup_config,
    singular_of,
    span_of,
    user_deposit_log,
)

EPOCHS = 4
BLOCKS = 24


def make_l1() -> L1Chain:
    l1 = L1Chain()
    for number in range(EPOCHS):
        l1.mine(logs=[user_deposit_log(make_rollup_config(l1), value) for value in range(number)])
    return l1


def cuts(draw: st.DrawFn, length: int, limit: int) -> list[tuple[int, int]]:
    """The bounds of at most `limit` pieces of something `length` long."""
    inner = draw(st.lists(st.integers(1, max(1, length - 1)), unique=True, max_size=limit - 1))
    bounds = [0, *sorted(position for position in inner if position < length), length]
    return list(itertools.pairwise(bounds))


@st.composite
def postings(draw: st.DrawFn) -> tuple[L1Chain, list[SequencedBlock]]:
    """An L1 onto which one and the same L2 chain has been posted in some legal way."""
    l1 = make_l1()
    config = make_rollup_config(l1)
    sequencer = Sequencer(config, l1)
    blocks = [sequencer.build(transactions=index % 3) for index in range(BLOCKS)]
    mined: list[bytes] = []
    for channel, (start, end) in enumerate(cuts(draw, BLOCKS, 4)):
        batches: list[Batch] = []
        for first, last in cuts(draw, end - start, 3):
            part = blocks[start + first : start + last]
            batches += [span_of(part, config)] if draw(st.booleans()) else [singular_of(block) for block in part]
        data = channel_of(batches, config)
        pieces = cuts(draw, len(data), 5)
        frames = [
            Frame(channel_id=bytes((channel,)) * 16, number=number, data=data[a:b], is_last=b == len(data))
            for number, (a, b) in enumerate(pieces)
        ]
        for first, last in cuts(draw, len(frames), 3):
            mined.append(batcher_transaction(config, frames[first:last]))
            if draw(st.booleans()):
                mined.append(inbox_transaction(config, draw(st.binary(min_size=1, max_size=30))))
            if draw(st.booleans()):
                l1.mine(*mined)
                mined = []
                l1.mine_empty(draw(st.integers(0, 2)))
    l1.mine(*mined)
    return l1, blocks


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=40, deadline=None)
@given(postings())
def test_any_split_derives_the_same_attributes(posting: tuple[L1Chain, list[SequencedBlock]]) -> None:
    l1, blocks = posting
    follower = Follower(make_rollup_config(l1), l1)
    assert follower.derive() == [block.ref for block in blocks]
    assert [step.attributes for step in follower.derived] == [block.attributes for block in blocks]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=30, deadline=None)
@given(postings(), st.integers(0, BLOCKS - 1))
def test_a_reset_at_any_safe_head_derives_the_rest(posting: tuple[L1Chain, list[SequencedBlock]], safe: int) -> None:
    l1, blocks = posting
    config = make_rollup_config(l1)
    follower = Follower(config, l1)
    follower.chain += [block.ref for block in blocks[:safe]]
    follower.pipeline.reset(l1.blocks[0], follower.head, config.genesis.system_config)
    assert follower.derive() == [block.ref for block in blocks[safe:]]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=40, deadline=None)
@given(postings(), st.sets(st.integers(1, BLOCKS), max_size=2), st.data())
def test_a_reset_behind_spent_l1_blocks_repeats_rejections_and_forced_blocks(
    posting: tuple[L1Chain, list[SequencedBlock]], rejected: set[int], data: st.DataObject
) -> None:
    l1, blocks = posting
    l1.mine_empty(12)
    config = make_rollup_config(l1, seq_window_size=10)
    times = {blocks[number - 1].ref.timestamp for number in rejected}

    def reject(attributes: PayloadAttributes) -> bool:
        return attributes.timestamp in times and attributes != attributes.deposits_only()

    follower = Follower(config, l1, reject)
    follower.derive()
    whole, sources = list(follower.chain), [step.derived_from.number for step in follower.derived]
    killed_at = data.draw(st.integers(1, len(sources)))
    # Back to the last block whose L1 block has been used up, as nothing says how far into the next one we were.
    source = sources[killed_at - 1]
    del follower.chain[1 + sources.index(source) :]
    follower.pipeline.reset(
        l1.blocks[0],
        follower.head,
        config.genesis.system_config,
        processed_through=L1BlockNumber(source - 1),
    )
    follower.derive()
    assert follower.chain == whole


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=120), max_size=3), max_size=6), st.booleans())
def test_any_calldata_from_the_batcher_is_survived(blocks: list[list[bytes]], versioned: bool) -> None:
    l1 = make_l1()
    config = make_rollup_config(l1)
    for calldata in blocks:
        prefix = b"\x00" if versioned else b""
        l1.mine(*(inbox_transaction(config, prefix + data) for data in calldata))
    assert Follower(config, l1).derive() == []


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=3), st.booleans())
def test_any_batch_content_is_survived_and_sound_blocks_before_it_count(junk: list[bytes], span: bool) -> None:
    l1 = make_l1()
    config = make_rollup_config(l1)
    blocks = Sequencer(config, l1).build_many(2)
    content = [singular_of(block) for block in blocks]
    versioned = [bytes((int(span),)) + data for data in junk]
    data = channel_of([*content, *versioned], config)
    frame = Frame(channel_id=b"\x01" * 16, number=0, data=data, is_last=True)
    l1.mine(batcher_transaction(config, [frame]))
    assert Follower(config, l1).derive() == [block.ref for block in blocks]
