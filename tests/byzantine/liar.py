"""A peer that keeps to the protocol as far as it likes: WebSocket by hand, a key of its own, no word of the node's."""

import base64
import contextlib
import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgpack
from coincurve import PrivateKey

from p2p.messages import PROTOCOL_VERSION
from state.primitives.crypto import keccak256
from tests.byzantine import speech
from tests.hostile.frames import BINARY, CLOSE, CONTINUATION, FINAL, PING, PONG, frame
from tests.ports import HOST

DOMAIN: Final = b"openledger peer greeting 1"
PATIENCE: Final = 60.0
"""Seconds for what must come."""
END: Final = None


def proof_digest(own: bytes, other: bytes) -> bytes:
    """What the sender of the Hello `own` signs."""
    return keccak256(DOMAIN + keccak256(own) + keccak256(other))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node's port for peers, and the network that it is of."""

    port: int
    chain_id: int = 0
    genesis_hash: bytes = bytes(32)
    rollup_hash: bytes = bytes(32)

    def connect(self) -> socket.socket:
        """A bare connection."""
        connection = socket.create_connection((HOST, self.port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the node."""

    kind: int
    fields: list[Any]
    raw: bytes


class Liar:
    """One connection to a node. Reads only when it is told to; its key is its own unless one is given."""

    def __init__(self, place: Place, key: PrivateKey | None = None) -> None:
        self.place = place
        self.key = key or PrivateKey()
        self.head = (0, bytes(32))
        self.goodbye: tuple[int, str] | None = None
        self.ended = False
        self.requests = 0
        self.hello = b""
        self.proof = b""
        self._buffer = bytearray()
        self._parts = bytearray()
        self.socket, self.status = handshake(place)
        self.ended = self.status != 101

    def __enter__(self) -> "Liar":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.ended = True
        self.socket.close()

    # What it says.

    def send_bytes(self, data: bytes) -> bool:
        """Raw, below WebSocket; whether the node took it."""
        try:
            self.socket.settimeout(PATIENCE)
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def send(self, message: bytes) -> bool:
        """One binary WebSocket message."""
        return self.send_bytes(frame(BINARY, message))

    def hello_of(self, **changes: Any) -> bytes:
        """A Hello, right but for the changes."""
        fields: dict[str, Any] = {
            "version": PROTOCOL_VERSION,
            "chain_id": self.place.chain_id,
            "genesis_hash": self.place.genesis_hash,
            "rollup_hash": self.place.rollup_hash,
            "public_key": self.key.public_key.format(compressed=True),
            "nonce": PrivateKey().secret,
            "address": "",
            "agent": "liar",
            "head_number": self.head[0],
            "head_hash": self.head[1],
        } | changes
        return speech.say(speech.HELLO, *fields.values())

    def sign(self, digest: bytes) -> bytes:
        """r ++ s."""
        return self.key.sign_recoverable(digest, hasher=None)[:64]

    def begin(self, **changes: Any) -> bytes | None:
        """Send a Hello; the node's, None where it gives none."""
        self.hello = self.hello_of(**changes)
        self.send(self.hello)
        answer = self.hear()
        return answer.raw if answer is not None and answer.kind == speech.HELLO else None

    def greet(self, **changes: Any) -> bool:
        """Greet as an honest peer does; whether it is one now."""
        other = self.begin(**changes)
        if other is None:
            return False
        self.proof = speech.say(speech.PROOF, self.sign(proof_digest(self.hello, other)))
        self.send(self.proof)
        answer = self.hear()
        if answer is None or answer.kind != speech.PROOF:
            return False
        return self.send(speech.say(speech.HEAD_STATUS, *self.head, 0))

    def next_request(self) -> int:
        self.requests += 1
        return self.requests

    # What it hears.

    def hear(self, seconds: float = PATIENCE) -> Said | None:
        """The next message, END when the connection is over. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while (data := self._next_message(deadline)) is not END:
            values = msgpack.unpackb(data, strict_map_key=False, max_bin_len=1 << 25)
            said = Said(values[0], values[1:], data)
            if said.kind == speech.GOODBYE:
                self.goodbye = (said.fields[0], said.fields[1])
            return said
        return END

    def hear_until(self, wanted: Callable[[Said], bool], seconds: float = PATIENCE) -> Said | None:
        """The first message that is wanted; END when the connection is over before. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while (said := self.hear(deadline - time.monotonic())) is not END:
            if wanted(said):
                return said
        return END

    def ask(self, kind: int, *values: Any, seconds: float = PATIENCE) -> Said | None:
        """The answer to a request; END when the connection ends instead. Raises TimeoutError."""
        request = self.next_request()
        self.send(speech.say(kind, request, *values))
        answers = (speech.ADDRESSES, speech.HEADERS, speech.BLOCKS, speech.VERDICT, speech.DECLINED)
        return self.hear_until(lambda said: said.kind in answers and said.fields[0] == request, seconds)

    def is_served(self) -> bool:
        """Whether the node still answers it as it answers any peer."""
        answer = self.ask(speech.GET_HEADERS, 0, 1)
        return answer is not END and answer.kind in (speech.HEADERS, speech.DECLINED)

    def is_let_go(self, seconds: float = 2 * PATIENCE) -> bool:
        """Whether the node ends the connection."""
        try:
            self.hear_until(lambda _: False, seconds)
        except TimeoutError:
            return False
        return self.ended

    def _next_message(self, deadline: float) -> bytes | None:
        """Large ones come in several frames, with pings between them."""
        while (found := self._next_frame(deadline)) is not END:
            opcode, payload, is_last = found
            if opcode == PING:
                self.send_bytes(frame(PONG, payload))
            elif opcode == CLOSE:
                self.send_bytes(frame(CLOSE, payload[:2]))
                break
            elif opcode in (BINARY, CONTINUATION):
                self._parts += payload
                if is_last:
                    whole, self._parts = bytes(self._parts), bytearray()
                    return whole
        self.ended = True
        return END

    def _next_frame(self, deadline: float) -> tuple[int, bytes, bool] | None:
        while (found := _cut_frame(self._buffer)) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if self.ended:
                return END
            self.socket.settimeout(left)
            try:
                part = self.socket.recv(1 << 16)
            except TimeoutError:
                raise
            except OSError:
                return END
            if not part:
                return END
            self._buffer += part
        return found


def _cut_frame(buffer: bytearray) -> tuple[int, bytes, bool] | None:
    """(opcode, payload, is final) of the first frame, taken out; None while it isn't all there. Servers don't mask."""
    if len(buffer) < 2:
        return None
    length, begins = buffer[1] & 0x7F, 2
    if length >= 126:
        begins += 2 if length == 126 else 8
        if len(buffer) < begins:
            return None
        length = struct.unpack(">H" if begins == 4 else ">Q", buffer[2:begins])[0]
    if len(buffer) < begins + length:
        return None
    opcode, payload, is_last = buffer[0] & 0x0F, bytes(buffer[begins : begins + length]), bool(buffer[0] & FINAL)
    del buffer[: begins + length]
    return opcode, payload, is_last


def handshake(place: Place, *headers: str) -> tuple[socket.socket, int]:
    """A connection and the HTTP status with which WebSocket begins on it; 0 where the node gives none."""
    try:
        connection = place.connect()
    except OSError:
        return socket.socket(), 0
    lines = [
        "GET / HTTP/1.1", f"Host: {HOST}:{place.port}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Version: 13",
        *headers, "", "",
    ]  # fmt: skip
    head = b""
    with contextlib.suppress(OSError):
        connection.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in head and (part := connection.recv(1)):
            head += part
    return connection, int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.1 ") else 0


def greeted(place: Place, key: PrivateKey | None = None, head: tuple[int, bytes] = (0, bytes(32))) -> Liar:
    """A liar that the node takes for an honest peer. Fails where it does not."""
    liar = Liar(place, key)
    liar.head = head
    assert liar.greet(), f"greeting refused: {liar.goodbye}"
    return liar


def is_banned(place: Place, key: PrivateKey) -> bool:
    """Whether a node turns this identity away because of what it did."""
    with Liar(place, key) as again:
        if again.greet():
            with contextlib.suppress(TimeoutError):
                again.ask(speech.GET_HEADERS, 0, 1)
        return again.goodbye is not None and again.goodbye[0] == speech.Farewell.BANNED


def act_until_banned(place: Place, act: Callable[[Liar], object], *, most: int = 40) -> int:
    """How often one identity acts, coming again whenever it is let go, until it is banned. Fails after `most` times."""
    key = PrivateKey()
    for times in range(1, most + 1):
        with Liar(place, key) as liar:
            if liar.greet():
                act(liar)
                with contextlib.suppress(TimeoutError):
                    liar.ask(speech.GET_HEADERS, 0, 1)  # answered, or the end comes: all before it was handled
        if is_banned(place, key):
            return times
    raise AssertionError(f"not banned after {most} times")
