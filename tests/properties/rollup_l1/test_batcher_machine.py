"""Whatever L1, the clock and kill -9 do in whatever order: every L2 block is posted exactly once and becomes safe."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from rollup.errors import L1Unavailable
from tests.actions.batcher.world import FINALITY, Killed, World


class BatcherMachine(RuleBasedStateMachine):
    """One world and everything that may happen to it, reorgs below finality excepted: those don't happen on L1."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(window=10_000, channel_timeout=1_000)

    def run(self, action: Coroutine[Any, Any, None]) -> None:
        try:
            asyncio.run(action)
        except Killed:
            self.world.restart()
        except L1Unavailable:
            assert self.world.l1.away

    @rule(blocks=st.integers(1, 12), transactions=st.integers(0, 3))
    def l2_grows(self, blocks: int, transactions: int) -> None:
        self.world.l2.build(blocks, transactions=transactions)

    @rule(rounds=st.integers(1, 6))
    def time_passes(self, rounds: int) -> None:
        for _ in range(rounds):
            self.run(self.world.round())

    @rule()
    def batcher_looks(self) -> None:
        self.run(self.world.batcher.step())

    @rule(moment=st.integers(0, 12))
    def is_killed(self, moment: int) -> None:
        self.world.fuse.left = moment
        self.run(self.world.round())
        self.world.fuse.left = None

    @precondition(lambda self: len(self.world.l1.chain) > 1)
    @rule(depth=st.integers(1, FINALITY - 1), lose=st.booleans())
    def l1_reorganises(self, depth: int, lose: bool) -> None:
        self.world.l1.reorg(min(depth, len(self.world.l1.chain) - 1), lose_transactions=lose)

    @rule(capacity=st.sampled_from((0, 1, 3, 100)), base_fee=st.sampled_from((10**9, 3 * 10**9, 8 * 10**9)))
    def l1_is_crowded_or_not(self, capacity: int, base_fee: int) -> None:
        self.world.l1.capacity, self.world.l1.base_fee = capacity, base_fee

    @rule()
    def pool_forgets(self) -> None:
        self.world.l1.pool.clear()

    @rule(away=st.booleans())
    def l1_comes_and_goes(self, away: bool) -> None:
        self.world.l1.away = away

    def teardown(self) -> None:
        world = self.world
        world.fuse.left = None
        world.l1.away, world.l1.capacity, world.l1.base_fee = False, 100, 10**9
        asyncio.run(world.settle(150))
        world.assert_each_block_posted_once()


TestBatcherMachine = BatcherMachine.TestCase
TestBatcherMachine.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
