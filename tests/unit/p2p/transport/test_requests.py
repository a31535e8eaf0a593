"""Answers are matched with what was asked."""

import asyncio
from typing import Any

import pytest

from p2p.errors import BrokenPromise, NoAnswer, PeerFault, RequestDeclined
from p2p.messages import Addresses, Blocks, Declined, DeclineReason, GetAddresses, GetBlocks, Request
from p2p.requests import MOST_LATE, Requests
from tests.unit.p2p.transport.peering import SECONDS


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def make(**options: Any) -> tuple[Requests, Clock]:
    clock = Clock()
    return Requests(**({"most": 4, "late_seconds": 60, "clock": clock} | options)), clock


def get_blocks(request: int) -> Request:
    return GetBlocks(request=request, first=1, count=1)


async def test_each_answer_finds_who_asked() -> None:
    requests, _ = make()
    (first, _), (second, _) = requests.open(get_blocks), requests.open(lambda request: GetAddresses(request=request))
    requests.settle(Addresses(request=second, addresses=()))
    requests.settle(Blocks(request=first, blocks=()))
    assert isinstance(await requests.answer(first, SECONDS), Blocks)
    assert isinstance(await requests.answer(second, SECONDS), Addresses)


async def test_an_answer_comes_once() -> None:
    requests, _ = make()
    number, _ = requests.open(get_blocks)
    requests.settle(Blocks(request=number, blocks=()))
    with pytest.raises(PeerFault, match="answers nothing that was asked"):
        requests.settle(Blocks(request=number, blocks=()))
    await requests.answer(number, SECONDS)
    requests.close(number)
    with pytest.raises(PeerFault, match="answers nothing that was asked"):
        requests.settle(Blocks(request=number, blocks=()))


async def test_a_late_answer_is_taken_once_and_only_for_a_while() -> None:
    requests, clock = make()
    numbers = [requests.open(get_blocks)[0] for _ in range(2)]
    for number in numbers:
        requests.close(number)
    requests.settle(Blocks(request=numbers[0], blocks=()))
    with pytest.raises(PeerFault, match="answers nothing"):
        requests.settle(Blocks(request=numbers[0], blocks=()))
    clock.now = 61
    with pytest.raises(PeerFault, match="answers nothing"):
        requests.settle(Blocks(request=numbers[1], blocks=()))


async def test_remembers_only_so_many_that_are_late() -> None:
    requests, _ = make()
    for _ in range(MOST_LATE + 5):
        requests.close(requests.open(get_blocks)[0])
    assert len(requests._late) == MOST_LATE


async def test_answers_of_the_wrong_kind_and_refusals_are_told_apart() -> None:
    requests, _ = make()
    wrong, declined = requests.open(get_blocks)[0], requests.open(get_blocks)[0]
    requests.settle(Addresses(request=wrong, addresses=()))
    requests.settle(Declined(request=declined, reason=DeclineReason.BUSY, text="later"))
    with pytest.raises(BrokenPromise, match="answer is Addresses: expected Blocks"):
        await requests.answer(wrong, SECONDS)
    with pytest.raises(RequestDeclined, match="BUSY: later"):
        await requests.answer(declined, SECONDS)


async def test_the_end_ends_all_and_nothing_begins_after_it() -> None:
    requests, _ = make()
    number, _ = requests.open(get_blocks)
    waiting = asyncio.create_task(requests.answer(number, SECONDS))
    await asyncio.sleep(0)
    requests.end("the connection ended")
    with pytest.raises(NoAnswer, match="the connection ended"):
        await waiting
    with pytest.raises(NoAnswer, match="the connection ended"):
        requests.open(get_blocks)


async def test_no_more_than_so_many_at_once() -> None:
    requests, _ = make(most=2)
    first, _ = requests.open(get_blocks)
    requests.open(get_blocks)
    with pytest.raises(NoAnswer, match="2 requests to this peer are under way"):
        requests.open(get_blocks)
    requests.close(first)
    requests.open(get_blocks)
