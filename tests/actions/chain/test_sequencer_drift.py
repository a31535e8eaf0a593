"""L1 stops: the sequencer goes on up to the drift, waits, and takes up its work when L1 comes back."""

from collections.abc import Callable

from tests.actions.chain.world import World

DRIFT = 12


async def test_sequencer_stops_at_the_drift_and_resumes_with_l1(make_world: Callable[..., World]) -> None:
    world = make_world(drift=DRIFT)
    await world.act_epoch(1)
    origin_time = world.now
    made = 0
    while True:
        world.now += 1
        if await world.sequencer.sequencer.step() is None:
            break
        made += 1
        assert made < 3 * DRIFT
    assert world.sequencer.engine.unsafe_head.timestamp == origin_time + DRIFT
    world.send(0)
    world.act_l1_block()
    await world.act_derive()
    while world.sequencer.engine.unsafe_head.timestamp < world.now:
        await world.act_sequence()
    await world.act_safe()
    assert all(world.succeeded(one) for one in world.sent)


async def test_blocks_beyond_the_drift_of_a_late_origin_are_empty(make_world: Callable[..., World]) -> None:
    world = make_world(drift=DRIFT)
    await world.act_epoch(1)
    await _until_drift(world)
    head = world.chain.db.require_header(world.chain.db.flat_head())
    world.now = head.timestamp + 4 * DRIFT
    world.chain.tick()
    await world.act_derive()
    world.send(0)
    while world.sequencer.engine.unsafe_head.timestamp < world.now:
        await world.act_sequence()
    await world.act_safe()
    empty_ones = [n for n in range(DRIFT + 2, 3 * DRIFT) if world.user_transactions(n) == []]
    assert len(empty_ones) >= DRIFT, "no transactions beyond the drift of the origin"
    assert all(world.succeeded(one) for one in world.sent)


async def _until_drift(world: World) -> None:
    for _ in range(3 * DRIFT):
        world.now += 1
        if await world.sequencer.sequencer.step() is None:
            return
    raise AssertionError("the sequencer does not stop")
