"""A response's head goes out with what follows it, or by itself when nothing does."""

import asyncio
from typing import cast

import pytest

from rpc.transport.joined import MOST_JOINED, JoinedWrites
from tests.unit.rpc.conftest import Client

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class _Wire:
    """Remembers what is sent, in packets."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.packets.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


@pytest.fixture
def wire() -> _Wire:
    return _Wire()


@pytest.fixture
async def transport(wire: _Wire) -> JoinedWrites:
    return JoinedWrites(cast(asyncio.Transport, wire), asyncio.get_running_loop())


async def test_head_and_body_are_one_packet(wire: _Wire, transport: JoinedWrites) -> None:
    transport.write(HEAD)
    assert wire.packets == []
    transport.write(b"body")
    await asyncio.sleep(0)
    assert wire.packets == [HEAD + b"body"]


async def test_head_without_a_body_goes_out_in_the_loops_next_turn(wire: _Wire, transport: JoinedWrites) -> None:
    transport.write(HEAD)
    await asyncio.sleep(0)
    assert wire.packets == [HEAD]
    transport.write(b"body")
    assert wire.packets == [HEAD, b"body"]


async def test_long_body_is_not_copied(wire: _Wire, transport: JoinedWrites) -> None:
    body = bytes(MOST_JOINED + 1)
    transport.write(HEAD)
    transport.write(body)
    assert wire.packets[0] == HEAD
    assert wire.packets[1] is body


async def test_close_sends_the_head_that_waits(wire: _Wire, transport: JoinedWrites) -> None:
    transport.write(HEAD)
    transport.close()
    assert (wire.packets, transport.is_closing()) == ([HEAD], True)


async def test_pipelined_answers_come_whole_and_in_order(client: Client) -> None:
    bodies = [b'{"jsonrpc":"2.0","id":%d,"method":"eth_chainId"}' % number for number in range(20)]
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    for body in bodies:
        head = (
            f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        writer.write(head.encode() + b"\r\n" + body)
    for number in range(len(bodies)):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert b'"id":%d,' % number in await reader.readexactly(length)
    writer.close()
