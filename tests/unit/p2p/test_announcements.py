"""Who is told what, and when."""

import asyncio

import pytest

from p2p.announcements import REFRESH_SECONDS, Announcements
from p2p.block_gossip import Accepted, BlockGossip
from p2p.equivocations import Equivocations
from p2p.errors import RefusedBlock
from p2p.messages import BlockAnnouncement, HeadStatus, Message
from p2p.roster import Roster
from p2p.signer import BlockSigner
from tests.unit.p2p.conftest import CHAIN_ID, KEY, NOW, SEQUENCER
from tests.unit.p2p.networks import End, Liar, MemoryValues, ToyChain, announcement, branch, network, until

BLOCKS = branch(10)


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


class Told:
    """A node's announcements with two peers, whose ends keep what was sent."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.chain = ToyChain(BLOCKS[:1])
        self.accepted: list[Accepted] = []
        self.equivocations = Equivocations(
            store=MemoryValues(), chain_id=CHAIN_ID, sequencer=lambda: SEQUENCER, clock=self.clock
        )
        self.peers = [End(name, Liar(lambda _message: None), self.chain.unsafe_head()) for name in ("a", "b")]
        roster = Roster()
        for peer in self.peers:
            peer.other = End("us", Liar(lambda _message: None), self.chain.unsafe_head())
            roster.add(peer)
        self.announcements = Announcements(
            gossip=BlockGossip(chain_id=CHAIN_ID, sequencer=lambda: SEQUENCER, clock=self.clock),
            equivocations=self.equivocations,
            peers=roster,
            chain=self.chain,
            accepted=self.accepted.append,
            unix_clock=self.clock,
            clock=self.clock,
        )
        self.signer = BlockSigner(chain_id=CHAIN_ID, private_key=KEY, store=MemoryValues(), was_dropped=lambda *_: True)

    def receive(self, message: bytes) -> int | None:
        return self.announcements.receive(BlockAnnouncement(message=message), source=self.peers[0])

    def sent(self, peer: int) -> list[Message]:
        sent = list(self.peers[peer].sent)
        self.peers[peer].sent.clear()
        return sent


@pytest.fixture
def told() -> Told:
    return Told()


async def test_a_new_block_goes_to_all_but_whom_it_came_from_and_once(told: Told) -> None:
    sent = announcement(BLOCKS[1])
    assert told.receive(sent) == 1
    assert (told.sent(0), told.sent(1)) == ([], [BlockAnnouncement(message=sent)])
    assert [accepted.block for accepted in told.accepted] == [BLOCKS[1]]
    assert told.receive(sent) is None
    assert (told.sent(0), told.sent(1), len(told.accepted)) == ([], [], 1)


async def test_what_is_refused_goes_nowhere(told: Told) -> None:
    with pytest.raises(RefusedBlock):
        told.receive(announcement(BLOCKS[1], key=b"\x22" * 32))
    assert (told.sent(0), told.sent(1), told.accepted) == ([], [], [])


async def test_a_block_of_a_clock_that_differs_is_counted_and_goes_nowhere(told: Told) -> None:
    told.clock.now -= 10
    assert told.receive(announcement(BLOCKS[1])) is None
    assert (told.sent(1), told.accepted, told.announcements.untimely_blocks) == ([], [], 1)


@pytest.mark.parametrize(("age", "is_told"), [(0, True), (45, True), (46, False)])
async def test_a_new_peer_hears_of_the_newest_block_while_it_is_young(told: Told, age: int, is_told: bool) -> None:
    sent = announcement(BLOCKS[1])
    told.receive(sent)
    told.sent(1)
    told.clock.now += age
    told.announcements.greet(told.peers[1])
    status, *rest = told.sent(1)
    assert status == HeadStatus(number=0, hash=BLOCKS[0].header.hash, first=0)
    assert rest == ([BlockAnnouncement(message=sent)] if is_told else [])


@pytest.mark.parametrize(("age", "is_sent"), [(45, True), (46, False)])
async def test_an_own_block_that_peers_would_call_old_is_kept_from_them(told: Told, age: int, is_sent: bool) -> None:
    told.clock.now = BLOCKS[1].header.timestamp + age
    told.announcements.publish(BLOCKS[1], BLOCKS[1].header.hash, told.signer)
    assert bool(told.sent(0)) == bool(told.sent(1)) == is_sent


async def test_two_blocks_of_one_height_become_evidence_and_both_go_on(told: Told) -> None:
    rival = branch(1, on=BLOCKS[0], salt=1)[0]
    told.announcements.publish(BLOCKS[1], BLOCKS[1].header.hash, told.signer)
    told.receive(announcement(rival))
    assert len(told.sent(1)) == 2
    assert [evidence.number for evidence in told.equivocations] == [1]


async def test_own_blocks_are_published_even_at_a_crowded_height(told: Told) -> None:
    for salt in range(7):
        made = branch(1, on=BLOCKS[0], salt=salt)[0]
        told.announcements.publish(made, made.header.hash, told.signer)
    assert len(told.sent(0)) == 7


async def test_a_head_that_was_announced_is_told_again_only_after_a_while(told: Told) -> None:
    naps: asyncio.Queue[float] = asyncio.Queue()
    go_on = asyncio.Event()

    async def sleep(seconds: float) -> None:
        naps.put_nowait(seconds)
        await go_on.wait()
        go_on.clear()

    told.announcements._sleep = sleep
    task = asyncio.create_task(told.announcements.run())
    for number, passed, statuses in ((1, 0, 0), (2, 0, 0), (3, REFRESH_SECONDS, 1), (4, 0, 0)):
        told.receive(announcement(BLOCKS[number]))
        told.chain.replace_from(number, [BLOCKS[number]])
        told.clock.now += passed
        told.announcements.on_head_moved()
        assert await naps.get() == 1.0
        assert sum(isinstance(sent, HeadStatus) for sent in told.sent(1)) == statuses
        go_on.set()
    told.chain.replace_from(5, [BLOCKS[5]])  # nobody announced it
    told.announcements.on_head_moved()
    await naps.get()
    assert told.sent(1) == [HeadStatus(number=5, hash=BLOCKS[5].header.hash, first=0)]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_in_a_triangle_a_block_crosses_each_edge_at_most_twice() -> None:
    names = ("a", "b", "c")
    async with network() as net:
        for name in names:
            net.add(name, ToyChain(BLOCKS[:1]))
        for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
            net.connect(one, other)
        await until(lambda: all(len(net.nodes[name].roster.peers) == 2 for name in names))
        for made in BLOCKS[1:]:
            net.nodes["a"].publish(made, made.header.hash)
        for name in ("b", "c"):
            await until(lambda name=name: net.nodes[name].announcements.accepted_blocks == 9)  # type: ignore[misc]
        for end in net.ends.values():
            heard = [sent.message for sent in end.sent if isinstance(sent, BlockAnnouncement)]
            assert len(heard) == len(set(heard)) <= 9
