"""Whatever the sequencer does or leaves undone, L1 alone moves the chain on."""

from collections.abc import Callable

from state.primitives.crypto import private_key_to_address
from tests.actions.chain.world import NOBODY, USERS, World

WINDOW = 6


async def test_deposit_is_forced_in_when_the_sequencer_ignores_it(make_world: Callable[..., World]) -> None:
    world = make_world(window=WINDOW, l1_confirmations=1_000)  # this sequencer never takes a new L1 origin
    await world.act_epoch()
    deposit = world.deposit(USERS[0], NOBODY, mint=5, value=5)
    deposited_at = 0
    for _ in range(3 * WINDOW):
        await world.act_epoch()
        place = world.chain.db.transaction_location(deposit.hash)
        if place is not None:
            deposited_at = world.chain.db.require_header(place[0]).number
        if world.user_deposits():
            break
    await world.act_derive()
    ((number, deposits),) = world.user_deposits().items()
    assert (deposits[0].to, deposits[0].value) == (NOBODY, 5)
    ref = world.follower.engine.ref_by_number(number)
    assert ref is not None
    assert ref.l1_origin.number == deposited_at
    read = world.follower.driver.status.current_l1
    assert read is not None
    assert read.number <= deposited_at + WINDOW + 1, "the deposit's own window had closed by then"
    assert world.account(NOBODY).balance == 5
    assert world.follower.db.canonical_hash(number) == world.sequencer.db.canonical_hash(number)


async def test_silent_batcher_costs_the_unsafe_chain_and_users_get_their_transactions_again(
    make_world: Callable[..., World],
) -> None:
    world = make_world(window=WINDOW)
    world.act_l1_block()
    await world.act_derive()
    first = [world.send(user) for user in (0, 0, 1)]
    lost = await world.act_sequence()
    assert len(world.user_transactions(lost.number)) == 3
    while world.sequencer.db.canonical_hash(lost.number) == lost.hash:
        world.act_l1_block()
        await world.act_derive()
        assert world.chain.db.require_header(world.chain.db.flat_head()).number < 3 * WINDOW
    assert world.user_transactions(lost.number, world.follower) == []
    assert [world.sequencer.pool.transaction(one.hash) for one in first] == first, "all three wait again"
    await world.settle()  # the sequencer catches up, the batcher posts again
    assert all(world.succeeded(one.hash) for one in first)
    assert world.account(private_key_to_address(USERS[0])).nonce == 2


async def test_blocks_forced_by_a_closed_window_are_empty_and_follow_every_l1_block(
    make_world: Callable[..., World],
) -> None:
    world = make_world(window=WINDOW)
    await world.act_derive()
    world.act_l1_block(2 * WINDOW)
    await world.act_derive()
    safe = world.follower.engine.safe_head
    origins = [world.follower.engine.ref_by_number(n).l1_origin.number for n in range(1, safe.number + 1)]  # type: ignore[union-attr]
    assert safe.number > 0
    assert all(world.user_transactions(n, world.follower) == [] for n in range(1, safe.number + 1))
    assert sorted(set(origins)) == list(range(origins[-1] + 1))
    assert origins[-1] >= WINDOW - 1
    world.assert_agreement()
