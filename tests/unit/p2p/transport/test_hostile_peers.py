"""Peers that lie, shout, dawdle or fall silent, against a node on the loopback interface."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from p2p.greeting import proof_digest
from p2p.messages import (
    MAX_FRAME,
    MAX_GREETING,
    BlockAnnouncement,
    Blocks,
    Declined,
    DeclineReason,
    Farewell,
    GetBlocks,
    Hello,
    Proof,
    Verdict,
    encode_message,
)
from p2p.network import PeerNetwork
from tests.unit.p2p.transport.peering import (
    QUICK,
    SECONDS,
    Ear,
    RawPeer,
    at,
    identity,
    make_network,
    raw_peer,
    running,
    status,
    until,
)


@contextlib.asynccontextmanager
async def node(**changes: Any) -> AsyncIterator[tuple[PeerNetwork, Ear]]:
    network = make_network(1, settings=replace(QUICK, discover=False, **changes))
    async with running(network) as ear:
        yield network, ear


async def closed(peer: RawPeer) -> None:
    """Waits until the node has ended the connection, and hears what it says until then."""
    async with asyncio.timeout(SECONDS):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await peer.socket.recv()


async def test_a_proof_by_another_key_is_refused() -> None:
    async with node() as (network, ear), raw_peer(network) as peer:
        await peer.exchange_hellos()
        await peer.say(Proof(signature=identity(5).sign(proof_digest(peer.own, peer.other))))
        assert (await peer.goodbye()).reason == Farewell.BAD_IDENTITY
        assert not ear.met
        assert network.counters.faults["GreetingRefused"] == 1


async def test_a_proof_of_another_connection_is_refused() -> None:
    async with node() as (network, ear):
        async with raw_peer(network) as peer:
            await peer.exchange_hellos()
            proof = Proof(signature=peer.key.sign(proof_digest(peer.own, peer.other)))
        async with raw_peer(network) as peer:
            await peer.exchange_hellos()
            await peer.say(proof)
            assert (await peer.goodbye()).reason == Farewell.BAD_IDENTITY
        assert not ear.met


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, Farewell.WRONG_VERSION),
        ({"chain_id": 1}, Farewell.WRONG_NETWORK),
        ({"public_key": b"\x05" * 33}, Farewell.MISBEHAVED),
        ({"public_key": identity(1).public_key}, Farewell.BAD_IDENTITY),
    ],
    ids=["version", "chain", "no key", "the node's own key"],
)
async def test_a_hello_that_does_not_suit_is_refused_with_its_reason(changes: dict[str, Any], reason: int) -> None:
    async with node() as (network, ear), raw_peer(network) as peer:
        await peer.say(peer.hello(**changes))
        assert (await peer.goodbye()).reason == reason
        assert not ear.met


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc1", encode_message(status()), b"\x00" * (MAX_GREETING + 1), "text"],
    ids=["nothing", "no msgpack", "another kind", "too large", "text"],
)
async def test_what_is_no_greeting_costs_the_address(data: bytes | str) -> None:
    async with node() as (network, ear), raw_peer(network) as peer:
        await peer.socket.send(data)
        await closed(peer)
        await until(lambda: network.counters.faults["MalformedMessage"] == 1)
        assert not ear.met


async def test_strangers_cannot_announce_large_messages() -> None:
    async with node() as (network, _), raw_peer(network) as peer:
        await peer.exchange_hellos()
        with contextlib.suppress(ConnectionClosed):
            await peer.socket.send(encode_message(BlockAnnouncement(message=bytes(MAX_GREETING))))
        await closed(peer)
        assert peer.socket.close_code == 1009


async def test_greeted_peers_can_send_the_largest_message_and_no_larger() -> None:
    async with node() as (network, ear), raw_peer(network) as peer:
        await peer.greet()
        largest = BlockAnnouncement(message=bytes(MAX_FRAME - 1_024))
        await peer.say(largest)
        await until(lambda: ear.messages == [largest])
        with contextlib.suppress(ConnectionClosed):
            await peer.socket.send(bytes(MAX_FRAME + 1))
        await closed(peer)
        await until(lambda: network.counters.faults["MalformedMessage"] == 1)


async def test_half_open_connections_are_closed() -> None:
    async with node(greeting_seconds=0.2) as (network, ear):
        reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
        async with raw_peer(network) as peer:
            assert (await peer.goodbye()).reason == Farewell.TOO_SLOW
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), SECONDS) is not None
        writer.close()
        await until(lambda: network._door.half_open == 0)
        assert network.counters.faults["silence"] == 1
        assert not ear.met


async def test_only_so_many_connections_are_half_open() -> None:
    async with node(max_half_open=2) as (network, _):
        async with raw_peer(network), raw_peer(network):
            with pytest.raises((OSError, InvalidMessage)):
                async with raw_peer(network):
                    pass
            assert network.counters.refused["cut_off"] == 1
        await until(lambda: network._door.half_open == 0)
        async with raw_peer(network) as peer:
            await peer.greet()


async def test_a_stop_does_not_wait_for_who_never_speaks() -> None:
    network = make_network(1)
    async with running(network):
        _, writer = await asyncio.open_connection("127.0.0.1", network.port)
        await until(lambda: network._door.half_open == 1)
    writer.close()


async def test_a_banned_address_is_cut_off() -> None:
    async with node() as (network, _):
        network.scores.is_banned_ip = lambda ip: True  # type: ignore[method-assign]
        _, writer = await asyncio.open_connection("127.0.0.1", network.port)
        await until(lambda: network.counters.refused["cut_off"] == 1)
        writer.close()


async def test_malformed_messages_lead_to_a_ban() -> None:
    async with node() as (network, ear):
        async with raw_peer(network) as peer:
            await peer.greet()
            await peer.socket.send(b"\xc1")
            await peer.socket.send("text")
            assert (await peer.goodbye()).reason == Farewell.MISBEHAVED
        await until(lambda: ear.gone)
        async with raw_peer(network) as peer:
            await peer.say(peer.hello())
            assert (await peer.goodbye()).reason == Farewell.BANNED
        async with raw_peer(network, number=98) as honest:
            await honest.greet()


async def test_answers_that_nobody_asked_for_are_faults() -> None:
    async with node() as (network, ear), raw_peer(network) as peer:
        await peer.greet()
        await peer.say(Verdict(request=5, code=0, text=""))
        await peer.say(Blocks(request=6, blocks=()))
        await until(lambda: network.counters.faults["PeerFault"] == 2)
        assert network.scores.score(peer.key.node_id) < 0
        assert not ear.messages


async def test_a_second_greeting_is_a_fault() -> None:
    async with node() as (network, _), raw_peer(network) as peer:
        await peer.greet()
        await peer.say(peer.hello())
        await until(lambda: network.counters.faults["PeerFault"] == 1)


async def test_a_flood_of_questions_is_declined_and_then_ends_in_a_ban() -> None:
    async with node(requests_burst=8, requests_per_second=0) as (network, ear), raw_peer(network) as peer:
        ear.reply = lambda message: Blocks(request=getattr(message, "request", 0), blocks=())
        await peer.greet()
        for request in range(9):
            await peer.say(GetBlocks(request=request, first=1, count=1))
        answers = [await peer.hear() for _ in range(9)]
        declined = [answer for answer in answers if isinstance(answer, Declined)]
        assert [(answer.request, answer.reason) for answer in declined] == [(8, DeclineReason.BUSY)]
        with contextlib.suppress(ConnectionClosed):
            for request in range(200):
                await peer.say(GetBlocks(request=request, first=1, count=1))
        await until(lambda: network.scores.is_banned(peer.key.node_id))
        assert len(ear.messages) == 8


async def test_a_flood_of_gossip_is_dropped() -> None:
    async with node(messages_burst=8, messages_per_second=0) as (network, ear), raw_peer(network) as peer:
        await peer.greet()
        for number in range(20):
            await peer.say(status(number))
        await until(lambda: network.counters.dropped["HeadStatus"] == 12)
        await until(lambda: len(ear.messages) == 8)
        assert network.scores.score(peer.key.node_id) < -10


async def test_bytes_are_limited_too() -> None:
    async with node(bytes_burst=1_000_000, bytes_per_second=0) as (network, ear), raw_peer(network) as peer:
        await peer.greet()
        for _ in range(3):
            await peer.say(BlockAnnouncement(message=bytes(600_000)))
        await until(lambda: network.counters.dropped["BlockAnnouncement"] == 1)
        assert len(ear.messages) == 2


async def test_a_slow_reader_is_let_go_and_others_are_unaffected() -> None:
    message = BlockAnnouncement(message=bytes(4_000_000))
    async with node(queue_bytes=20_000_000) as (network, ear):
        honest = make_network(2, settings=replace(QUICK, bytes_burst=1e9), static=(at(network),))
        async with running(honest) as two, raw_peer(network, max_queue=1) as slow:
            await slow.greet()
            slow.socket.transport.pause_reading()
            await until(lambda: len(ear.met) == 2)
            sent = 0
            while len(network.peers) == 2:
                sent += network.broadcast(message) > 0
                await until(lambda: len(two.heard(BlockAnnouncement)) == sent)  # noqa: B023
                assert sent < 50
            await until(lambda: bool(ear.gone))
            assert [peer.node_id for peer in ear.gone] == [slow.key.node_id]
            assert network.counters.refused["too_slow"] == 1
            await until(lambda: len(two.heard(BlockAnnouncement)) == sent)
            assert [peer.node_id for peer in network.peers] == [honest.node_id]
            slow.socket.transport.abort()


async def test_a_message_that_is_never_read_ends_the_connection() -> None:
    async with node(send_seconds=0.2, slowest_bytes_per_second=100_000_000) as (network, ear):
        async with raw_peer(network, max_queue=1) as slow:
            await slow.greet()
            slow.socket.transport.pause_reading()
            await until(lambda: ear.met)
            network.broadcast(BlockAnnouncement(message=bytes(MAX_FRAME - 1_024)))
            await until(lambda: ear.gone)
            slow.socket.transport.abort()
        assert network.counters.refused["too_slow"] == 1


async def test_a_silent_peer_counts_as_dead() -> None:
    async with node(ping_interval=0.1, ping_timeout=0.2) as (network, ear):
        async with raw_peer(network, ping_interval=None) as dead:
            await dead.greet()
            await until(lambda: ear.met)
            dead.socket.transport.pause_reading()
            await until(lambda: ear.gone)
            dead.socket.transport.abort()
        assert not network.scores.is_banned(dead.key.node_id)


async def test_a_node_that_dialled_anew_takes_its_old_place() -> None:
    async with node() as (network, ear), raw_peer(network) as old:
        await old.greet()
        async with raw_peer(network) as new:
            await new.greet()
            assert (await old.goodbye()).reason == Farewell.ALREADY_CONNECTED
            await until(lambda: len(ear.met) == 2)
            assert len(network.peers) == 1
            assert len(ear.gone) == 1


async def test_the_node_says_nothing_before_it_hears_a_hello() -> None:
    async with node() as (network, _), raw_peer(network) as peer:
        assert isinstance(await peer.exchange_hellos(), Hello)


async def test_a_web_page_is_no_peer() -> None:
    async with node() as (network, _):
        with pytest.raises(InvalidStatus, match="403"):
            async with raw_peer(network, origin="http://example.org"):
                pass


async def test_a_flood_of_pings_is_cut_off() -> None:
    async with node(pings_burst=8, pings_per_second=0) as (network, ear), raw_peer(network) as peer:
        await peer.greet()
        await until(lambda: ear.met)
        with contextlib.suppress(ConnectionClosed):
            for number in range(9):
                await peer.socket.ping(str(number))
        await until(lambda: ear.gone)
        assert network.counters.faults["MalformedMessage"] == 1
