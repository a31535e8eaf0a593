"""Two and three nodes on the loopback interface."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from p2p.errors import BrokenPromise, ListenRefused, NoAnswer, RequestDeclined
from p2p.greeting import NetworkIdentity
from p2p.messages import (
    BlockAnnouncement,
    Blocks,
    Declined,
    DeclineReason,
    Farewell,
    GetBlocks,
    Headers,
    HeadStatus,
    Message,
    Response,
)
from p2p.network import PeerNetwork
from p2p.ports import Peer
from state.primitives.types import Hash32
from tests.ports import free_ports
from tests.unit.p2p.transport.peering import (
    NETWORK,
    QUICK,
    SECONDS,
    Ear,
    MemoryValues,
    at,
    make_network,
    running,
    until,
)


def get_blocks(request: int) -> GetBlocks:
    return GetBlocks(request=request, first=1, count=2)


@contextlib.asynccontextmanager
async def pair() -> AsyncIterator[tuple[PeerNetwork, Ear, PeerNetwork, Ear]]:
    """A node that listens and one that dialled it: (listener, its ear, dialler, its ear)."""
    listener = make_network(1, settings=replace(QUICK, discover=False))
    async with running(listener) as one:
        dialler = make_network(2, settings=replace(QUICK, discover=False), static=(at(listener),))
        async with running(dialler) as two:
            await until(lambda: one.met and two.met)
            yield listener, one, dialler, two


async def test_nodes_greet_and_know_each_other() -> None:
    async with pair() as (listener, _, dialler, _):
        await until(lambda: dialler.connections[0].first == 1)
        (inbound,), (outbound,) = listener.describe(), dialler.describe()
    assert (inbound["id"], inbound["direction"], inbound["agent"], inbound["head"], inbound["first"]) == (
        dialler.node_id.hex(),
        "inbound",
        "test/2",
        2,
        1,
    )
    assert (outbound["id"], outbound["direction"], outbound["head"]) == (listener.node_id.hex(), "outbound", 1)
    assert outbound["address"] == at(listener)
    assert outbound["score"] == 0


async def test_gossip_reaches_all_but_one() -> None:
    async with pair() as (listener, _, dialler, two):
        assert listener.broadcast(BlockAnnouncement(message=b"b" * 3_000_000)) == 1
        await until(lambda: two.heard(BlockAnnouncement))
        assert listener.broadcast(BlockAnnouncement(message=b""), but=dialler.node_id) == 0
    assert two.heard(BlockAnnouncement) == [BlockAnnouncement(message=b"b" * 3_000_000)]
    assert listener.counters.messages_out["BlockAnnouncement"] == 1
    assert dialler.counters.bytes_in["BlockAnnouncement"] > 3_000_000


async def test_heads_are_what_peers_last_said() -> None:
    async with pair() as (listener, _, dialler, _):
        listener.broadcast(HeadStatus(number=40, hash=b"4" * 32, first=30))
        await until(lambda: dialler.peers[0].head.number == 40)
        assert (dialler.peers[0].head.hash, dialler.peers[0].first) == (Hash32(b"4" * 32), 30)


async def test_questions_are_answered() -> None:
    async with pair() as (_, one, dialler, _):
        one.reply = lambda message: Blocks(request=getattr(message, "request", 0), blocks=(b"1", b"2"))
        answer = await dialler.peers[0].request(get_blocks, seconds=SECONDS)
    assert isinstance(answer, Blocks)
    assert answer.blocks == (b"1", b"2")


async def test_a_declined_question_says_why() -> None:
    async with pair() as (_, one, dialler, _):
        one.reply = lambda message: Declined(
            request=getattr(message, "request", 0), reason=DeclineReason.UNAVAILABLE, text="pruned"
        )
        with pytest.raises(RequestDeclined, match="UNAVAILABLE: pruned"):
            await dialler.peers[0].request(get_blocks, seconds=SECONDS)


async def test_an_answer_of_another_kind_is_a_broken_promise() -> None:
    async with pair() as (_, one, dialler, _):
        one.reply = lambda message: Headers(request=getattr(message, "request", 0), headers=())
        with pytest.raises(BrokenPromise, match="answer is Headers: expected Blocks"):
            await dialler.peers[0].request(get_blocks, seconds=SECONDS)


async def test_a_question_without_an_answer_ends_in_time_and_a_late_one_is_no_fault() -> None:
    async with pair() as (_, one, dialler, _):
        one.hold = asyncio.Event()
        one.reply = lambda message: (
            Blocks(request=message.request, blocks=()) if isinstance(message, GetBlocks) else None
        )
        peer = dialler.peers[0]
        with pytest.raises(NoAnswer, match="no answer within"):
            await peer.request(get_blocks, seconds=0.05)
        one.hold.set()
        await until(lambda: dialler.counters.messages_in["Blocks"] == 1)
        assert dialler.scores.score(peer.node_id) == 0


async def test_only_so_many_questions_are_under_way() -> None:
    async with pair() as (_, one, dialler, _):
        one.hold = asyncio.Event()
        peer = dialler.peers[0]
        waiting = [asyncio.create_task(peer.request(get_blocks, seconds=SECONDS)) for _ in range(QUICK.max_requests)]
        await until(lambda: one.messages)
        with pytest.raises(NoAnswer, match=f"{QUICK.max_requests} requests to this peer are under way"):
            await peer.request(get_blocks, seconds=SECONDS)
        dialler.disconnect(peer.node_id)
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(outcome, NoAnswer) for outcome in outcomes)


async def test_a_handler_may_ask_the_peer_whose_message_it_handles() -> None:
    class Asks(Ear):
        async def on_message(self, peer: Peer, message: Message) -> Response | None:
            if isinstance(message, BlockAnnouncement):
                self.messages.append(await peer.request(get_blocks, seconds=SECONDS))
            return None

    listener = make_network(1)
    async with running(listener) as one:
        one.reply = lambda message: (
            Blocks(request=message.request, blocks=(b"x",)) if isinstance(message, GetBlocks) else None
        )
        async with running(make_network(2, static=(at(listener),)), Asks()) as two:
            await until(lambda: one.met)
            one.met[0].send(BlockAnnouncement(message=b""))
            await until(lambda: two.heard(Blocks))


@pytest.mark.parametrize(
    "other",
    [
        NetworkIdentity(chain_id=1, genesis_hash=NETWORK.genesis_hash, rollup_hash=NETWORK.rollup_hash),
        NetworkIdentity(chain_id=NETWORK.chain_id, genesis_hash=Hash32(bytes(32)), rollup_hash=NETWORK.rollup_hash),
        NetworkIdentity(chain_id=NETWORK.chain_id, genesis_hash=NETWORK.genesis_hash, rollup_hash=Hash32(bytes(32))),
    ],
    ids=["chain id", "genesis", "rollup configuration"],
)
async def test_nodes_of_another_network_stay_apart(other: NetworkIdentity) -> None:
    listener = make_network(1)
    async with running(listener) as one:
        async with running(make_network(2, static=(at(listener),), network=other)) as two:
            await until(lambda: listener.counters.refused["wrong_network"] >= 2)
        assert not one.met
        assert not two.met
    assert not listener.counters.faults


async def test_a_node_does_not_connect_to_itself() -> None:
    (port,) = free_ports(1)
    network = make_network(1, settings=replace(QUICK, port=port), static=(f"127.0.0.1:{port}",))
    async with running(network) as ear:
        await until(lambda: network.counters.refused["bad_identity"])
        await until(lambda: not network._dialler._busy)
        assert not ear.met
        assert not list(network.book.due(busy=(), connected=(), learned=8)), "it is not dialled again soon"


async def test_of_two_connections_that_both_sides_dialled_one_stays() -> None:
    ports = free_ports(2)
    settings = [replace(QUICK, port=port) for port in ports]
    addresses = [f"127.0.0.1:{port}" for port in ports]
    one, two = (make_network(n + 1, settings=settings[n], static=(addresses[1 - n],)) for n in range(2))
    smaller = min(one, two, key=lambda network: network.node_id)
    async with running(one), running(two):
        await until(lambda: one.connections and two.connections)
        await until(lambda: one.counters.refused["already_connected"] + two.counters.refused["already_connected"])
        larger = two if smaller is one else one
        await until(lambda: [peer.outbound for peer in smaller.connections] == [True])
        await until(lambda: [peer.outbound for peer in larger.connections] == [False])


async def test_a_third_node_is_found_through_a_peer() -> None:
    ports = free_ports(3)
    settings = [replace(QUICK, port=port, advertise=f"127.0.0.1:{port}") for port in ports]
    hub = make_network(1, settings=settings[0])
    left, right = (make_network(n + 1, settings=settings[n], static=(f"127.0.0.1:{ports[0]}",)) for n in (1, 2))

    def ids(network: PeerNetwork) -> set[bytes]:
        return {bytes(peer.node_id) for peer in network.connections}

    async with running(hub), running(left), running(right):
        await until(lambda: right.node_id in ids(left) and left.node_id in ids(right))
        assert ids(hub) == {left.node_id, right.node_id}


async def test_goodbye_is_said_at_the_end_and_peers_are_dialled_again() -> None:
    (port,) = free_ports(1)
    settings = replace(QUICK, port=port)
    dialler = make_network(2, static=(f"127.0.0.1:{port}",))
    async with running(dialler) as two:
        async with running(make_network(1, settings=settings)):
            await until(lambda: two.met)
            connection = dialler.connections[0]
        await until(lambda: two.gone)
        assert connection.heard is not None
        assert connection.heard.reason == Farewell.STOPPING
        async with running(make_network(1, settings=settings)):
            await until(lambda: len(two.met) == 2)


async def test_a_ban_survives_a_restart() -> None:
    store = MemoryValues()
    listener = make_network(1, store=store)
    async with running(listener) as one:
        dialler = make_network(2, static=(at(listener),))
        async with running(dialler) as two:
            await until(lambda: one.met)
            one.met[0].fault(50, "a lie")
            assert not one.gone
            one.met[0].fault(50, "a second lie")
            await until(lambda: one.gone)
            await until(lambda: listener.counters.refused["banned"])
    assert len(one.met) == 1
    again = make_network(1, store=store)
    async with running(again) as one:
        async with running(make_network(2, static=(at(again),))):
            await until(lambda: again.counters.refused["banned"])
        assert not one.met
    assert two.gone


async def test_addresses_come_and_go_while_it_runs() -> None:
    listener, dialler = make_network(1), make_network(2)
    async with running(listener), running(dialler) as two:
        assert dialler.add_static(at(listener)) == at(listener)
        await until(lambda: two.met)
        assert dialler.remove_static(at(listener))
        assert dialler.disconnect(listener.node_id)
        await until(lambda: two.gone)
        assert not dialler.disconnect(listener.node_id)
        assert dialler.book.static == ()
        with pytest.raises(ValueError, match="host:port"):
            dialler.add_static("nowhere")


async def test_no_more_peers_than_wanted() -> None:
    listener = make_network(1, settings=replace(QUICK, max_inbound=1))
    async with running(listener) as one, running(make_network(2, static=(at(listener),))):
        await until(lambda: one.met)
        async with running(make_network(3, static=(at(listener),))) as three:
            await until(lambda: listener.counters.refused["too_many_peers"])
        assert not three.met


async def test_a_taken_port_is_the_operators_problem() -> None:
    first = make_network(1)
    async with running(first):
        second = make_network(2, settings=replace(QUICK, port=first.port))
        with pytest.raises(ListenRefused, match="can't be listened to"):
            await second.run(Ear())


async def test_a_bug_in_the_handler_is_not_hidden() -> None:
    class Buggy(Ear):
        async def on_message(self, peer: Peer, message: Message) -> Response | None:
            raise ZeroDivisionError("a bug")

    listener = make_network(1)
    task = asyncio.create_task(listener.run(Buggy()))
    await listener.started.wait()
    async with running(make_network(2, static=(at(listener),))) as two:
        await until(lambda: two.met)
        two.met[0].send(BlockAnnouncement(message=b""))
        with pytest.raises(ZeroDivisionError, match="a bug"):
            await asyncio.wait_for(task, SECONDS)


async def test_a_node_without_a_port_only_dials() -> None:
    listener = make_network(1)
    async with running(listener) as one:
        hidden = make_network(2, settings=replace(QUICK, port=None), static=(at(listener),))
        async with running(hidden):
            await until(lambda: one.met)
            assert hidden.port == 0
            assert listener.connections[0].address is None
