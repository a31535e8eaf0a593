"""What the batcher does while nothing goes wrong, and how it copes with an L1 that is slow or away."""

from typing import Any

import pytest

from rollup.codec import channel, compress_brotli
from rollup.errors import L1Unavailable
from tests.actions.batcher.world import World


async def test_posts_every_block_once_and_empties_its_outbox(world: World) -> None:
    for _ in range(10):
        world.l2.build(6)
        await world.round()
    await world.settle()
    world.assert_each_block_posted_once()
    assert world.disk.values.keys() == {b"\x21s"}


async def test_quiet_chain_posts_within_the_channel_duration(make_world: Any) -> None:
    world = make_world(max_channel_duration=3)
    await world.round()
    world.l2.build(1, transactions=0)
    for _ in range(3):
        await world.round()
        assert world.l1.calldata() == []
    await world.round()
    assert world.l2.derived().safe == 1


async def test_full_channel_does_not_wait_and_uses_several_transactions(make_world: Any) -> None:
    world = make_world(max_channel_duration=30)
    await world.round()
    world.l2.build(8, transactions=3)
    await world.round()
    assert len(world.l1.calldata()) >= 3
    assert all(len(data) <= 600 for _, data in world.l1.calldata())
    assert world.l2.derived().safe >= 4


async def test_empty_blocks_become_safe_too(world: World) -> None:
    world.l2.build(30, transactions=0)
    await world.settle()
    world.assert_each_block_posted_once()
    assert len(world.l1.calldata()) == 1


async def test_metrics_count_bytes_and_transactions(world: World) -> None:
    world.l2.build(10, transactions=2)
    await world.settle()
    metrics = world.batcher.metrics
    assert metrics.transactions == 20
    assert metrics.blocks == 10
    assert metrics.bytes_on_l1 == sum(len(data) for _, data in world.l1.calldata())
    assert 0 < metrics.compression_ratio < 1.1
    assert metrics.bytes_per_transaction == metrics.bytes_on_l1 / 20


async def test_goes_on_where_it_was_after_l1_was_away(world: World) -> None:
    world.l2.build(5)
    await world.round()
    world.l1.away = True
    world.l2.build(5)
    with pytest.raises(L1Unavailable):
        await world.batcher.step()
    world.l1.away = False
    await world.settle()
    world.assert_each_block_posted_once()


async def test_raises_the_fee_until_a_dearer_l1_takes_it(world: World) -> None:
    world.l2.build(3)
    await world.batcher.step()
    await world.round()
    world.l1.base_fee *= 4
    world.l2.build(3)
    await world.settle()
    world.assert_each_block_posted_once()


async def test_throttles_while_the_unsafe_chain_runs_ahead(make_world: Any) -> None:
    world = make_world(throttle_blocks=20)
    world.l1.capacity = 0
    world.l2.build(15)
    await world.round()
    assert not world.batcher.throttle()
    world.l2.build(15)
    await world.round()
    assert world.batcher.throttle()
    world.l1.capacity = 100
    await world.settle()
    assert not world.batcher.throttle()


async def test_keeps_only_a_few_channels_in_flight(make_world: Any) -> None:
    world = make_world(max_channels_in_flight=2)
    world.l1.capacity = 0
    for _ in range(5):
        world.l2.build(20)
        await world.round()
    assert len(world.outbox()) == 2
    world.l1.capacity = 100
    await world.settle()
    world.assert_each_block_posted_once()


async def test_closes_a_channel_of_zeros_long_before_it_is_large_on_l1(make_world: Any) -> None:
    world = make_world(max_channel_duration=1_000, max_channel_plain_bytes=3_000, target_channel_bytes=10**9)
    await world.round()
    world.l2.build(20, transactions=2)
    await world.round()
    assert len(world.l2.derived().ranges) >= 2


@pytest.mark.parametrize(("busy_plain_bytes", "quality"), [(100, 5), (1_000_000, 10)])
async def test_compresses_a_channel_by_how_much_is_in_it(
    make_world: Any, monkeypatch: pytest.MonkeyPatch, busy_plain_bytes: int, quality: int
) -> None:
    used: list[int] = []

    def compress(plain: bytes, quality: int) -> bytes:
        used.append(quality)
        return compress_brotli(plain, quality)

    monkeypatch.setattr(channel, "compress_brotli", compress)
    world = make_world(busy_plain_bytes=busy_plain_bytes)
    await world.round()
    world.l2.build(4, transactions=3)
    await world.settle()
    assert set(used) == {quality}
    world.assert_each_block_posted_once()
