"""Nodes on the loopback interface for tests of the transport, and a raw peer that does as it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from p2p.door import DialledConnection
from p2p.greeting import NetworkIdentity, proof_digest
from p2p.identity import NodeIdentity
from p2p.messages import (
    MAX_FRAME,
    PROTOCOL_VERSION,
    Goodbye,
    HeadStatus,
    Hello,
    Message,
    Proof,
    Response,
    decode_message,
    encode_message,
)
from p2p.network import PeerNetwork
from p2p.ports import Peer
from p2p.settings import PeerSettings
from state.primitives.types import Hash32

SECONDS: Final = 60.0
"""For whatever is waited for, on a busy machine."""
NETWORK: Final = NetworkIdentity(chain_id=161_299, genesis_hash=Hash32(b"g" * 32), rollup_hash=Hash32(b"r" * 32))
QUICK: Final = PeerSettings(
    port=0, dial_every=0.02, retry_first=0.05, retry_static=0.1, discover_every=0.1, close_seconds=0.5
)


class MemoryValues(dict[bytes, bytes]):
    """KeyValues without a disk."""

    def put(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.pop(key, None)
        else:
            self[key] = value

    def iterate(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        yield from sorted(item for item in self.items() if item[0].startswith(prefix))


class Ear:
    """A PeerHandler that remembers, and answers with what it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.met: list[Peer] = []
        self.gone: list[Peer] = []
        self.reply: Callable[[Message], Response | None] = lambda message: None
        self.hold: asyncio.Event | None = None

    async def on_peer(self, peer: Peer) -> None:
        self.met.append(peer)

    def on_gone(self, peer: Peer) -> None:
        self.gone.append(peer)

    async def on_message(self, peer: Peer, message: Message) -> Response | None:
        self.messages.append(message)
        if self.hold is not None:
            await self.hold.wait()
        return self.reply(message)

    def heard(self, kind: type[Message]) -> list[Message]:
        return [message for message in self.messages if isinstance(message, kind)]


def identity(number: int) -> NodeIdentity:
    return NodeIdentity(number.to_bytes(32, "big"))


def status(number: int = 7) -> HeadStatus:
    return HeadStatus(number=number, hash=number.to_bytes(32, "big"), first=1)


def make_network(number: int, *, settings: PeerSettings = QUICK, **options: Any) -> PeerNetwork:
    """The node with that number as its key; its head has the same number."""
    static = options.pop("static", settings.static)
    known: dict[str, Any] = {"network": NETWORK, "store": MemoryValues(), "agent": f"test/{number}"}
    return PeerNetwork(
        replace(settings, static=static), identity=identity(number), status=lambda: status(number), **(known | options)
    )


@contextlib.asynccontextmanager
async def running(network: PeerNetwork, ear: Ear | None = None) -> AsyncIterator[Ear]:
    """The network, listening, until the block ends; what goes wrong in it goes wrong in the test."""
    ear = ear or Ear()
    task = asyncio.create_task(network.run(ear))
    started = asyncio.create_task(network.started.wait())
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    started.cancel()
    try:
        yield ear
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    """Waits for a condition."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - any condition will do
            await asyncio.sleep(0.01)


def at(network: PeerNetwork) -> str:
    return f"127.0.0.1:{network.port}"


class RawPeer:
    """A WebSocket to a node, and each step of a greeting by hand."""

    def __init__(self, socket: ClientConnection, key: NodeIdentity) -> None:
        self.socket = socket
        self.key = key
        self.own = b""
        self.other = b""

    def hello(self, **changes: Any) -> Hello:
        fields: dict[str, Any] = {
            "version": PROTOCOL_VERSION,
            "chain_id": NETWORK.chain_id,
            "genesis_hash": NETWORK.genesis_hash,
            "rollup_hash": NETWORK.rollup_hash,
            "public_key": self.key.public_key,
            "nonce": b"n" * 32,
            "address": "",
            "agent": "raw",
            "head_number": 0,
            "head_hash": bytes(32),
        }
        return Hello(**(fields | changes))

    async def say(self, message: Message) -> None:
        await self.socket.send(encode_message(message))

    async def hear(self) -> Message:
        async with asyncio.timeout(SECONDS):
            data = await self.socket.recv()
        assert isinstance(data, bytes)
        return decode_message(data)

    async def exchange_hellos(self, **changes: Any) -> Message:
        """What comes back, usually a Hello."""
        self.own = encode_message(self.hello(**changes))
        await self.socket.send(self.own)
        async with asyncio.timeout(SECONDS):
            data = await self.socket.recv()
        assert isinstance(data, bytes)
        self.other = data
        return decode_message(data)

    async def greet(self, **changes: Any) -> None:
        """All of it."""
        assert isinstance(await self.exchange_hellos(**changes), Hello)
        await self.say(Proof(signature=self.key.sign(proof_digest(self.own, self.other))))
        assert isinstance(await self.hear(), Proof)
        await self.say(status())
        assert isinstance(await self.hear(), HeadStatus)

    async def goodbye(self) -> Goodbye:
        """The Goodbye that ends what else comes."""
        while not isinstance(message := await self.hear(), Goodbye):
            pass
        return message


@contextlib.asynccontextmanager
async def raw_peer(network: PeerNetwork, number: int = 99, **options: Any) -> AsyncIterator[RawPeer]:
    address = f"ws://{at(network)}"
    known: dict[str, Any] = {
        "create_connection": partial(DialledConnection, QUICK),
        "proxy": None,
        "compression": None,
        "max_size": MAX_FRAME,
        "close_timeout": 0.1,
    }
    async with connect(address, **(known | options)) as socket:
        yield RawPeer(socket, identity(number))
