"""L1TransactionSender on an L1 moved by hand: a wish happens at most once, and none blocks the others for ever."""

from typing import Any

import pytest

from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1 import FeePolicy, L1TransactionSender, MemoryJournal, SenderConfig, TransactionState
from rollup.l1.journal import JournalDamaged, MetaJournal
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType, sign_transaction
from tests.actions.batcher.world import World

KEY = b"\x07" * 32
TARGET = Address(b"\x99" * 20)


def sender_of(world: World, journal: MemoryJournal, **config: Any) -> L1TransactionSender:
    settings = {"confirmation_depth": 3, "resend_after": 20.0, **config}
    return L1TransactionSender(world.l1, KEY, journal, clock=lambda: world.now, config=SenderConfig(**settings))


def foreign(nonce: int) -> Any:
    """A transaction of the same account that the sender knows nothing of."""
    unsigned = SignedTransaction(
        type=TransactionType.DYNAMIC_FEE,
        chain_id=900,
        nonce=Nonce(nonce),
        gas_limit=Gas(21_000),
        max_fee_per_gas=Wei(10**12),
        max_priority_fee_per_gas=Wei(10**12),
        to=TARGET,
        value=Wei(1),
        data=b"foreign",
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(unsigned, KEY)


def included(world: World) -> list[bytes]:
    return [tx.transaction.data for block in world.l1.chain for tx in block.transactions]


async def states(sender: L1TransactionSender) -> list[TransactionState]:
    await sender.tend()
    return [status.state for status in sender.statuses()]


async def test_a_nonce_spent_by_somebody_else_gives_the_wish_a_new_one(world: World) -> None:
    sender = sender_of(world, MemoryJournal())
    first = await sender.submit(b"wish", to=TARGET, data=b"wish")
    world.l1.pool[first.nonce] = foreign(first.nonce)
    world.l1.mine()
    assert await states(sender) == [TransactionState.PENDING]
    world.l1.mine(5)
    await sender.tend()
    status = sender.status(b"wish")
    assert status is not None
    assert status.nonce == first.nonce + 1
    world.l1.mine(4)
    assert await states(sender) == [TransactionState.CONFIRMED]
    assert included(world) == [b"foreign", b"wish"]


async def test_fees_are_what_the_receipts_say_each_transaction_once(world: World) -> None:
    sender = sender_of(world, MemoryJournal())
    paid = 0
    for key in (b"one", b"two"):
        wish = await sender.submit(key, to=TARGET, data=key)
        assert sender.fees_paid == paid
        world.l1.mine()
        await sender.tend()
        receipt = await world.l1.receipt(wish.hashes[-1])
        assert receipt is not None
        paid += receipt.gas_used * receipt.effective_gas_price
        assert sender.fees_paid == paid > 0
    world.l1.reorg(1, lose_transactions=False)
    world.l1.mine(2)
    await sender.tend()
    assert sender.fees_paid == paid


async def test_a_lagging_receipt_does_not_send_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = sender_of(world, MemoryJournal())
    await sender.submit(b"wish", to=TARGET, data=b"wish")
    world.l1.mine()

    async def nothing(_hash: bytes) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(world.l1, "receipt", nothing)
        assert await states(sender) == [TransactionState.PENDING]
        world.l1.mine(2)
        assert await states(sender) == [TransactionState.PENDING]
    assert await states(sender) == [TransactionState.CONFIRMED]
    assert included(world) == [b"wish"]


async def test_fees_stop_at_the_cap_and_wait(world: World) -> None:
    policy = FeePolicy(max_fee_cap=Wei(3 * 10**9), base_fee_multiple=1)
    sender = sender_of(world, MemoryJournal(), fees=policy)
    await sender.submit(b"wish", to=TARGET, data=b"wish")
    world.l1.base_fee = 10**12
    for _ in range(10):
        world.now += 30
        world.l1.mine()
        await sender.tend()
    (status,) = sender.statuses()
    assert status.state is TransactionState.PENDING
    assert len(status.hashes) <= 5
    world.l1.base_fee = 10**9
    world.l1.mine(4)
    assert await states(sender) == [TransactionState.CONFIRMED]


async def test_cancelling_frees_the_nonce_for_those_behind(world: World) -> None:
    sender = sender_of(world, MemoryJournal())
    world.l1.capacity = 0
    for name in (b"one", b"two"):
        await sender.submit(name, to=TARGET, data=name)
    await sender.cancel(b"one")
    await sender.cancel(b"one")
    await sender.cancel(b"unknown")
    world.l1.capacity = 10
    world.l1.mine(4)
    assert await states(sender) == [TransactionState.CANCELLED, TransactionState.CONFIRMED]
    assert included(world) == [b"", b"two"]


async def test_a_cancellation_that_a_reorg_takes_away_is_sent_again(world: World) -> None:
    journal = MemoryJournal()
    sender = sender_of(world, journal)
    world.l1.capacity = 0
    await sender.submit(b"one", to=TARGET, data=b"one")
    await sender.cancel(b"one")
    world.l1.capacity = 10
    world.l1.mine()
    assert await states(sender) == [TransactionState.CANCELLED]
    world.l1.reorg(1)
    sender = sender_of(world, journal)
    assert await states(sender) == [TransactionState.PENDING]
    world.l1.mine(4)
    assert await states(sender) == [TransactionState.CANCELLED]
    assert included(world) == [b""]


async def test_what_is_not_final_can_not_be_forgotten(world: World) -> None:
    sender = sender_of(world, MemoryJournal())
    await sender.submit(b"one", to=TARGET, data=b"one")
    world.l1.mine()
    await sender.tend()
    sender.forget(b"one")
    assert sender.status(b"one") is not None
    world.l1.mine(2)
    await sender.tend()
    sender.forget(b"one")
    assert sender.statuses() == []


async def test_an_l1_that_goes_away_while_sending_gets_it_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = sender_of(world, MemoryJournal())

    async def away(_raw: bytes) -> bytes:
        raise L1Unavailable("L1 endpoint did not answer")

    with monkeypatch.context() as patch:
        patch.setattr(world.l1, "send_raw_transaction", away)
        await sender.submit(b"one", to=TARGET, data=b"one")
    assert world.l1.pool == {}
    await sender.tend()
    assert list(world.l1.pool) == [0]


async def test_nothing_is_journaled_for_a_call_that_would_revert(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = MemoryJournal()
    sender = sender_of(world, journal)

    async def reverts(**_call: Any) -> int:
        raise L1Rejected("eth_estimateGas: execution reverted (3)")

    monkeypatch.setattr(world.l1, "estimate_gas", reverts)
    with pytest.raises(L1Rejected):
        await sender.submit(b"one", to=TARGET, data=b"one", only_if_it_succeeds=True)
    assert list(journal.entries()) == []
    await sender.submit(b"one", to=TARGET, data=b"one")
    assert len(list(journal.entries())) == 1


async def test_a_damaged_journal_stops_the_sender_instead_of_guessing(world: World) -> None:
    world.disk.values[b"\x21txone"] = b"\xc0"
    sender = L1TransactionSender(world.l1, KEY, MetaJournal(world.disk, b"\x21tx"), clock=lambda: 0.0)
    with pytest.raises(JournalDamaged):
        await sender.start()


async def test_while_the_head_stands_still_nothing_but_the_head_is_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = sender_of(world, MemoryJournal())
    await sender.submit(b"wish", to=TARGET, data=b"wish")
    world.l1.mine()
    assert await states(sender) == [TransactionState.INCLUDED]
    asked: list[object] = []
    plain_block_ref, plain_nonce = world.l1.block_ref, world.l1.nonce

    async def block_ref(which: Any) -> Any:
        asked.append(which)
        return await plain_block_ref(which)

    async def nonce(address: Address, which: Any = "latest") -> Nonce:
        asked.append(address)
        return await plain_nonce(address, which)

    monkeypatch.setattr(world.l1, "block_ref", block_ref)
    monkeypatch.setattr(world.l1, "nonce", nonce)
    for _ in range(3):
        await sender.tend()
    assert asked == ["latest"] * 3
    world.l1.reorg(1, lose_transactions=True)
    world.l1.mine(2)
    assert await states(sender) == [TransactionState.PENDING]
    assert sender.address in asked
