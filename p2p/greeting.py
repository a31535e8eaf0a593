"""How two nodes greet: which network each is of, and a proof that each has the key that it claims.

    dialler   Hello →
              ← Hello      listener
              Proof →
              ← Proof
              HeadStatus → now the listener knows that the dialler takes large messages

A Proof signs keccak(domain ++ keccak(own Hello) ++ keccak(other's Hello)), over the bytes as sent. Nonces make it good
for one connection, the order for one side. The listener takes no message of more than `MAX_GREETING` bytes from
who has shown no key, so that strangers cost no memory; the dialler, who chose whom to dial, none before a Hello that
suits it. Each lifts its limit before the other may send more.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from websockets.asyncio.connection import Connection

from p2p.errors import GreetingRefused, MalformedMessage, PeerLeft
from p2p.identity import NodeIdentity, node_id_of, verify
from p2p.messages import (
    MAX_FRAME,
    PROTOCOL_VERSION,
    Farewell,
    Goodbye,
    HeadStatus,
    Hello,
    Message,
    Proof,
    decode_message,
    encode_message,
)
from p2p.ports import NodeId
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32

DOMAIN: Final = b"openledger peer greeting 1"
NONCE: Final = 32

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkIdentity:
    """What all nodes of one network have in common."""

    chain_id: int
    genesis_hash: Hash32
    rollup_hash: Hash32
    """Hash of the rollup configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeted:
    """What a peer said of itself; only the node id is proven."""

    node_id: NodeId
    hello: Hello
    status: HeadStatus | None
    """None where this node dialled: the other side's comes later."""


class Greeting:
    """Greets on behalf of one node."""

    def __init__(
        self,
        identity: NodeIdentity,
        network: NetworkIdentity,
        *,
        status: Callable[[], HeadStatus],
        agent: str,
        advertise: Callable[[], str],
    ) -> None:
        """`status`: this node's head; `advertise`: host:port where it listens, or nothing."""
        self._identity = identity
        self._network = network
        self._status = status
        self._agent = agent
        self._advertise = advertise

    async def dial(self, socket: Connection, admit: Callable[[NodeId], None]) -> Greeted:
        """The listener. `admit` raises GreetingRefused for a node that is not wanted, before it is given a Proof.

        Raises GreetingRefused, MalformedMessage and PeerLeft, as `answer` does.
        """
        own = encode_message(self._hello())
        await socket.send(own)
        other, hello = await _receive(socket, Hello)
        node_id = self._check(hello)
        admit(node_id)
        lift_limit(socket)
        await socket.send(self._proof(own, other))
        _, proof = await _receive(socket, Proof)
        _check_proof(node_id, proof, other, own)
        await socket.send(encode_message(self._status()))
        return Greeted(node_id=node_id, hello=hello, status=None)

    async def answer(self, socket: Connection, admit: Callable[[NodeId], None]) -> Greeted:
        """The dialler."""
        other, hello = await _receive(socket, Hello)
        node_id = self._check(hello)
        admit(node_id)
        own = encode_message(self._hello())
        await socket.send(own)
        _, proof = await _receive(socket, Proof)
        _check_proof(node_id, proof, other, own)
        lift_limit(socket)
        await socket.send(self._proof(own, other))
        _, status = await _receive(socket, HeadStatus)
        return Greeted(node_id=node_id, hello=hello, status=status)

    def _hello(self) -> Hello:
        status = self._status()
        return Hello(
            version=PROTOCOL_VERSION,
            chain_id=self._network.chain_id,
            genesis_hash=self._network.genesis_hash,
            rollup_hash=self._network.rollup_hash,
            public_key=self._identity.public_key,
            nonce=secrets.token_bytes(NONCE),
            address=self._advertise(),
            agent=self._agent,
            head_number=status.number,
            head_hash=status.hash,
        )

    def _check(self, hello: Hello) -> NodeId:
        """Whose Hello it claims to be, of this network and not this node's own."""
        ours = self._network
        if hello.version != PROTOCOL_VERSION:
            raise GreetingRefused(
                f"protocol version {hello.version}: expected {PROTOCOL_VERSION}", Farewell.WRONG_VERSION
            )
        for name, got, expected in (
            ("chain id", str(hello.chain_id), str(ours.chain_id)),
            ("genesis hash", "0x" + hello.genesis_hash.hex(), "0x" + ours.genesis_hash.hex()),
            ("rollup configuration", "0x" + hello.rollup_hash.hex(), "0x" + ours.rollup_hash.hex()),
        ):
            if got != expected:
                raise GreetingRefused(f"{name} {got}: expected {expected}", Farewell.WRONG_NETWORK)
        node_id = node_id_of(hello.public_key)
        if node_id == self._identity.node_id:
            raise GreetingRefused("connected to itself", Farewell.BAD_IDENTITY)
        return node_id

    def _proof(self, own: bytes, other: bytes) -> bytes:
        return encode_message(Proof(signature=self._identity.sign(proof_digest(own, other))))


def proof_digest(own: bytes, other: bytes) -> Hash32:
    """What the sender of the Hello `own` signs."""
    return keccak256(DOMAIN + keccak256(own) + keccak256(other))


def lift_limit(socket: Connection) -> None:
    """Messages as large as the protocol has them are taken from now on."""
    socket.protocol.max_message_size = MAX_FRAME


def _check_proof(node_id: NodeId, proof: Proof, own: bytes, other: bytes) -> None:
    if not verify(node_id, proof_digest(own, other), proof.signature):
        raise GreetingRefused("proof is not by the key of the greeting", Farewell.BAD_IDENTITY)


async def _receive(socket: Connection, kind: type[M]) -> tuple[bytes, M]:
    """The next message's bytes, and what they say."""
    data = await socket.recv()
    if isinstance(data, str):
        raise MalformedMessage("message is text: expected bytes")
    message = decode_message(data)
    if isinstance(message, Goodbye):
        raise PeerLeft(f"{Farewell(message.reason).name}: {message.text}", message.reason)
    if not isinstance(message, kind):
        raise MalformedMessage(f"{type(message).__name__} in a greeting: expected {kind.__name__}")
    return data, message
