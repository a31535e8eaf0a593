"""Transactions on their way to the sequencer, and its verdict on the way back."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from p2p.messages import (
    MAX_HOPS,
    MAX_TRANSACTION,
    Declined,
    DeclineReason,
    Headers,
    Message,
    Response,
    SubmitTransaction,
    Verdict,
    VerdictCode,
)
from p2p.ports import NodeId
from tests.unit.p2p.networks import Network, ToyChain, branch, network, node_id, until

RAW = b"\x02" + b"\x77" * 100
GENESIS = branch(1)


class Pool:
    """A sequencer's pool that says what it is told to."""

    def __init__(self, code: VerdictCode = VerdictCode.TAKEN, text: str = "") -> None:
        self.code, self.text = code, text
        self.taken: list[bytes] = []
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, raw: bytes) -> tuple[int, str]:
        self.taken.append(raw)
        await self.open.wait()
        return self.code, self.text


def add(net: Network, *names: str, pool: Pool | None = None, leads: Callable[[], bool] = lambda: True) -> None:
    for name in names:
        net.add(name, ToyChain(GENESIS), local=pool, leads=leads)


async def connect(net: Network, *pairs: str) -> None:
    for pair in pairs:
        net.connect(*pair.split("-"))
    await until(
        lambda: all(
            node_id(other) in {peer.node_id for peer in net.nodes[one].roster.peers}
            for one, other in net.ends
            if one in net.nodes
        )
    )


def asked(net: Network, one: str, other: str) -> list[SubmitTransaction]:
    return [sent for sent in net.ends[one, other].sent if isinstance(sent, SubmitTransaction)]


def answering(code: VerdictCode, text: str = "") -> Callable[[Message], Response | None]:
    def answer(message: Message) -> Response | None:
        if isinstance(message, SubmitTransaction):
            return Verdict(request=message.request, code=code, text=text)
        return None

    return answer


@pytest.mark.parametrize(
    ("code", "text"), [(VerdictCode.TAKEN, ""), (VerdictCode.REFUSED, "nonce too low"), (VerdictCode.NO_ROUTE, "full")]
)
async def test_the_pools_verdict_travels_back_over_two_hops(code: VerdictCode, text: str) -> None:
    pool = Pool(code, text)
    async with network() as net:
        add(net, "sequencer", pool=pool)
        add(net, "middle", "a")
        await connect(net, "a-middle", "middle-sequencer")
        assert await net.nodes["a"].submit(RAW) == (code, text)
        assert pool.taken == [RAW]
        (sent,) = asked(net, "middle", "sequencer")
        assert sent.hops == MAX_HOPS - 2


async def test_a_circle_of_peers_without_a_sequencer_says_so_and_ends() -> None:
    async with network() as net:
        add(net, "a", "b", "c")
        await connect(net, "a-b", "b-c", "c-a")
        code, _text = await net.nodes["a"].submit(RAW)
        assert code == VerdictCode.NO_ROUTE
        assert sum(len(asked(net, one, other)) for one, other in net.ends) <= 6
        assert not any(len(node.submissions) for node in net.nodes.values())


async def test_in_a_circle_with_a_sequencer_it_arrives() -> None:
    pool = Pool()
    async with network() as net:
        add(net, "sequencer", pool=pool)
        add(net, "a", "b", "c")
        await connect(net, "a-b", "b-c", "c-a", "c-sequencer")
        assert (await net.nodes["a"].submit(RAW))[0] == VerdictCode.TAKEN
        assert pool.taken == [RAW]


async def test_it_never_goes_back_to_whom_it_came_from() -> None:
    async with network() as net:
        add(net, "a", "b")
        await connect(net, "a-b")
        assert (await net.nodes["a"].submit(RAW))[0] == VerdictCode.NO_ROUTE
        assert (len(asked(net, "a", "b")), len(asked(net, "b", "a"))) == (1, 0)


async def test_the_hops_are_limited() -> None:
    pool = Pool()
    names = [f"n{index}" for index in range(MAX_HOPS + 1)]
    async with network() as net:
        add(net, *names)
        add(net, "sequencer", pool=pool)
        path = [*names, "sequencer"]
        await connect(net, *(f"{one}-{other}" for one, other in pairwise(path)))
        assert await net.nodes["n1"].submit(RAW) == (VerdictCode.TAKEN, "")
        assert await net.nodes["n0"].submit(RAW) == (VerdictCode.NO_ROUTE, "too many hops from the sequencer")
        assert len(pool.taken) == 1


async def test_who_gave_a_verdict_is_asked_first_the_next_time() -> None:
    async with network() as net:
        add(net, "a")
        for name in ("dead1", "dead2"):
            net.add_liar(name, answering(VerdictCode.NO_ROUTE))
        way = net.add_liar("way", answering(VerdictCode.REFUSED, "nonce too low"))
        await connect(net, "a-dead1", "a-dead2", "a-way")
        assert await net.nodes["a"].submit(RAW) == (VerdictCode.REFUSED, "nonce too low")
        before = len(asked(net, "a", "dead1")), len(asked(net, "a", "dead2"))
        assert await net.nodes["a"].submit(RAW) == (VerdictCode.REFUSED, "nonce too low")
        assert (len(asked(net, "a", "dead1")), len(asked(net, "a", "dead2"))) == before == (1, 1)
        way.answer = answering(VerdictCode.NO_ROUTE)
        assert (await net.nodes["a"].submit(RAW))[0] == VerdictCode.NO_ROUTE
        assert len(asked(net, "a", "dead1")) == 2


async def test_a_candidate_that_does_not_lead_passes_it_on() -> None:
    standing_by, leading = Pool(), Pool()
    async with network() as net:
        add(net, "standby", pool=standing_by, leads=lambda: False)
        add(net, "leader", pool=leading)
        await connect(net, "standby-leader")
        assert (await net.nodes["standby"].submit(RAW))[0] == VerdictCode.TAKEN
        assert (standing_by.taken, leading.taken) == ([], [RAW])


async def test_a_wallet_that_asks_twice_at_once_hears_the_same_and_a_peer_that_there_is_no_way() -> None:
    pool = Pool(VerdictCode.REFUSED, "insufficient funds")
    pool.open.clear()
    async with network() as net:
        add(net, "sequencer", pool=pool)
        submissions = net.nodes["sequencer"].submissions
        first, second = (asyncio.create_task(submissions.submit(RAW)) for _ in range(2))
        await until(lambda: bool(pool.taken))
        echo = await submissions.submit(RAW, hops=1, source=node_id("peer"))
        assert echo == (VerdictCode.NO_ROUTE, "already under way here")
        pool.open.set()
        assert await first == await second == (VerdictCode.REFUSED, "insufficient funds")
        assert pool.taken == [RAW]


async def test_one_who_joined_does_not_take_it_away_by_leaving() -> None:
    pool = Pool()
    pool.open.clear()
    async with network() as net:
        add(net, "sequencer", pool=pool)
        submissions = net.nodes["sequencer"].submissions
        first = asyncio.create_task(submissions.submit(RAW))
        await until(lambda: bool(pool.taken))
        joined = asyncio.create_task(submissions.submit(RAW))
        await asyncio.sleep(0)
        joined.cancel()
        with pytest.raises(asyncio.CancelledError):
            await joined
        pool.open.set()
        assert (await first)[0] == VerdictCode.TAKEN


async def test_a_peer_that_does_not_answer_costs_one_wait() -> None:
    async with network() as net:
        add(net, "a")
        net.add_liar("mute", lambda _message: None)
        net.add_liar("way", answering(VerdictCode.TAKEN))
        await connect(net, "a-mute", "a-way")
        net.nodes["a"].submissions._hop_seconds = 0.05
        while not asked(net, "a", "mute"):
            await net.nodes["a"].submit(RAW)
        net.nodes["a"].submissions._hop_seconds = 60.0
        net.nodes["a"].submissions._route = None
        assert (await net.nodes["a"].submit(RAW))[0] == VerdictCode.TAKEN
        assert len(asked(net, "a", "mute")) == 1


def another_kind(message: Message) -> Response | None:
    return Headers(request=message.request, headers=()) if isinstance(message, SubmitTransaction) else None


def busy(message: Message) -> Response | None:
    if isinstance(message, SubmitTransaction):
        return Declined(request=message.request, reason=DeclineReason.BUSY, text="busy")
    return None


async def test_an_answer_of_another_kind_is_reported_and_a_busy_peer_is_not() -> None:
    async with network() as net:
        add(net, "a")
        net.add_liar("liar", another_kind)
        net.add_liar("busy", busy)
        await connect(net, "a-liar", "a-busy")
        assert (await net.nodes["a"].submit(RAW))[0] == VerdictCode.NO_ROUTE
        assert net.ends["a", "liar"].points == 50
        assert net.ends["a", "busy"].points == 0


async def test_what_is_too_large_or_too_much_goes_nowhere() -> None:
    pool = Pool()
    pool.open.clear()
    async with network() as net:
        add(net, "sequencer", pool=pool)
        submissions = net.nodes["sequencer"].submissions
        code, text = await submissions.submit(bytes(MAX_TRANSACTION + 1))
        assert (code, text) == (VerdictCode.REFUSED, "oversized data: transaction size 131073, limit 131072")
        submissions._most = 3
        under_way = [asyncio.create_task(submissions.submit(RAW + bytes([index]))) for index in range(3)]
        await until(lambda: len(submissions) == 3)
        code, text = await submissions.submit(RAW)
        assert (code, text) == (VerdictCode.NO_ROUTE, "too many transactions are under way")
        pool.open.set()
        assert [code for code, _ in await asyncio.gather(*under_way)] == [VerdictCode.TAKEN] * 3
        assert len(submissions) == 0


async def test_a_flood_of_one_peer_is_declined() -> None:
    pool = Pool()
    pool.open.clear()
    async with network() as net:
        add(net, "sequencer", pool=pool)
        flooder = net.add_liar("flooder", lambda _message: None)
        await connect(net, "sequencer-flooder")
        for index in range(100):
            raw = RAW + bytes([index])
            net.ends["flooder", "sequencer"].send(SubmitTransaction(request=1_000 + index, hops=0, raw=raw))
        await until(lambda: sum(isinstance(heard, Declined) for heard in flooder.asked) == 36)
        assert len(net.nodes["sequencer"].submissions) == 64
        pool.open.set()
        await until(lambda: sum(isinstance(heard, Verdict) for heard in flooder.asked) == 64)


async def test_without_peers_there_is_no_way() -> None:
    async with network() as net:
        add(net, "a")
        assert await net.nodes["a"].submit(RAW) == (VerdictCode.NO_ROUTE, "no peer is connected")
        assert await net.nodes["a"].submissions.submit(RAW, hops=0, source=NodeId(bytes(32))) == (
            VerdictCode.NO_ROUTE,
            "too many hops from the sequencer",
        )
