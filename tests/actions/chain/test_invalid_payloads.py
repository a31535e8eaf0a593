"""A batch whose transactions can't be executed: its block keeps only deposits, and the rest of its channel is gone."""

from collections.abc import Callable

import pytest

from rollup.driver import Driver
from rollup.types import L2BlockRef
from tests.actions.chain.world import World

Payload = tuple[L2BlockRef, tuple[bytes, ...]]


def _payload(world: World, ref: L2BlockRef) -> Payload:
    block = world.sequencer.db.block(ref.hash)
    assert block is not None
    return ref, block.transactions


async def _blocks(world: World, count: int) -> list[Payload]:
    """The sequencer's next blocks, each with one transaction; nothing is posted."""
    made = []
    for user in range(count):
        world.send(user % 4)
        made.append(_payload(world, await world.act_sequence()))
    return made


def _spoilt(world: World, payload: Payload) -> Payload:
    bad = world.sign(0, nonce=1_000)
    return payload[0], (*payload[1], bad.raw)


async def _post_spoilt_span(world: World) -> list[Payload]:
    """Five blocks of which the third is impossible, in one channel; L1 has it, nobody has derived it."""
    await world.act_epoch()
    await world.act_safe()
    blocks = await _blocks(world, 5)
    world.post_blocks(*blocks[:2], _spoilt(world, blocks[2]), *blocks[3:])
    world.act_l1_block()
    return blocks


async def test_impossible_transaction_costs_its_block_and_the_rest_of_the_channel(world: World) -> None:
    blocks = await _post_spoilt_span(world)
    await world.act_derive()
    third = blocks[2][0]
    assert world.follower.engine.safe_head.number == third.number
    assert world.follower.db.canonical_hash(third.number - 1) == third.parent_hash
    assert world.user_transactions(third.number, world.follower) == []
    world.assert_agreement()
    assert world.sequencer.engine.unsafe_head.number == third.number, "what stood on the replaced block is gone"
    await world.act_sequence(3)
    await world.act_safe()
    assert all(world.succeeded(one) for one in world.sent)


async def test_batches_after_the_impossible_one_in_its_channel_are_ignored_but_later_channels_count(
    world: World,
) -> None:
    blocks = await _post_spoilt_span(world)
    await world.act_derive()
    replaced = world.follower.engine.safe_head
    world.send(1)
    following = _payload(world, await world.act_sequence())
    world.post_blocks(following)
    world.act_l1_block()
    await world.act_derive()
    assert replaced.number == blocks[2][0].number
    assert world.follower.engine.safe_head == following[0]
    world.assert_agreement()


@pytest.mark.parametrize("steps", range(0, 14))
async def test_restart_anywhere_around_an_invalid_payload_changes_nothing(world: World, steps: int) -> None:
    await _post_spoilt_span(world)
    await world.sequencer.derive()
    await _advance(world.follower.driver, steps)
    world.restart_follower()
    await world.follower.derive()
    assert world.safe_hashes(world.follower) == world.safe_hashes(world.sequencer)
    world.restart_follower()
    await world.act_sequence(3)
    await world.act_safe()


async def test_restart_after_the_replaced_block_ignores_the_rest_of_its_span(world: World) -> None:
    await _post_spoilt_span(world)
    await world.act_derive()
    safe = world.follower.engine.safe_head
    world.restart_follower()
    world.act_l1_block(2)
    await world.follower.derive()
    assert world.follower.engine.safe_head == safe


async def test_undecodable_transaction_in_a_batch_is_an_invalid_payload_too(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    await world.act_epoch()
    await world.act_safe()
    blocks = await _blocks(world, 2)
    unfunded = world.sign(1, nonce=world.nonces[1], value=10**30)
    world.post_blocks((blocks[0][0], (*blocks[0][1], unfunded.raw)), blocks[1])
    world.act_l1_block()
    await world.act_derive()
    assert world.follower.engine.safe_head.number == blocks[0][0].number
    assert world.user_transactions(blocks[0][0].number, world.follower) == []
    world.assert_agreement()


async def _advance(driver: Driver, steps: int) -> None:
    await driver.poll()
    for _ in range(steps):
        if not await driver.advance():
            return
