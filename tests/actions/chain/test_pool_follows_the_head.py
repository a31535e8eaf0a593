"""What the pool hears of blocks, through the feed that the node wires."""

import asyncio

from node.adapters.pool_feed import HeadFeed
from rollup.txpool import TxPool
from rpc.events import EventHub
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Wei
from state.transactions import TransactionType
from tests.actions.chain.world import USERS, World


def _feed(world: World) -> None:
    """In place of the action tests' own listener."""
    pool: TxPool = world.sequencer.pool
    engine = world.sequencer.engine
    engine._listeners.clear()
    engine.add_listener(HeadFeed(loop=asyncio.get_running_loop(), events=EventHub(), pool=pool))


async def test_pool_counts_on_from_a_nonce_that_somebody_elses_transaction_used_up(world: World) -> None:
    _feed(world)
    await world.act_epoch()
    delegated = private_key_to_address(USERS[1])
    waiting = world.sign(
        1, nonce=1
    )  # its turn comes when nonce 0 is used up: by an authorization, not by a transaction
    world.sequencer.pool.add(waiting.raw)
    assert world.sequencer.pool.pending_nonce(delegated) == 0
    world.send(0, type=TransactionType.SET_CODE, value=Wei(0), authorizations=(world.authorization(1, 0, bytes(20)),))
    await world.act_sequence()
    await asyncio.sleep(0)
    assert world.sequencer.pool.pending_nonce(delegated) == 2
    await world.act_sequence()
    assert world.succeeded(waiting.hash, world.sequencer)


async def test_transactions_of_dropped_blocks_are_in_the_pool_again(world: World) -> None:
    _feed(world)
    for user in range(3):
        world.send(user)
        await world.act_epoch()
    await asyncio.sleep(0)
    assert world.sequencer.pool.status().executable == 0
    world.chain.reorg(3)
    await world.sequencer.derive()
    await asyncio.sleep(0)
    back = world.sequencer.pool.status().executable
    assert back >= 2
    await world.act_sequence()
    await asyncio.sleep(0)
    assert all(world.succeeded(one, world.sequencer) for one in world.sent)
