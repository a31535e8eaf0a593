"""What SystemConfig on L1 says holds from the first L2 block whose origin is that L1 block, on both nodes."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.addresses import OPERATOR_FEE_VAULT
from node.adapters.sources import BatcherSource
from rollup.batcher import Batcher, Outbox
from rollup.types import SystemConfig
from state.database.schema import META_BATCHER
from state.primitives.crypto import private_key_to_address
from tests.actions.chain.world import USERS, World

UPDATES = [
    ("setGasLimit(uint64)", (10_000_000,), lambda c: c.gas_limit, 10_000_000),
    ("setEIP1559Params(uint32,uint32)", (50, 2), lambda c: c.eip1559_params.hex(), "0000003200000002"),
    (
        "setOperatorFeeScalars(uint32,uint64)",
        (1_000_000, 7),
        lambda c: (c.operator_fee_scalar, c.operator_fee_constant),
        (1_000_000, 7),
    ),
    (
        "setGasConfigEcotone(uint32,uint32)",
        (5, 6),
        lambda c: (c.base_fee_scalar, c.blob_base_fee_scalar),
        (5, 6),
    ),
]


@pytest.mark.parametrize(("function", "arguments", "read", "expected"), UPDATES)
async def test_update_holds_from_the_first_block_of_its_epoch(
    world: World, function: str, arguments: tuple[int, ...], read: Callable[[SystemConfig], Any], expected: object
) -> None:
    await world.act_epoch()
    world.configure(function, *arguments)
    world.act_l1_block()
    updated_at = world.chain.db.require_header(world.chain.db.flat_head()).number
    await world.act_derive()
    for _ in range(3):
        world.send(0)
        await world.act_epoch()
    await world.act_safe()
    for number in range(1, world.follower.engine.safe_head.number + 1):
        ref = world.follower.engine.ref_by_number(number)
        assert ref is not None
        found = read(world.system_config(number))
        assert (found == expected) == (ref.l1_origin.number >= updated_at), number
    assert world.system_config(world.follower.engine.safe_head.number) == world.system_config(
        world.sequencer.engine.safe_head.number, world.sequencer
    )


async def test_gas_limit_and_fee_parameters_show_in_the_header(world: World) -> None:
    world.configure("setGasLimit(uint64)", 12_000_000)
    world.configure("setEIP1559Params(uint32,uint32)", 50, 2)
    await world.act_epoch()
    last = await world.act_epoch()
    header = world.sequencer.db.require_header(last.hash)
    assert header.gas_limit == 12_000_000
    assert header.extra_data.hex() == "000000003200000002"
    await world.act_safe()


async def test_operator_fee_is_charged_from_its_epoch_on(world: World) -> None:
    world.configure("setOperatorFeeScalars(uint32,uint64)", 0, 10**9)
    await world.act_epoch()
    await world.act_epoch()
    world.send(0)
    await world.act_epoch()
    await world.act_safe()
    assert world.account(OPERATOR_FEE_VAULT).balance == 10**9


async def test_rotated_batcher_key_is_obeyed_from_its_l1_block_on(world: World) -> None:
    await world.act_epoch()
    await world.act_epoch()
    await world.act_derive()
    safe = world.follower.engine.safe_head
    new_key = USERS[3]
    world.configure("setBatcherHash(bytes32)", int.from_bytes(private_key_to_address(new_key), "big"))
    world.act_l1_block()
    for _ in range(3):
        await world.act_epoch()  # still with the old key
    await world.act_derive()
    held = world.follower.engine.safe_head
    assert held.number <= safe.number + 3, "what the old key posts after the rotation is nobody's"
    sequencer = world.sequencer
    db = sequencer.db
    sequencer.batcher = Batcher(
        l2=BatcherSource(sequencer.engine, lambda: sequencer.driver.status),
        l1=world.l1,
        sender=sequencer._sender(world, new_key, META_BATCHER + b"new/tx/"),
        outbox=Outbox(db, META_BATCHER + b"new/out/"),
        rollup=world.rollup,
        config=world.batcher_config,
    )
    await world.act_safe()
    assert world.follower.engine.safe_head.number > held.number
