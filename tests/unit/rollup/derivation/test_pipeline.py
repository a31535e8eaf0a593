"""The whole pipeline: what the sequencer built comes out of L1 again, and Holocene's rules hold."""

import dataclasses
import tracemalloc

import brotli
import pytest

from rollup.codec import Frame, UpdateType, encode_config_update, user_deposit_source_hash
from rollup.derivation import DerivationPipeline, DerivedAttributes, Idle, NeedL1Block, reset_origin
from rollup.errors import DerivationReset
from rollup.types import L1BlockNumber, PayloadAttributes, RollupConfig
from state.transactions import DepositTransaction, TransactionType, decode_transaction
from tests.unit.rollup.codec.builders import KEY
from tests.unit.rollup.derivation.model import (
    OTHER_KEY,
    Follower,
    L1Chain,
    SequencedBlock,
    Sequencer,
    batcher_of,
    batcher_transaction,
    frames_of,
    genesis_ref,
    inbox_transaction,
    make_rollup_config,
    singular_of,
    span_of,
    user_deposit_log,
)


def refs(blocks: list[SequencedBlock]) -> list[object]:
    return [block.ref for block in blocks]


def post_span(l1: L1Chain, config: RollupConfig, blocks: list[SequencedBlock]) -> None:
    l1.mine(batcher_transaction(config, frames_of([span_of(blocks, config)], config)))


def has_pool_transactions(attributes: PayloadAttributes) -> bool:
    return any(raw[0] != 0x7E for raw in attributes.transactions)


def test_derives_the_sequencers_blocks_from_a_span_batch(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(4)
    blocks = sequencer.build_many(15)
    post_span(l1, config, blocks)
    assert follower.derive() == refs(blocks)
    assert [step.attributes for step in follower.derived] == [block.attributes for block in blocks]
    assert [step.is_last_in_span for step in follower.derived] == [False] * 14 + [True]
    assert {step.derived_from for step in follower.derived} == {l1.head.ref}
    assert len({block.ref.l1_origin for block in blocks}) > 2


def test_derives_singular_batches_alike(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(4)
    blocks = sequencer.build_many(15)
    l1.mine(batcher_transaction(config, frames_of(map(singular_of, blocks), config)))
    assert follower.derive() == refs(blocks)
    assert all(step.is_last_in_span for step in follower.derived)


def test_needs_l1_blocks_one_after_the_other_and_repeats_its_answer(follower: Follower, l1: L1Chain) -> None:
    assert follower.pipeline.step(follower.head) == NeedL1Block(number=L1BlockNumber(101))
    assert follower.pipeline.step(follower.head) == NeedL1Block(number=L1BlockNumber(101))
    follower.pipeline.provide(l1.mine())
    assert follower.pipeline.origin == l1.head.ref
    assert follower.pipeline.step(follower.head) == NeedL1Block(number=L1BlockNumber(102))


def test_repeats_attributes_until_the_safe_head_moves(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    post_span(l1, config, sequencer.build_many(2))
    for block in l1.blocks[1:]:
        follower.pipeline.provide(block)
    first = follower.pipeline.step(follower.head)
    assert isinstance(first, DerivedAttributes)
    assert follower.pipeline.step(follower.head) == first
    assert first.parent == follower.head
    elsewhere = dataclasses.replace(
        follower.head, hash=first.attributes.prev_randao, parent_hash=first.derived_from.hash
    )
    with pytest.raises(DerivationReset, match="outside of derivation"):
        follower.pipeline.step(elsewhere)


def test_is_idle_before_its_first_reset(config: RollupConfig) -> None:
    pipeline = DerivationPipeline(config, lambda number: None)
    assert isinstance(pipeline.step(genesis_ref(config)), Idle)
    with pytest.raises(DerivationReset):
        _ = pipeline.origin


def test_user_deposits_open_their_epoch(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    logs = [user_deposit_log(config, 5), user_deposit_log(config, 6)]
    deposit_block = l1.mine(logs=logs)
    l1.mine_empty(2)
    blocks = sequencer.build_many(9)
    post_span(l1, config, blocks)
    follower.derive()
    assert follower.head == blocks[-1].ref
    opening = next(step for step in follower.derived if len(step.attributes.transactions) == 4)
    deposits = [decode_transaction(raw) for raw in opening.attributes.transactions[1:3]]
    assert all(isinstance(deposit, DepositTransaction) for deposit in deposits)
    hashes = [deposit.source_hash for deposit in deposits if isinstance(deposit, DepositTransaction)]
    assert hashes == [user_deposit_source_hash(deposit_block.hash, index) for index in (0, 1)]


@pytest.mark.parametrize("kind", [TransactionType.LEGACY, TransactionType.ACCESS_LIST, TransactionType.DYNAMIC_FEE])
def test_reads_batcher_transactions_of_each_type_even_reverted_ones(
    kind: TransactionType, l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    blocks = sequencer.build_many(3)
    frames = frames_of([span_of(blocks, config)], config)
    l1.mine(batcher_transaction(config, frames, kind=kind), succeeded=False)
    assert follower.derive() == refs(blocks)


def test_ignores_other_senders_inboxes_and_malformed_calldata(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    blocks = sequencer.build_many(3)
    frames = frames_of([span_of(blocks, config)], config)
    l1.mine(
        batcher_transaction(config, frames, key=OTHER_KEY),
        batcher_transaction(config, frames, to=config.deposit_contract),
        inbox_transaction(config, b"\x00junk" + bytes(40)),
        config.batch_inbox,
    )
    assert follower.derive() == []
    l1.mine(batcher_transaction(config, frames))
    assert follower.derive() == refs(blocks)


def test_batcher_change_on_l1_holds_from_its_own_block_on(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    blocks = sequencer.build_many(3)
    frames = frames_of([span_of(blocks, config)], config)
    change = encode_config_update(UpdateType.BATCHER, bytes(12) + batcher_of(OTHER_KEY), config.l1_system_config)
    l1.mine(batcher_transaction(config, frames, key=OTHER_KEY))
    l1.mine(batcher_transaction(config, frames, key=KEY), logs=[change])
    assert follower.derive() == []
    l1.mine(batcher_transaction(config, frames, key=OTHER_KEY))
    assert follower.derive() == refs(blocks)


def test_gas_limit_change_holds_from_the_first_block_of_its_epoch(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    change = encode_config_update(UpdateType.GAS_LIMIT, (9_000_000).to_bytes(32, "big"), config.l1_system_config)
    changed = l1.mine(logs=[change])
    l1.mine_empty(2)
    post_span(l1, config, sequencer.build_many(9))
    follower.derive()
    by_origin = {
        ref.l1_origin.number: step.attributes.gas_limit
        for ref, step in zip(follower.chain[1:], follower.derived, strict=True)
    }
    assert by_origin[100] == 20_000_000
    assert by_origin[changed.header.number] == 9_000_000


def test_frames_spread_over_l1_blocks_within_the_timeout(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    blocks = sequencer.build_many(3)
    frames = frames_of([span_of(blocks, config)], config)
    l1.mine(batcher_transaction(config, frames[:1]))
    l1.mine_empty(config.channel_timeout - 1)
    l1.mine(batcher_transaction(config, frames[1:]))
    assert follower.derive() == refs(blocks)


def test_channel_times_out_one_l1_block_later(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    frames = frames_of([span_of(sequencer.build_many(3), config)], config)
    l1.mine(batcher_transaction(config, frames[:1]))
    l1.mine_empty(config.channel_timeout)
    l1.mine(batcher_transaction(config, frames[1:]))
    assert follower.derive() == []


def test_frames_out_of_order_lose_the_channel(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    blocks = sequencer.build_many(3)
    first, second, third = frames_of([span_of(blocks, config)], config)
    l1.mine(batcher_transaction(config, [first]), batcher_transaction(config, [third]))
    l1.mine(batcher_transaction(config, [second]))
    assert follower.derive() == []
    l1.mine(batcher_transaction(config, [third]))
    assert follower.derive() == refs(blocks), "the third frame was dropped, the second kept the channel in order"


def test_a_new_channel_replaces_an_unfinished_one(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    blocks = sequencer.build_many(3)
    old = frames_of([span_of(blocks, config)], config, channel=b"\x01" * 16)
    new = frames_of([span_of(blocks, config)], config, channel=b"\x02" * 16)
    l1.mine(batcher_transaction(config, old[:2]))
    l1.mine(batcher_transaction(config, new[:1]))
    l1.mine(batcher_transaction(config, old[2:]))
    assert follower.derive() == []
    l1.mine(batcher_transaction(config, new[1:]))
    assert follower.derive() == refs(blocks)


def test_invalid_block_in_the_middle_drops_the_rest_of_span_and_channel(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    blocks = sequencer.build_many(4)
    late = sequencer.build_many(1)
    bad = dataclasses.replace(blocks[2], transactions=(b"\x7e\xc0",))
    sound = frames_of([singular_of(block) for block in blocks[2:]], config)
    batches = [singular_of(block) for block in (*blocks[:2], bad, *blocks[2:], *late)]
    l1.mine(batcher_transaction(config, frames_of(batches, config)))
    assert follower.derive() == refs(blocks[:2])
    l1.mine(batcher_transaction(config, sound))
    assert follower.derive() == refs(blocks[2:])


def test_malformed_batch_drops_the_rest_of_the_channel(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    first, second = sequencer.build_many(2)
    l1.mine(batcher_transaction(config, frames_of([singular_of(first), b"\x05?", singular_of(second)], config)))
    assert follower.derive() == [first.ref]


def test_a_brotli_bomb_derives_nothing_within_bounded_memory(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    blocks = sequencer.build_many(2)
    compressor = brotli.Compressor(quality=5)
    bomb = b"\x01" + b"".join([compressor.process(bytes(1 << 20)) for _ in range(200)]) + compressor.finish()
    assert len(bomb) < 2_000
    l1.mine(batcher_transaction(config, [Frame(channel_id=b"\x01" * 16, number=0, data=bomb, is_last=True)]))
    tracemalloc.start()
    assert follower.derive() == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    post_span(l1, config, blocks)
    assert follower.derive() == refs(blocks)


def test_rejected_payload_becomes_deposits_only_and_drops_the_rest(l1: L1Chain, config: RollupConfig) -> None:
    l1.mine_empty(1)
    sequencer = Sequencer(config, l1)
    blocks = sequencer.build_many(4)
    follower = Follower(config, l1, reject=lambda attributes: attributes.timestamp == blocks[1].ref.timestamp)
    l1.mine(batcher_transaction(config, frames_of([span_of(blocks, config)], config)))
    derived = follower.derive()
    assert [ref.timestamp for ref in derived] == [block.ref.timestamp for block in blocks[:2]]
    assert derived[0] == blocks[0].ref
    assert derived[1].hash != blocks[1].ref.hash
    assert not has_pool_transactions(follower.derived[1].attributes.deposits_only())


def test_span_may_overlap_the_safe_chain(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(2)
    blocks = sequencer.build_many(8)
    post_span(l1, config, blocks[:5])
    post_span(l1, config, blocks[2:])
    assert follower.derive() == refs(blocks)


def test_overlapping_span_with_another_parent_is_dropped(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(2)
    blocks = sequencer.build_many(8)
    post_span(l1, config, blocks[:5])
    forged = dataclasses.replace(blocks[2], ref=dataclasses.replace(blocks[2].ref, parent_hash=blocks[4].ref.hash))
    l1.mine(batcher_transaction(config, frames_of([span_of([forged, *blocks[3:]], config)], config)))
    assert follower.derive() == refs(blocks[:5])


def test_past_batches_are_skipped_without_losing_the_channel(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(2)
    blocks = sequencer.build_many(6)
    post_span(l1, config, blocks[:3])
    again = [singular_of(blocks[1]), span_of(blocks[:2], config), span_of(blocks[3:], config)]
    l1.mine(batcher_transaction(config, frames_of(again, config)))
    assert follower.derive() == refs(blocks)


def test_gap_is_dropped_not_buffered(
    l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(1)
    blocks = sequencer.build_many(4)
    post_span(l1, config, blocks[2:])
    post_span(l1, config, blocks[:2])
    assert follower.derive() == refs(blocks[:2])


def test_span_whose_last_origin_l1_has_not_reached_waits_for_it(l1: L1Chain, config: RollupConfig) -> None:
    # Nobody can know a later block's hash, but this L1's headers don't commit to transactions.
    future = L1Chain()
    future.mine_empty(5)
    blocks = Sequencer(config, future).build_many(26)
    assert blocks[-1].ref.l1_origin.number == 104
    l1.mine_empty(1)
    post_span(l1, config, blocks)
    follower = Follower(config, l1)
    assert follower.derive() == []
    l1.mine_empty(1)
    assert follower.derive() == []
    l1.mine_empty(1)
    assert follower.derive() == refs(blocks[:24]), "up to the first block of the epoch that L1 has just reached"
    l1.mine_empty(1)
    assert follower.derive() == refs(blocks[24:])


def test_span_that_waited_in_vain_is_dropped_with_its_channel(l1: L1Chain, config: RollupConfig) -> None:
    future = L1Chain()
    future.mine_empty(4)
    future.mine(salt=b"never to be")
    future.mine_empty(1)
    astray = Sequencer(config, future).build_many(32)
    assert astray[-1].ref.l1_origin.hash == future.blocks[-2].hash
    sound = Sequencer(config, l1).build_many(2)
    l1.mine_empty(1)
    l1.mine(batcher_transaction(config, frames_of([span_of(astray, config), span_of(sound, config)], config)))
    l1.mine_empty(4)
    follower = Follower(config, l1)
    assert follower.derive() == []


def test_batch_included_after_its_window_is_dropped_and_empty_blocks_follow(l1: L1Chain) -> None:
    config = make_rollup_config(l1, seq_window_size=4)
    sequencer = Sequencer(config, l1)
    l1.mine_empty(1)
    blocks = sequencer.build_many(3)
    l1.mine_empty(3)
    post_span(l1, config, blocks)
    follower = Follower(config, l1)
    derived = follower.derive()
    assert all(not has_pool_transactions(step.attributes) for step in follower.derived)
    assert [ref.l1_origin.number for ref in derived] == [100] * 5 + [101] * 6


def test_batch_included_in_the_last_block_of_its_window_is_accepted(l1: L1Chain) -> None:
    config = make_rollup_config(l1, seq_window_size=4)
    sequencer = Sequencer(config, l1)
    l1.mine_empty(1)
    blocks = sequencer.build_many(3)
    l1.mine_empty(2)
    post_span(l1, config, blocks)
    follower = Follower(config, l1)
    assert l1.head.header.number == 104
    assert follower.derive()[:3] == refs(blocks)


def test_closed_window_forces_deposits_in(l1: L1Chain) -> None:
    config = make_rollup_config(l1, seq_window_size=4)
    l1.mine(logs=[user_deposit_log(config)])
    l1.mine_empty(5)
    follower = Follower(config, l1)
    follower.derive()
    forced = [step for step in follower.derived if len(step.attributes.transactions) == 2]
    assert len(forced) == 1
    assert forced[0].derived_from.number == 105
    assert all(step.is_last_in_span for step in follower.derived)


def test_empty_blocks_keep_the_origin_while_l1_time_is_ahead_and_never_skip_an_epoch(l1: L1Chain) -> None:
    config = make_rollup_config(l1, seq_window_size=2)
    l1.mine(seconds=1)
    l1.mine(seconds=1)
    l1.mine(seconds=30)
    l1.mine_empty(4)
    follower = Follower(config, l1)
    derived = follower.derive()
    numbers = [ref.l1_origin.number for ref in derived]
    assert sorted(set(numbers)) == list(range(numbers[0], numbers[-1] + 1))
    assert numbers == sorted(numbers)
    for ref in derived:
        origin = l1.at(ref.l1_origin.number)
        assert origin is not None
        assert ref.timestamp >= origin.header.timestamp


def test_beyond_the_drift_only_empty_blocks_pass(l1: L1Chain) -> None:
    config = make_rollup_config(l1, max_sequencer_drift=6)
    sequencer = Sequencer(config, l1)
    origin = l1.blocks[0]
    blocks = [sequencer.build(origin=origin, transactions=1) for _ in range(3)]
    blocks += [sequencer.build(origin=origin, transactions=0) for _ in range(3)]
    too_late = sequencer.build(origin=origin, transactions=1)
    l1.mine(seconds=100)
    l1.mine(batcher_transaction(config, frames_of([span_of([*blocks, too_late], config)], config)))
    follower = Follower(config, l1)
    assert follower.derive() == refs(blocks)


def test_beyond_the_drift_an_empty_block_must_take_the_next_origin_if_it_can(l1: L1Chain) -> None:
    config = make_rollup_config(l1, max_sequencer_drift=6)
    sequencer = Sequencer(config, l1)
    origin = l1.blocks[0]
    blocks = [sequencer.build(origin=origin, transactions=0) for _ in range(7)]
    l1.mine(seconds=12)
    l1.mine(batcher_transaction(config, frames_of([span_of(blocks, config)], config)))
    follower = Follower(config, l1)
    assert follower.derive() == refs(blocks[:5]), "the sixth block is at the next origin's time"


def test_l1_reorg_under_the_pipeline_asks_for_a_reset(l1: L1Chain, follower: Follower) -> None:
    l1.mine_empty(2)
    follower.derive()
    fork = L1Chain()
    fork.mine(salt=b"fork")
    fork.mine_empty(2)
    with pytest.raises(DerivationReset, match="reorganised"):
        follower.pipeline.provide(fork.head)


def test_safe_head_on_another_l1_asks_for_a_reset(l1: L1Chain, config: RollupConfig, follower: Follower) -> None:
    stray = dataclasses.replace(follower.head.l1_origin, hash=config.genesis.l2.hash)
    l1.mine_empty(1)
    follower.pipeline.provide(l1.head)
    with pytest.raises(DerivationReset, match="not canonical"):
        follower.pipeline.step(dataclasses.replace(follower.head, l1_origin=stray))


def test_reset_origin_is_a_channel_timeout_back_but_not_before_genesis(config: RollupConfig) -> None:
    head = genesis_ref(config)
    assert reset_origin(head, config) == 100
    later = dataclasses.replace(head, l1_origin=dataclasses.replace(head.l1_origin, number=180))
    assert reset_origin(later, config) == 130


@pytest.mark.parametrize("safe", [0, 1, 4, 7])
def test_after_a_reset_the_same_blocks_follow(
    safe: int, l1: L1Chain, config: RollupConfig, sequencer: Sequencer, follower: Follower
) -> None:
    l1.mine_empty(2)
    blocks = sequencer.build_many(8)
    post_span(l1, config, blocks)
    l1.mine_empty(2)
    assert follower.derive() == refs(blocks)
    del follower.chain[safe + 1 :]
    base = l1.at(reset_origin(follower.head, config))
    assert base is not None
    follower.pipeline.reset(base, follower.head, config.genesis.system_config)
    assert follower.derive() == refs(blocks[safe:])


def test_spent_batches_stay_spent_after_a_reset(l1: L1Chain, config: RollupConfig) -> None:
    l1.mine_empty(1)
    sequencer = Sequencer(config, l1)
    blocks = sequencer.build_many(4)
    follower = Follower(config, l1, reject=lambda attributes: attributes.timestamp == blocks[1].ref.timestamp)
    post_span(l1, config, blocks)
    l1.mine_empty(1)
    follower.derive()
    assert follower.head.number == 2
    follower.pipeline.reset(
        l1.blocks[0],
        follower.head,
        config.genesis.system_config,
        processed_through=L1BlockNumber(l1.blocks[-2].header.number),
    )
    assert follower.derive() == [], "the rest of the span was dropped with the rejected payload"
