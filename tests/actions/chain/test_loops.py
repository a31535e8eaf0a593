"""The loops of driver and sequencer as the node runs them, on a clock that a test moves."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rollup.engine import Engine
from rollup.errors import FinalityContradicted
from rollup.simulator import SimulatedL1, SimulatorConfig
from rollup.types import L2BlockRef
from state.database import ChainDatabase, MemoryStore
from tests.actions.chain.world import World


class Sleeps:
    """What the loops sleep by: a sleeper wakes when the test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._waiting: list[asyncio.Future[None]] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    async def next_round(self) -> None:
        """Wake everybody, return when all sleep again."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            future.set_result(None)
        for _ in range(100_000):
            if self._waiting:
                return
            await asyncio.sleep(0)
        raise AssertionError("the loop never sleeps")


async def _loop(run: Callable[[], Awaitable[None]], sleeps: Sleeps) -> "asyncio.Task[None]":
    task = asyncio.ensure_future(run())
    await sleeps.next_round()
    return task  # type: ignore[return-value]


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_driver_waits_out_an_l1_outage_and_a_reorg(world: World) -> None:
    sleeps = Sleeps()
    world.follower.driver._sleep = sleeps
    task = await _loop(world.follower.driver.run, sleeps)
    for _ in range(4):
        world.act_l1_block()
        await world.sequencer.derive()
        await world.act_sequence(3)
        await world.act_batch()
    world.l1.away = True
    await sleeps.next_round()
    assert world.follower.engine.safe_head.number == 0
    world.l1.away = False
    await sleeps.next_round()
    before = world.follower.engine.safe_head.number
    assert before > 0
    world.chain.reorg(3)
    await world.sequencer.derive()
    while world.sequencer.engine.unsafe_head.timestamp < world.now:
        await world.act_sequence()
    for _ in range(3):
        await world.act_batch()
        world.act_l1_block()
        await world.sequencer.derive()
        await sleeps.next_round()
    assert world.follower.engine.safe_head.number >= before
    world.assert_agreement()
    await _end(task)


class _Finality:
    """EngineListener: how far the safe head was when the finalized one first moved."""

    def __init__(self, engine: Engine) -> None:
        self._genesis = engine.finalized_head
        self.safe_at_first_finality: int | None = None

    def on_unsafe_block(self, *_: object) -> None: ...

    def on_reorg(self, *_: object) -> None: ...

    def on_heads(self, unsafe: L2BlockRef, safe: L2BlockRef, finalized: L2BlockRef) -> None:
        del unsafe
        if self.safe_at_first_finality is None and finalized != self._genesis:
            self.safe_at_first_finality = safe.number


async def test_finality_moves_while_a_long_chain_is_being_derived(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollup.driver.driver.STEPS_PER_POLL", 10)
    await world.seconds(60)
    finality = _Finality(world.follower.engine)
    world.follower.engine.add_listener(finality)
    sleeps = Sleeps()
    world.follower.driver._sleep = sleeps
    task = await _loop(world.follower.driver.run, sleeps)
    assert finality.safe_at_first_finality is not None
    assert finality.safe_at_first_finality < world.follower.engine.safe_head.number // 2
    world.assert_agreement()
    await _end(task)


async def test_sequencer_builds_at_the_chains_pace_and_only_when_the_driver_is_ready(world: World) -> None:
    sleeps, ready = Sleeps(), False
    sequencer = world.sequencer.sequencer
    sequencer._sleep, sequencer._ready = sleeps, lambda: ready
    world.now += 3
    task = await _loop(sequencer.run, sleeps)
    assert world.sequencer.engine.unsafe_head.number == 0
    ready = True
    await sleeps.next_round()
    assert world.sequencer.engine.unsafe_head.number == 3, "it catches up without a pause"
    assert sleeps.asked[-1] == 0.75, "then it sleeps until shortly before the next block is due"
    world.now += 0.75
    await sleeps.next_round()
    assert world.sequencer.engine.unsafe_head.number == 3
    assert sleeps.asked[-1] == 0.25, "it knows what to build on, and waits for the moment"
    world.now += 0.25
    await sleeps.next_round()
    assert world.sequencer.engine.unsafe_head.number == 4
    await _end(task)


async def test_a_block_that_is_due_does_not_wait_for_l1(world: World) -> None:
    sleeps = Sleeps()
    sequencer = world.sequencer.sequencer
    sequencer._sleep = sleeps
    task = await _loop(sequencer.run, sleeps)
    world.now += 0.75
    await sleeps.next_round()
    world.l1.away = True
    world.now += 0.25
    await sleeps.next_round()
    assert world.sequencer.engine.unsafe_head.number == 1
    await _end(task)


async def test_what_was_found_out_early_is_not_used_on_another_head(world: World) -> None:
    sleeps = Sleeps()
    sequencer = world.sequencer.sequencer
    sequencer._sleep = sleeps
    task = await _loop(sequencer.run, sleeps)
    world.now += 0.75
    await sleeps.next_round()
    await world.act_sequence()
    world.now += 0.25
    await sleeps.next_round()
    assert world.sequencer.engine.unsafe_head.number == 1, "the next one is due a second later"
    world.now += 1
    await sleeps.next_round()
    assert world.sequencer.engine.unsafe_head.number == 2
    await _end(task)


async def test_sequencer_waits_while_l1_is_away_and_catches_up_after(world: World) -> None:
    sleeps = Sleeps()
    sequencer = world.sequencer.sequencer
    sequencer._sleep = sleeps
    task = await _loop(sequencer.run, sleeps)
    world.l1.away = True
    world.now += 5
    await sleeps.next_round()
    assert world.sequencer.engine.unsafe_head.number == 0
    world.l1.away = False
    await sleeps.next_round()
    assert world.sequencer.engine.unsafe_head.number == 5
    await _end(task)


async def test_sequencer_stands_still_on_an_origin_that_was_reorganised_until_the_driver_has_reset(
    world: World,
) -> None:
    for _ in range(3):
        await world.act_epoch()
    sleeps = Sleeps()
    sequencer = world.sequencer.sequencer
    sequencer._sleep = sleeps
    task = await _loop(sequencer.run, sleeps)
    head = world.sequencer.engine.unsafe_head
    world.chain.reorg(2)
    world.now += 2
    await sleeps.next_round()
    assert world.sequencer.engine.unsafe_head == head
    await world.sequencer.derive()
    await sleeps.next_round()
    origin = world.sequencer.engine.unsafe_head.l1_origin
    assert world.sequencer.engine.unsafe_head.timestamp >= world.now - 1
    assert world.chain.db.canonical_hash(origin.number) == origin.hash
    await _end(task)


async def test_endpoint_of_another_chain_stops_a_node_whose_blocks_are_final(world: World) -> None:
    await world.seconds(60)
    await world.follower.derive()
    await world.follower.driver.poll()
    assert world.follower.engine.finalized_head.number > 0
    other = SimulatedL1(
        ChainDatabase(MemoryStore()),
        world.make_executor(),
        world._l1_spec,
        clock=lambda: world.now,
        config=SimulatorConfig(seed=b"another"),
    )
    other.mine(40)
    world.l1.use(other)
    world.restart_follower()
    with pytest.raises(FinalityContradicted, match="another block"):
        await world.follower.derive()
