"""A node that follows signed blocks: from gossip, over gaps, past liars, and on no other branch."""

import asyncio

import pytest

from p2p.bodies import WINDOW
from p2p.envelope import encode_envelope
from p2p.messages import (
    BlockAnnouncement,
    Blocks,
    Declined,
    DeclineReason,
    GetBlocks,
    GetHeaders,
    Headers,
    HeadStatus,
    Message,
    Response,
)
from p2p.ports import Head
from p2p.sync import STALLS_UNTIL_FORGOTTEN
from state.blocks import Block
from tests.unit.p2p.networks import Network, ToyChain, announcement, branch, network, until

BLOCKS = branch(60)


def height(chain: ToyChain) -> int:
    return chain.unsafe_head().number


async def tell(net: Network, whom: str, made: Block, *, by: str = "sequencer") -> None:
    """A signed block arrives, as if it was gossiped."""
    await net.nodes[whom].on_message(net.ends[whom, by], BlockAnnouncement(message=announcement(made)))


async def test_a_published_block_is_everybodys_head() -> None:
    chains = {name: ToyChain(BLOCKS[:1]) for name in ("sequencer", "a", "b")}
    async with network() as net:
        for name, chain in chains.items():
            net.add(name, chain)
        net.connect("sequencer", "a")
        net.connect("a", "b")
        await until(lambda: len(net.nodes["a"].roster.peers) == 2)
        for made in BLOCKS[1:5]:
            chains["sequencer"].blocks.append((made, made.header.hash))
            net.nodes["sequencer"].publish(made, made.header.hash)
        await until(lambda: height(chains["b"]) == 4)
        assert chains["b"].unsafe_head() == chains["a"].unsafe_head() == chains["sequencer"].unsafe_head()
        assert not any(end.faults for end in net.ends.values())


async def test_a_block_is_passed_on_before_it_is_executed() -> None:
    slow, behind = ToyChain(BLOCKS[:1]), ToyChain(BLOCKS[:1])
    slow.opened.clear()
    async with network() as net:
        net.add("sequencer", ToyChain(BLOCKS[:2]))
        net.add("slow", slow)
        net.add("behind", behind)
        net.connect("slow", "sequencer")
        net.connect("slow", "behind")
        await until(lambda: len(net.nodes["slow"].roster.peers) == 2)
        await tell(net, "slow", BLOCKS[1])
        await until(lambda: height(behind) == 1)
        assert height(slow) == 0
        slow.opened.set()
        await until(lambda: height(slow) == 1)


async def test_a_new_peer_hears_of_the_newest_block_at_once() -> None:
    chain = ToyChain(BLOCKS[:1])
    async with network() as net:
        net.add("sequencer", ToyChain(BLOCKS[:40]))
        net.nodes["sequencer"].publish(BLOCKS[39], BLOCKS[39].header.hash)
        net.add("late", chain)
        net.connect("late", "sequencer")
        await until(lambda: height(chain) == 39)
        first = net.ends["sequencer", "late"].sent[0]
        assert isinstance(first, HeadStatus)
        assert first.number == 39


@pytest.mark.parametrize("gap", [1, 2, 50, 2_000])
async def test_a_gap_is_closed(gap: int) -> None:
    blocks = branch(gap + 10)
    chain = ToyChain(blocks[:5])
    async with network() as net:
        net.add("sequencer", ToyChain(blocks))
        net.add("a", chain)
        net.connect("a", "sequencer")
        await until(lambda: bool(net.nodes["a"].roster.peers))
        await tell(net, "a", blocks[-1])
        await until(lambda: height(chain) == gap + 9)
        assert chain.unsafe_head().hash == blocks[-1].header.hash
        await until(lambda: net.nodes["a"].progress is None)
        assert net.nodes["a"].sync.most_held <= WINDOW
        assert len(chain.tried) == len(set(chain.tried)) == gap + 5


class Overtaken(ToyChain):
    """Derivation appends blocks of the same branch itself, now and then before those of peers come in."""

    def __init__(self, blocks: list[Block]) -> None:
        super().__init__(blocks[:1])
        self._all = blocks

    async def insert(self, made: Block) -> Head | None:
        if made.header.number % 7 == 0:
            derived = self._all[made.header.number : made.header.number + 3]
            self.replace_from(made.header.number, derived)
        return await super().insert(made)


async def test_what_was_fetched_stays_when_derivation_is_faster_for_a_moment() -> None:
    blocks = branch(500)
    chain = Overtaken(blocks)
    async with network() as net:
        net.add("sequencer", ToyChain(blocks))
        net.add("a", chain)
        net.connect("a", "sequencer")
        await until(lambda: bool(net.nodes["a"].roster.peers))
        await tell(net, "a", blocks[-1])
        await until(lambda: height(chain) == 499)
        assert chain.unsafe_head().hash == blocks[-1].header.hash
        asked = [one.count for one in net.ends["a", "sequencer"].sent if isinstance(one, GetBlocks)]
        assert sum(asked) < 600


async def test_blocks_that_arrive_out_of_order_are_inserted_in_order() -> None:
    chain = ToyChain(BLOCKS[:1])
    async with network() as net:
        net.add("a", chain)
        net.add_liar("sequencer", lambda _message: None)
        net.connect("a", "sequencer")
        for number in (2, 1, 4, 3):
            await tell(net, "a", BLOCKS[number])
        await until(lambda: height(chain) == 4)


async def test_many_blocks_announced_during_a_catch_up_extend_it() -> None:
    blocks = branch(500)
    chain = ToyChain(blocks[:1])
    chain.opened.clear()
    async with network() as net:
        net.add("sequencer", ToyChain(blocks))
        net.add("a", chain)
        net.connect("a", "sequencer")
        await until(lambda: bool(net.nodes["a"].roster.peers))
        await tell(net, "a", blocks[300])
        await until(lambda: net.nodes["a"].progress is not None)
        for made in blocks[301:]:
            await tell(net, "a", made)
        progress = net.nodes["a"].progress
        assert progress is not None
        assert (progress.starting, progress.current, progress.highest) == (0, 0, 499)
        asked = [sent for sent in net.ends["a", "sequencer"].sent if isinstance(sent, GetHeaders)]
        assert len(asked) <= 1
        chain.opened.set()
        await until(lambda: height(chain) == 499)
        asked = [sent for sent in net.ends["a", "sequencer"].sent if isinstance(sent, GetHeaders)]
        assert len(asked) == 1


async def test_memory_is_bounded_while_execution_is_slow() -> None:
    blocks = branch(1_200)
    chain = ToyChain(blocks[:1])
    chain.opened.clear()
    async with network() as net:
        net.add("sequencer", ToyChain(blocks))
        net.add("a", chain)
        net.connect("a", "sequencer")
        await until(lambda: bool(net.nodes["a"].roster.peers))
        await tell(net, "a", blocks[-1])
        asked = net.ends["a", "sequencer"].sent
        await until(lambda: sum(isinstance(sent, GetBlocks) for sent in asked) >= WINDOW // 64)
        for _ in range(200):
            await asyncio.sleep(0)
        assert sum(sent.count for sent in asked if isinstance(sent, GetBlocks)) <= WINDOW + 64
        chain.opened.set()
        await until(lambda: height(chain) == 1_199)
        assert net.nodes["a"].sync.most_held <= WINDOW


def headers_of(blocks: list[Block], message: GetHeaders) -> Headers:
    wanted = blocks[message.last - message.count + 1 : message.last + 1]
    return Headers(request=message.request, headers=tuple(made.header.encode() for made in wanted))


def blocks_of(blocks: list[Block], message: GetBlocks) -> Blocks:
    wanted = blocks[message.first : message.first + message.count]
    return Blocks(request=message.request, blocks=tuple(encode_envelope(made, made.header.hash) for made in wanted))


OTHERS = branch(60, salt=1)


def wrong_headers(message: Message) -> Response | None:
    return headers_of(OTHERS, message) if isinstance(message, GetHeaders) else wrong_bodies(message)


def wrong_bodies(message: Message) -> Response | None:
    if isinstance(message, GetHeaders):
        return headers_of(BLOCKS, message)
    return blocks_of(OTHERS, message) if isinstance(message, GetBlocks) else None


def broken_chain_of_headers(message: Message) -> Response | None:
    if isinstance(message, GetHeaders):
        mixed = OTHERS[: message.last] + BLOCKS[message.last :]
        return headers_of(mixed, message)
    return wrong_bodies(message)


def nothing_in_it(message: Message) -> Response | None:
    if isinstance(message, GetHeaders):
        return Headers(request=message.request, headers=())
    return Blocks(request=message.request, blocks=()) if isinstance(message, GetBlocks) else None


def another_range(message: Message) -> Response | None:
    if isinstance(message, GetHeaders):
        return Headers(request=message.request, headers=(BLOCKS[message.last - 1].header.encode(),))
    if isinstance(message, GetBlocks):
        return blocks_of(BLOCKS, GetBlocks(request=message.request, first=message.first + 1, count=1))
    return None


def too_much(message: Message) -> Response | None:
    if isinstance(message, GetHeaders):
        return Headers(request=message.request, headers=tuple(made.header.encode() for made in BLOCKS))
    if isinstance(message, GetBlocks):
        return blocks_of(BLOCKS, GetBlocks(request=message.request, first=0, count=60))
    return None


def noise(message: Message) -> Response | None:
    if isinstance(message, GetHeaders):
        return Headers(request=message.request, headers=(b"\xff" * 1_024,) * message.count)
    return Blocks(request=message.request, blocks=(b"\xff" * 100,)) if isinstance(message, GetBlocks) else None


def another_answer(message: Message) -> Response | None:
    if isinstance(message, GetHeaders):
        return Blocks(request=message.request, blocks=())
    return Headers(request=message.request, headers=()) if isinstance(message, GetBlocks) else None


def declined(message: Message) -> Response | None:
    if isinstance(message, GetHeaders | GetBlocks):
        return Declined(request=message.request, reason=DeclineReason.BUSY, text="busy")
    return None


LIES = [wrong_headers, wrong_bodies, broken_chain_of_headers, nothing_in_it, another_range, too_much, noise,
        another_answer]  # fmt: skip


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
async def test_a_liar_is_reported_and_another_peer_asked(lie: object) -> None:
    chain = ToyChain(BLOCKS[:3])
    async with network() as net:
        net.add("a", chain)
        net.add("honest", ToyChain(BLOCKS))
        net.add_liar("liar", lie)  # type: ignore[arg-type]
        liar = net.connect("a", "liar")
        await until(lambda: bool(net.nodes["a"].roster.peers))
        await tell(net, "a", BLOCKS[50], by="liar")
        await until(lambda: bool(liar.faults))
        honest = net.connect("a", "honest")
        await until(lambda: height(chain) == 50)
        assert net.nodes["a"].asking.false_answers > 0
        assert honest.faults == []


@pytest.mark.parametrize("answer", [declined, lambda _message: None], ids=["busy", "silent"])
async def test_a_peer_that_does_not_answer_does_not_keep_others_from_it(answer: object) -> None:
    chain = ToyChain(BLOCKS[:3])
    async with network() as net:
        net.add("a", chain, request_seconds=0.05)
        net.add_liar("mute", answer)  # type: ignore[arg-type]
        mute = net.connect("a", "mute")
        await until(lambda: bool(net.nodes["a"].roster.peers))
        await tell(net, "a", BLOCKS[50], by="mute")
        await until(lambda: any(isinstance(sent, GetHeaders) for sent in mute.sent))
        net.add("honest", ToyChain(BLOCKS), request_seconds=60)
        net.connect("a", "honest")
        net.nodes["a"].asking._request_seconds = 60  # the honest one may be slow: the machine may be
        await until(lambda: height(chain) == 50)


async def test_without_peers_it_waits_for_the_next_occasion() -> None:
    chain = ToyChain(BLOCKS[:3])
    async with network() as net:
        service = net.add("a", chain)
        net.add_liar("gone", lambda _message: None)
        net.connect("a", "gone")
        await until(lambda: bool(service.roster.peers))
        await tell(net, "a", BLOCKS[50], by="gone")
        net.ends["a", "gone"].close()
        await until(lambda: service.sync.counts.stalls == 1)
        assert service.progress is not None
        net.add("honest", ToyChain(BLOCKS))
        net.connect("a", "honest")
        await until(lambda: height(chain) == 50)


async def test_another_branch_than_ours_is_left_to_l1() -> None:
    theirs = BLOCKS[:10] + branch(30, on=BLOCKS[9], salt=2)
    chain = ToyChain(BLOCKS[:20])
    async with network() as net:
        service = net.add("a", chain)
        net.add("sequencer", ToyChain(theirs))
        net.connect("a", "sequencer")
        await until(lambda: bool(service.roster.peers))
        await tell(net, "a", theirs[30])
        await until(lambda: service.sync.counts.forks == 1)
        asked = len(net.ends["a", "sequencer"].sent)
        for made in theirs[31:36]:
            await tell(net, "a", made)
        await until(lambda: service.progress is None)
        assert len(net.ends["a", "sequencer"].sent) == asked
        assert chain.unsafe_head().hash == BLOCKS[19].header.hash

        chain.replace_from(10, theirs[10:12])  # L1 decides for theirs
        service.on_head_changed()
        await until(lambda: height(chain) == 35)
        assert chain.unsafe_head().hash == theirs[35].header.hash
        assert net.ends["a", "sequencer"].faults == []


async def test_the_first_of_two_blocks_wins() -> None:
    rival = branch(1, on=BLOCKS[4], salt=3)[0]
    chain = ToyChain(BLOCKS[:5])
    async with network() as net:
        service = net.add("a", chain)
        net.add_liar("sequencer", lambda _message: None)
        net.connect("a", "sequencer")
        await tell(net, "a", BLOCKS[5])
        await tell(net, "a", rival)
        await until(lambda: height(chain) == 5)
        assert chain.unsafe_head().hash == BLOCKS[5].header.hash
        (evidence,) = service.equivocations
        assert {evidence.first.hash, evidence.second.hash} == {BLOCKS[5].header.hash, rival.header.hash}


async def test_a_signed_block_that_is_invalid_is_never_tried_again_and_nobodys_fault() -> None:
    chain = ToyChain(BLOCKS[:5], invalid=lambda made: made.header.number == 5)
    async with network() as net:
        service = net.add("a", chain)
        net.add("sequencer", ToyChain(BLOCKS))
        net.connect("a", "sequencer")
        await until(lambda: bool(service.roster.peers))
        for made in BLOCKS[5:15]:
            await tell(net, "a", made)
        await until(lambda: service.sync.counts.invalid == 1)
        for made in BLOCKS[15:20]:
            await tell(net, "a", made)
        await until(lambda: service.progress is None)
        assert len(chain.tried) == 1
        assert net.ends["a", "sequencer"].faults == []


async def test_an_invalid_ancestor_of_a_signed_block_ends_its_branch() -> None:
    chain = ToyChain(BLOCKS[:5], invalid=lambda made: made.header.number == 12)
    async with network() as net:
        service = net.add("a", chain)
        net.add("sequencer", ToyChain(BLOCKS))
        net.connect("a", "sequencer")
        await until(lambda: bool(service.roster.peers))
        await tell(net, "a", BLOCKS[30])
        await until(lambda: service.sync.counts.invalid == 1)
        await until(lambda: service.progress is None)
        assert height(chain) == 11
        await tell(net, "a", BLOCKS[31])
        await tell(net, "a", BLOCKS[33])
        await until(lambda: service.progress is None and BLOCKS[33].header.hash in service.sync._bad)
        assert chain.tried.count(BLOCKS[12].header.hash) == 1


async def test_derivation_that_is_faster_is_no_hindrance() -> None:
    blocks = branch(300)
    chain = ToyChain(blocks[:1])
    async with network() as net:
        service = net.add("a", chain)
        net.add("sequencer", ToyChain(blocks))
        net.connect("a", "sequencer")
        await until(lambda: bool(service.roster.peers))
        await tell(net, "a", blocks[-1])
        await until(lambda: height(chain) > 20)
        chain.replace_from(height(chain) + 1, blocks[height(chain) + 1 : 200])
        service.on_head_changed()
        await until(lambda: height(chain) == 299)


async def test_a_head_that_moves_without_announcement_is_told() -> None:
    chain = ToyChain(BLOCKS[:1])
    async with network() as net:
        service = net.add("a", chain)
        liar = net.add_liar("b", lambda _message: None)
        net.connect("a", "b")
        await until(lambda: bool(liar.asked))
        chain.replace_from(1, BLOCKS[1:8])
        service.on_head_changed()
        await until(lambda: any(isinstance(heard, HeadStatus) and heard.number == 7 for heard in liar.asked))


async def test_a_chain_that_takes_no_blocks_just_now_is_left_alone() -> None:
    class Closed(ToyChain):
        async def insert(self, made: Block) -> None:
            return None

    chain = Closed(BLOCKS[:3])

    async with network() as net:
        service = net.add("a", chain)
        net.add("sequencer", ToyChain(BLOCKS))
        net.connect("a", "sequencer")
        await until(lambda: bool(service.roster.peers))
        await tell(net, "a", BLOCKS[3])
        await tell(net, "a", BLOCKS[20])
        await until(lambda: not service.sync._waiting and service.progress is None)
        assert height(chain) == 2


async def test_more_hashes_than_there_is_room_for_are_asked_for_again() -> None:
    blocks = branch(1_500)
    chain = ToyChain(blocks[:1])
    async with network() as net:
        service = net.add("a", chain)
        service.sync._most_hashes = 400
        net.add("sequencer", ToyChain(blocks))
        net.connect("a", "sequencer")
        await until(lambda: bool(service.roster.peers))
        await tell(net, "a", blocks[-1])
        await until(lambda: height(chain) == 1_499)


async def test_a_branch_that_nobody_has_any_more_does_not_hold_up_the_one_that_is_signed_now() -> None:
    lost = BLOCKS[:5] + branch(30, on=BLOCKS[4], salt=4)
    chain = ToyChain(BLOCKS[:5])
    async with network() as net:
        service = net.add("a", chain)
        net.add("honest", ToyChain(BLOCKS))
        net.connect("a", "honest")
        await until(lambda: bool(service.roster.peers))
        service.asking._sleep = lambda _seconds: asyncio.sleep(0)
        now = [0.0]

        def clock() -> float:  # pauses pass at once
            now[0] += 0.5
            return now[0]

        service.asking._clock = clock
        await tell(net, "a", lost[34], by="honest")
        await until(lambda: service.sync.counts.stalls == 1)
        for made in BLOCKS[20:24]:
            await tell(net, "a", made, by="honest")
        await until(lambda: height(chain) == 23)
        assert chain.unsafe_head().hash == BLOCKS[23].header.hash


async def test_a_signed_block_that_nobody_leads_to_is_forgotten_in_the_end() -> None:
    chain = ToyChain(BLOCKS[:3])
    async with network() as net:
        service = net.add("a", chain)
        net.add_liar("gone", lambda _message: None)
        net.connect("a", "gone")
        await until(lambda: bool(service.roster.peers))
        await tell(net, "a", BLOCKS[50], by="gone")
        net.ends["a", "gone"].close()
        while service.sync._waiting:
            service.sync.on_peer()  # sooner than it would look by itself
            await asyncio.sleep(0.01)
        assert service.sync.counts.stalls == STALLS_UNTIL_FORGOTTEN
        service.sync.on_peer()
        await until(lambda: service.progress is None)
