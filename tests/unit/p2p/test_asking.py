"""Whom to ask, how much at once, and how long to leave a peer alone. Time is moved by hand."""

import asyncio
from collections.abc import Callable

import pytest

from p2p.asking import ATTEMPTS, DECLINED_SECONDS, LONGEST_PAUSE, Asking
from p2p.envelope import encode_envelope
from p2p.errors import NoAnswer, NoPeerLeft, RequestDeclined
from p2p.messages import MAX_BLOCKS, Blocks, GetBlocks, Message, Request, Response
from p2p.ports import Head, NodeId
from p2p.roster import Roster
from state.primitives.types import Hash32
from tests.unit.p2p.networks import branch, node_id

BLOCKS = branch(200)
HASHES = [made.header.hash for made in BLOCKS]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


class Answerer:
    """A peer whose answers take as long as the test says."""

    def __init__(self, name: str, clock: Clock, *, seconds_a_block: float = 0.0, claims: int = 199) -> None:
        self.node_id: NodeId = node_id(name)
        self.head = Head(number=claims, hash=Hash32(bytes(32)))
        self.first = 0
        self.clock = clock
        self.seconds_a_block = seconds_a_block
        self.asked: list[GetBlocks] = []
        self.faults: list[int] = []
        self.error: Exception | None = None

    async def request(self, make: Callable[[int], Request], *, seconds: float) -> Response:
        request = make(1)
        assert isinstance(request, GetBlocks)
        self.asked.append(request)
        takes = request.count * self.seconds_a_block
        await self.clock.sleep(min(takes, seconds))
        if self.error is not None:
            raise self.error
        if takes > seconds:
            raise NoAnswer("too slow")
        wanted = BLOCKS[request.first : request.first + request.count]
        return Blocks(request=1, blocks=tuple(encode_envelope(made, made.header.hash) for made in wanted))

    def send(self, message: Message) -> bool:
        return True

    def fault(self, points: int, reason: str) -> None:
        self.faults.append(points)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def asking(clock: Clock, *peers: Answerer) -> Asking:
    roster = Roster()
    for peer in peers:
        roster.add(peer)
    return Asking(roster, clock=clock, sleep=clock.sleep)


async def fetch(by: Asking, first: int = 0, count: int = MAX_BLOCKS) -> int:
    blocks = await by.blocks(first, HASHES[first : first + count])
    assert blocks == BLOCKS[first : first + len(blocks)]
    return len(blocks)


async def test_a_quick_peer_is_asked_for_more_and_more(clock: Clock) -> None:
    by = asking(clock, Answerer("quick", clock))
    assert [await fetch(by) for _ in range(4)] == [16, 32, 64, 64]


async def test_a_slow_peer_is_asked_for_as_much_as_it_answers_in_time(clock: Clock) -> None:
    slow = Answerer("slow", clock, seconds_a_block=3.0)
    by = asking(clock, slow)
    assert await fetch(by) == 2
    assert [request.count for request in slow.asked] == [16, 8, 4, 2]
    assert await fetch(by) == 1


async def test_who_claims_to_have_it_is_asked_first_and_who_does_not_last(clock: Clock) -> None:
    low, high = Answerer("low", clock, claims=10), Answerer("high", clock)
    by = asking(clock, low, high)
    await fetch(by, first=100)
    assert (len(low.asked), len(high.asked)) == (0, 1)
    high.error = RequestDeclined("BUSY")
    assert await fetch(by, first=100) > 0
    assert (len(low.asked), len(high.asked)) == (1, 2)
    by.note_claim(low.node_id, 150)
    high.error = None
    await clock.sleep(100)
    await fetch(by, first=100)
    assert len(low.asked) == 2


async def test_a_peer_that_pruned_the_range_is_asked_last(clock: Clock) -> None:
    pruned, whole = Answerer("pruned", clock), Answerer("whole", clock)
    by = asking(clock, pruned, whole)
    by.note_claim(pruned.node_id, 199, first=50)
    await fetch(by, first=10)
    assert (len(pruned.asked), len(whole.asked)) == (0, 1)


async def test_a_busy_peer_is_left_alone_for_longer_and_longer_and_not_blamed(clock: Clock) -> None:
    busy = Answerer("busy", clock)
    busy.error = RequestDeclined("BUSY")
    by = asking(clock, busy)
    began = clock.now
    with pytest.raises(NoPeerLeft):
        await fetch(by)
    assert DECLINED_SECONDS < clock.now - began <= DECLINED_SECONDS + ATTEMPTS * LONGEST_PAUSE
    assert len(busy.asked) < 20
    assert busy.faults == []
    busy.error = None
    await clock.sleep(100)
    assert await fetch(by) == 16


async def test_a_peer_that_comes_meanwhile_is_asked(clock: Clock) -> None:
    busy, late = Answerer("busy", clock), Answerer("late", clock)
    busy.error = RequestDeclined("BUSY")
    roster = Roster()
    roster.add(busy)

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        roster.add(late)

    by = Asking(roster, clock=clock, sleep=sleep)
    assert await fetch(by) == 16
    assert len(late.asked) == 1


async def test_without_peers_it_says_so_at_once(clock: Clock) -> None:
    with pytest.raises(NoPeerLeft, match="no peer is connected"):
        await fetch(asking(clock))
