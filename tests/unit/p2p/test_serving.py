"""What peers are handed, and how much of it."""

import pytest

from p2p import serving as serving_module
from p2p.envelope import decode_envelope
from p2p.messages import Blocks, Declined, DeclineReason, GetBlocks, GetHeaders, Headers
from p2p.serving import Serving, ServingLimits
from state.blocks import Header
from tests.unit.p2p.networks import ToyChain, branch, node_id

BLOCKS = branch(600)
PEER = node_id("peer")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chain() -> ToyChain:
    return ToyChain(BLOCKS)


def ask(first: int, count: int) -> GetBlocks:
    return GetBlocks(request=9, first=first, count=count)


async def test_headers_end_with_the_one_asked_for(chain: ToyChain, clock: Clock) -> None:
    answer = await Serving(chain, clock=clock).headers(PEER, GetHeaders(request=9, last=500, count=512))
    assert isinstance(answer, Headers)
    assert [Header.decode(header).number for header in answer.headers] == list(range(501))


async def test_blocks_begin_with_the_one_asked_for(chain: ToyChain, clock: Clock) -> None:
    answer = await Serving(chain, clock=clock).blocks(PEER, ask(590, 64))
    assert isinstance(answer, Blocks)
    assert [decode_envelope(block) for block in answer.blocks] == BLOCKS[590:]


@pytest.mark.parametrize("number", [600, 2**64 - 1])
async def test_what_is_not_there_is_declined(chain: ToyChain, clock: Clock, number: int) -> None:
    serving = Serving(chain, clock=clock)
    for answer in (
        await serving.blocks(PEER, ask(number, 64)),
        await serving.headers(PEER, GetHeaders(request=9, last=number, count=512)),
    ):
        assert isinstance(answer, Declined)
        assert answer.reason == DeclineReason.UNAVAILABLE


async def test_an_answer_of_large_blocks_is_cut_to_its_limit(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "MAX_RANGE_BYTES", 3_000)
    answer = await Serving(ToyChain(BLOCKS), clock=clock).blocks(PEER, ask(0, 64))
    assert isinstance(answer, Blocks)
    assert 1 < len(answer.blocks) < 64
    assert sum(map(len, answer.blocks)) <= 3_000
    monkeypatch.setattr(serving_module, "MAX_RANGE_BYTES", 10)
    answer = await Serving(ToyChain(BLOCKS), clock=clock).blocks(PEER, ask(0, 64))
    assert isinstance(answer, Blocks)
    assert len(answer.blocks) == 1


async def test_a_reorg_during_an_answer_cuts_it_to_one_branch(clock: Clock) -> None:
    class Reorging(ToyChain):
        def block(self, number: int):  # type: ignore[no-untyped-def]
            if number == 7:
                self.replace_from(5, branch(20, on=BLOCKS[4], salt=1))
            return super().block(number)

    answer = await Serving(Reorging(BLOCKS[:20]), clock=clock).blocks(PEER, ask(3, 10))
    assert isinstance(answer, Blocks)
    assert [decode_envelope(block) for block in answer.blocks] == BLOCKS[3:7]


async def test_a_peer_that_asks_for_too_much_is_told_so_and_the_others_are_served(
    chain: ToyChain, clock: Clock
) -> None:
    serving = Serving(chain, clock=clock, limits=ServingLimits(peer_blocks=16, saved_seconds=4))
    assert isinstance(await serving.blocks(PEER, ask(0, 64)), Blocks)
    answer = await serving.blocks(PEER, ask(64, 64))
    assert isinstance(answer, Declined)
    assert answer.reason == DeclineReason.BUSY
    assert isinstance(await serving.headers(PEER, GetHeaders(request=9, last=5, count=5)), Declined)
    assert isinstance(await serving.blocks(node_id("other"), ask(64, 64)), Blocks)
    clock.now += 1
    assert isinstance(await serving.blocks(PEER, ask(64, 16)), Blocks)
    assert serving.declined == 2


async def test_all_peers_together_have_a_limit_and_bytes_count_too(clock: Clock) -> None:
    chain = ToyChain(branch(64, size=4_000))
    for limits in (ServingLimits(all_blocks=16), ServingLimits(all_bytes=500), ServingLimits(peer_bytes=500)):
        serving = Serving(chain, clock=clock, limits=limits)
        await serving.blocks(PEER, ask(0, 64))
        asker = PEER if limits.peer_bytes == 500 else node_id("other")
        assert isinstance(await serving.blocks(asker, ask(0, 1)), Declined)
