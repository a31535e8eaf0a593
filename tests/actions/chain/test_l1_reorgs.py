"""A reorg of L1 takes back what stood on it, on both nodes, while they run."""

from collections.abc import Awaitable, Callable

import pytest

from rollup.errors import L1Unavailable
from rollup.types import L1BlockRef
from tests.actions.chain.world import NOBODY, USERS, World


@pytest.mark.parametrize("depth", range(1, 9))
async def test_safe_head_follows_a_reorg_and_transactions_return(world: World, depth: int) -> None:
    for number in range(9):
        world.send(number % 4)
        await world.act_epoch()
    await world.act_derive()
    safe_before, unsafe_before = world.follower.engine.safe_head, world.sequencer.engine.unsafe_head
    world.chain.reorg(depth)
    await world.act_derive()
    safe = world.follower.engine.safe_head
    assert safe.number <= safe_before.number
    assert (safe.number < safe_before.number) == (depth > 1), "what the newest L1 block held comes back in its place"
    for node in (world.sequencer, world.follower):
        origin = node.engine.unsafe_head.l1_origin
        assert world.chain.db.canonical_hash(origin.number) == origin.hash
    assert world.follower.driver.resets == 1
    while world.sequencer.engine.unsafe_head.number < unsafe_before.number:
        await world.act_sequence()
    await world.act_safe()
    assert all(world.succeeded(one) for one in world.sent)


async def test_deposit_and_system_config_move_with_their_l1_block(world: World) -> None:
    await world.act_epoch()
    world.deposit(USERS[0], NOBODY, mint=5, value=5)
    world.configure("setGasLimit(uint64)", 10_000_000)
    await world.act_epoch()
    await world.act_epoch()
    await world.act_derive()
    before = world.user_deposits()
    assert world.system_config(world.follower.engine.safe_head.number).gas_limit == 10_000_000
    world.chain.reorg(3)  # its first block comes back empty: deposit and update come later than before
    await world.act_derive()
    assert world.system_config(world.sequencer.engine.unsafe_head.number, world.sequencer).gas_limit == 20_000_000
    while world.sequencer.engine.unsafe_head.timestamp < world.now:
        await world.act_sequence()
    await world.act_safe()
    after = world.user_deposits()
    assert len(after) == len(before) == 1
    assert list(after.values()) != list(before.values()), "another L1 block, hence another source hash"
    ((number, _),) = after.items()
    assert world.system_config(number).gas_limit == world.system_config(number - 1).gas_limit // 2
    assert world.account(NOBODY).balance == 5


async def test_l1_outage_during_a_reset_does_not_cost_the_safe_head(world: World) -> None:
    for _ in range(4):
        await world.act_epoch()
    await world.act_derive()
    safe = world.follower.engine.safe_head
    world.follower.driver.request_reset("somebody asked")
    await world.follower.driver.poll()
    world.l1.away = True
    with pytest.raises(L1Unavailable, match="did not answer"):
        await world.follower.driver.advance()
    assert world.follower.engine.safe_head == safe
    world.l1.away = False
    await world.follower.derive()
    assert world.follower.engine.safe_head == safe
    world.assert_agreement()


async def test_l1_that_is_behind_after_a_restart_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        await world.act_epoch()
    await world.act_derive()
    safe = world.follower.engine.safe_head
    world.restart_follower()
    genesis = await world.l1.block_ref(0)
    with monkeypatch.context() as patch:
        patch.setattr(world.l1, "block_ref", _always(genesis))
        with pytest.raises(L1Unavailable, match="behind"):
            await world.follower.derive()
    assert world.follower.engine.safe_head == safe
    await world.follower.derive()
    assert world.follower.engine.safe_head == safe


async def test_reorg_of_l1_while_nobody_ran_is_noticed_at_the_start(world: World) -> None:
    for _ in range(5):
        await world.act_epoch()
    await world.act_derive()
    world.chain.reorg(4)
    world.restart_follower()
    await world.follower.derive()
    await world.sequencer.derive()
    while world.sequencer.engine.unsafe_head.timestamp < world.now:
        await world.act_sequence()
    await world.act_safe()


def _always(ref: L1BlockRef) -> Callable[..., Awaitable[L1BlockRef]]:
    async def block_ref(_which: object) -> L1BlockRef:
        return ref

    return block_ref
