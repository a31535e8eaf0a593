"""Senders recovered in another process are those that this one would find, and nobody needs it to live."""

import asyncio
import os
import signal

import pytest

from node.recovery import SenderRecovery
from state.primitives.crypto import private_key_to_address
from state.primitives.types import Address, Gas, Nonce, Wei
from state.transactions import SignedTransaction, TransactionType, sign_transaction

KEYS = [bytes([number]) * 32 for number in range(1, 10)]
GARBAGE = b"\x02\xc0"


def transfer(key: bytes) -> bytes:
    unsigned = SignedTransaction(
        type=TransactionType.DYNAMIC_FEE,
        chain_id=161_299,
        nonce=Nonce(0),
        gas_limit=Gas(21_000),
        max_fee_per_gas=Wei(10),
        max_priority_fee_per_gas=Wei(1),
        to=Address(b"\x11" * 20),
        value=Wei(1),
        data=b"",
        y_parity=0,
        r=0,
        s=0,
    )
    return sign_transaction(unsigned, key).raw


RAWS = [transfer(key) for key in KEYS]
SENDERS = {raw: private_key_to_address(key) for raw, key in zip(RAWS, KEYS, strict=True)}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine an answer takes its time."""
    monkeypatch.setattr("node.recovery.senders.ANSWER_SECONDS", 120.0)


async def first_answer(recovery: SenderRecovery, raws: list[bytes]) -> dict[bytes, Address]:
    """Asks until the process is there."""
    async with asyncio.timeout(120):
        while not (found := await recovery.senders(raws)):  # noqa: ASYNC110 - another process has to start
            await asyncio.sleep(0.02)
    return found


async def test_finds_every_sender_and_leaves_out_what_is_no_transaction() -> None:
    recovery = SenderRecovery()
    try:
        assert await first_answer(recovery, [*RAWS, GARBAGE]) == SENDERS
    finally:
        await recovery.close()


async def test_answers_each_of_many_questions_with_its_own_senders() -> None:
    recovery = SenderRecovery()
    try:
        await first_answer(recovery, RAWS)
        answers = await asyncio.gather(*(recovery.senders([raw]) for raw in RAWS))
        assert answers == [{raw: SENDERS[raw]} for raw in RAWS]
    finally:
        await recovery.close()


async def test_starts_a_new_process_after_the_old_one_was_killed() -> None:
    recovery = SenderRecovery()
    try:
        await first_answer(recovery, RAWS)
        killed = recovery.process_id
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        assert await first_answer_of_another(recovery, killed) == SENDERS
    finally:
        await recovery.close()


async def first_answer_of_another(recovery: SenderRecovery, killed: int) -> dict[bytes, Address]:
    async with asyncio.timeout(120):
        while not (found := await recovery.senders(RAWS)) or recovery.process_id == killed:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


async def test_knows_no_senders_once_it_is_closed() -> None:
    recovery = SenderRecovery()
    await first_answer(recovery, RAWS)
    await recovery.close()
    assert await recovery.senders(RAWS) == {}
    assert recovery.process_id is None
