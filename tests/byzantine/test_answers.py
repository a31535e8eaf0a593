"""A follower that starts while only liars are its peers: each answers what it is asked with a lie of its own.

They pass the sequencer's announcements on, so that the follower has something to ask for, and they claim to have it.
The first ones lie about headers; the next tell the truth about headers and lie about blocks. Each must be asked, and
none believed. When the way to the sequencer opens at last, the follower is where the others are.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import pytest
from coincurve import PrivateKey

from tests.byzantine import speech
from tests.byzantine.forgery import Forged, snappy_claim
from tests.byzantine.liar import Liar, Place, Said
from tests.byzantine.network import Network, process
from tests.byzantine.speech import DeclineReason, say
from tests.chaos.network import Process, wait_for
from tests.ports import HOST, free_ports

PASSED_ON: Final = 8
"""One in so many announcements, for blocks that were announced need not be asked for."""
Answer = Callable[[int, list[Any]], list[bytes]]
"""What is sent for a request's id, given the true members of its answer."""


def _headers(change: Callable[[list[bytes]], list[Any]]) -> Answer:
    return lambda request, true: [say(speech.HEADERS, request, change(true))]


def _blocks(change: Callable[[list[bytes]], list[Any]]) -> Answer:
    return lambda request, true: [say(speech.BLOCKS, request, change(true))]


def _altered(header: bytes) -> bytes:
    """One bit of the state root."""
    return header[:100] + bytes([header[100] ^ 1]) + header[101:]


def _resealed(envelope: bytes) -> bytes:
    """Another block of the same number, right in itself."""
    return Forged.read(envelope).sealed(state_root=os.urandom(32)).envelope()


HEADER_LIES: Final[dict[str, Answer]] = {
    "no header": _headers(lambda _true: []),
    "one too many": _headers(lambda true: [true[0], *true]),
    "the most there may be": _headers(lambda true: (true * 512)[:512]),
    "upside down": _headers(lambda true: true[::-1] if len(true) > 1 else [b"\xc0"]),
    "a link altered": _headers(lambda true: [*true[:-1], _altered(true[-1])]),
    "noise": _headers(lambda true: [os.urandom(600) for _ in true]),
    "empty bytes": _headers(lambda true: [b"" for _ in true]),
    "blocks for headers": _blocks(lambda true: true),
    "a verdict": lambda request, _true: [say(speech.VERDICT, request, 0, "taken")],
    "never anything": lambda _request, _true: [],
}
BLOCK_LIES: Final[dict[str, Answer]] = {
    "no block": _blocks(lambda _true: []),
    "one too many": _blocks(lambda true: [*true, true[0]]),
    "others of the same number": _blocks(lambda true: [_resealed(one) for one in true]),
    "noise": _blocks(lambda true: [os.urandom(600) for _ in true]),
    "bombs": _blocks(lambda true: [snappy_claim((1 << 32) - 1) + bytes(40) for _ in true]),
    "headers for blocks": _headers(lambda true: [one[:500] for one in true]),
    "declined": lambda request, _true: [say(speech.DECLINED, request, DeclineReason.UNAVAILABLE, "not mine")],
}


@dataclass
class Accomplice(threading.Thread):
    """A peer of the new follower that hears what an honest node says, and twists it."""

    network: Network
    place: Place
    name_of_lie: str
    kind: int
    """Of the requests that it lies about; what else is asked it answers truly."""
    lie: Answer
    asked: int = 0
    key: PrivateKey = field(default_factory=PrivateKey)
    source_port: int = 0
    """Of an honest node, whose words it twists."""
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Until it is banned or told to stop."""
        while not self.ended.is_set() and not self._is_over():
            self.ended.wait(0.2)

    def _is_over(self) -> bool:
        """One connection, to its end; whether there will be no other."""
        place = replace(self.network.place, port=self.source_port)
        with Liar(place) as source, Liar(self.place, self.key) as liar:
            liar.head = (10_000, bytes(32))
            if not source.greet() or not liar.greet():
                return liar.goodbye is not None and liar.goodbye[0] == speech.Farewell.BANNED
            while not self.ended.is_set() and not liar.ended and not source.ended:
                self._pass_on(source, liar)
                self._answer(source, liar)
        return False

    def _pass_on(self, source: Liar, liar: Liar) -> None:
        with contextlib.suppress(TimeoutError):
            while (said := source.hear(0.05)) is not None:
                if said.kind == speech.ANNOUNCEMENT and _number(said) % PASSED_ON == 0:
                    liar.send(said.raw)

    def _answer(self, source: Liar, liar: Liar) -> None:
        with contextlib.suppress(TimeoutError):
            while (said := liar.hear(0.05)) is not None:
                if said.kind in (speech.GET_HEADERS, speech.GET_BLOCKS):
                    self._answer_one(source, liar, said)

    def _answer_one(self, source: Liar, liar: Liar, said: Said) -> None:
        request, *wanted = said.fields
        true = source.ask(said.kind, *wanted)
        if true is None or true.kind == speech.DECLINED:
            liar.send(say(speech.DECLINED, request, DeclineReason.BUSY, "not now"))
        elif said.kind == self.kind:
            self.asked += 1
            for message in self.lie(request, true.fields[1]):
                liar.send(message)
        else:
            liar.send(say(true.kind, request, true.fields[1]))


def _number(announcement: Said) -> int:
    return Forged.announced(announcement.fields[0]).number


class Gate:
    """Connections to one port led to another, once it is open."""

    def __init__(self, port: int, to: int) -> None:
        self._to = to
        self._listener = socket.create_server((HOST, port))
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection((HOST, self._to))
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_copy, args=(one, other), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._thread.join(60)


def _copy(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


@dataclass
class Newcomer:
    """A follower without honest peers."""

    process: Process
    place: Place
    gate_port: int


@pytest.fixture
def newcomer(network: Network) -> Iterator[Newcomer]:
    rpc, peers, gate = free_ports(3)
    node = [f"--rollup={network.files.rollup}", f"--genesis={network.files.l2_genesis}", f"--l1-rpc={network.l1.url}",
            "--role=follower", f"--p2p-port={peers}", f"--p2p-peers={HOST}:{gate}"]  # fmt: skip
    name = "newcomer"
    started = process(Path(network.directory), name, rpc, "node", *node)
    started.start()
    try:
        started.wait_until_up()
        yield Newcomer(started, replace(network.place, port=peers), gate)
    finally:
        started.stop()


def _join(network: Network, newcomer: Newcomer, lies: dict[str, Answer], kind: int) -> list[Accomplice]:
    """All liars of one kind at once."""
    joined = [
        Accomplice(network, newcomer.place, name, kind, lie, source_port=port)
        for (name, lie), port in zip(lies.items(), cycle(network.ports.values()), strict=False)
    ]
    for one in joined:
        one.start()
    wait_for(lambda: all(one.asked for one in joined), "a question to each liar")
    return joined


def test_a_newcomer_among_liars_believes_none_and_arrives(network: Network, newcomer: Newcomer) -> None:
    liars: list[Accomplice] = []
    gate: Gate | None = None
    try:
        liars += _join(network, newcomer, HEADER_LIES, speech.GET_HEADERS)
        for one in liars:
            one.ended.set()
        liars += _join(network, newcomer, BLOCK_LIES, speech.GET_BLOCKS)
        gate = Gate(newcomer.gate_port, network.ports["sequencer"])
        wait_for(lambda: _is_in_step(network, newcomer.process), "the sequencer's newest block at the newcomer")
        log = newcomer.process.log.read_text(errors="replace")
        assert "Traceback" not in log, log[log.index("Traceback") :][:3_000]
    finally:
        for one in liars:
            one.ended.set()
        for one in liars:
            one.join(120)
        if gate is not None:
            newcomer.process.stop()
            gate.close()


def _is_in_step(network: Network, follower: Process) -> bool:
    """Two blocks behind at most, on the sequencer's chain."""
    number = network.head(follower)
    block = follower.call("eth_getBlockByNumber", hex(number), False)
    same = network.sequencer.call("eth_getBlockByNumber", hex(number), False)
    return number >= network.head(network.sequencer) - 2 and bool(block["hash"] == same["hash"])
