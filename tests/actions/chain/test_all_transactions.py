"""A chain with everything that a block may hold: the follower has the sequencer's hashes, by both executors."""

from typing import Final

from contracts.assembler import assemble, creation_code
from rollup.codec.deposits import alias_address
from state.primitives import rlp
from state.primitives.crypto import keccak256, private_key_to_address
from state.primitives.types import Address, Gas, Hash32, Wei
from state.transactions import AccessListEntry, TransactionType
from tests.actions.chain.world import NOBODY, USERS, World, deposit_call

COUNTER: Final = creation_code(assemble("0 sload 1 add dup1 0 sstore 0 mstore 32 0 log0 0 0 return"))
"""Counts its calls in slot 0 and logs the count."""
REVERTER: Final = creation_code(assemble("0 0 revert"))
USER: Final = [private_key_to_address(key) for key in USERS]


def _created(sender: Address, nonce: int) -> Address:
    return Address(keccak256(rlp.encode([sender, rlp.int_to_bytes(nonce)]))[12:])


async def test_follower_reaches_the_sequencers_hashes_with_every_type_of_transaction(world: World) -> None:
    await world.act_epoch()
    counter, reverter = _created(USER[0], 0), _created(USER[0], 1)
    world.send(0, to=None, value=Wei(0), data=COUNTER)
    world.send(0, to=None, value=Wei(0), data=REVERTER)
    await world.act_epoch()
    good = [
        world.send(1, type=TransactionType.LEGACY, max_priority_fee_per_gas=Wei(10**11)),
        world.send(1, type=TransactionType.LEGACY, chain_id=None, max_priority_fee_per_gas=Wei(10**11)),
        world.send(
            2,
            type=TransactionType.ACCESS_LIST,
            to=counter,
            max_priority_fee_per_gas=Wei(10**11),
            access_list=(AccessListEntry(address=counter, storage_keys=(Hash32(bytes(32)),)),),
            value=Wei(0),
        ),
        world.send(2, to=counter, value=Wei(5)),
        world.send(
            3,
            type=TransactionType.SET_CODE,
            to=USER[1],
            value=Wei(0),
            authorizations=(world.authorization(1, 2, counter), world.authorization(2, 77, counter)),
        ),
    ]  # fmt: skip
    failing = [
        world.send(0, to=reverter, value=Wei(0)),
        world.send(0, to=None, value=Wei(0), data=b"\xfe"),
        world.send(0, to=counter, value=Wei(0), gas_limit=Gas(21_500)),
    ]
    await world.act_epoch()
    await world.act_safe()
    assert all(world.succeeded(one.hash) for one in good)
    assert not any(world.succeeded(one.hash) for one in failing)
    assert len(world.account(counter).code_hash) == 32
    assert world.account(USER[1]).nonce == 3, "two transactions and one authorization"
    assert world.account(counter).balance == 5


async def test_deposits_succeed_fail_create_and_come_from_contracts(world: World) -> None:
    depositor = _created(USER[3], 0)
    forward = _forwarder(world, depositor)
    world.send_l1(USERS[3], None, forward)
    await world.act_epoch()
    world.deposit(USERS[0], NOBODY, mint=7, value=7)
    world.deposit(USERS[0], NOBODY, mint=3, value=10**30)
    world.deposit(USERS[1], None, gas=500_000, data=COUNTER)
    world.send_l1(USERS[2], depositor, b"", value=11)
    before = world.account(USER[0]).balance
    await world.act_epoch()
    await world.act_epoch()
    await world.act_safe()
    ((number, deposits),) = world.user_deposits().items()
    assert [one.succeeded for one in world.receipts(number)] == [True, True, False, True, True]
    assert deposits[3].sender == alias_address(depositor)
    assert world.account(alias_address(depositor)).balance == 11 - 4
    assert world.account(NOBODY).balance == 7 + 4
    assert world.account(USER[0]).balance == before + 3, "what a failing deposit mints stays"
    assert world.account(_created(USER[1], 0)).nonce == 1


def _forwarder(world: World, address: Address) -> bytes:
    """A contract on L1 that deposits what it is sent, 4 of it to NOBODY."""
    call = deposit_call(NOBODY, 4, 100_000, b"")
    stores = " ".join(
        f"0x{call[start : start + 32].ljust(32, bytes(1)).hex()} {start} mstore" for start in range(0, len(call), 32)
    )
    portal = "0x" + world.rollup.deposit_contract.hex()
    return creation_code(assemble(f"{stores} 0 0 {len(call)} 0 callvalue {portal} gas call 0 0 return"))
