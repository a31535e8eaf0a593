"""The node under attack, and what it must still be afterwards: alive, small, and idle when nobody asks."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from tests.e2e.network.devnets import Devnet, wait_for
from tests.ports import HOST

MEBIBYTE: Final = 1 << 20
SAMPLE_SECONDS: Final = 0.2
ANSWER_SECONDS: Final = 120.0
"""How long an answer may take: batches have 30 s, and the machine may be slow."""

Json = Any


def call(method: str, *params: Json, call_id: Json = 1) -> dict[str, Json]:
    """A request object."""
    return {"jsonrpc": "2.0", "id": call_id, "method": method, "params": list(params)}


def code_of(answer: Json) -> int:
    """The error's code; 0 for a result."""
    assert answer["jsonrpc"] == "2.0"
    assert ("result" in answer) != ("error" in answer), answer
    if "result" in answer:
        return 0
    assert isinstance(answer["error"]["message"], str)
    assert answer["error"]["message"]
    return int(answer["error"]["code"])


@dataclass
class Target:
    """One devnet's sequencer, seen by an attacker and by an ordinary user."""

    devnet: Devnet
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=ANSWER_SECONDS))

    @property
    def port(self) -> int:
        return self.devnet.port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/"

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        """The response to a body of JSON, or of what is said to be JSON."""
        return self.http.post(self.url, content=body, headers={"content-type": "application/json"} | headers)

    def ask(self, message: Json) -> Json:
        """The decoded answer to a message."""
        response = self.post(json.dumps(message).encode())
        assert response.status_code == 200, response.text[:500]
        return response.json()

    def result(self, method: str, *params: Json) -> Json:
        """What an ordinary call gives."""
        answer = self.ask(call(method, *params))
        assert "result" in answer, answer
        return answer["result"]

    def connect(self) -> socket.socket:
        """A bare connection."""
        connection = socket.create_connection((HOST, self.port), timeout=ANSWER_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def height(self) -> int:
        return int(self.result("eth_blockNumber"), 16)

    def wait_for_a_block(self) -> None:
        """Blocks still come."""
        before = self.height()
        wait_for(lambda: self.height() > before, "another block")


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """What the kernel knows of a process."""

    pid: int
    parent: int
    name: str
    """node, reader, auditor or another child's."""
    peak: int
    """Resident bytes at most."""
    cpu_seconds: float


def _processes() -> dict[int, ProcessInfo]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (info := _process(entry)) is not None:
            found[info.pid] = info
    return found


def _process(entry: Path) -> ProcessInfo | None:
    try:
        stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        status = (entry / "status").read_text()
        command = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return None  # it has ended
    peak = next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
    ticks = int(stat[11]) + int(stat[12])
    return ProcessInfo(
        pid=int(entry.name), parent=int(stat[1]), name=_name(command), peak=peak,
        cpu_seconds=ticks / os.sysconf("SC_CLK_TCK"),
    )  # fmt: skip


def _name(command: str) -> str:
    if "node.readers" in command:
        return "reader"
    return "node" if " -m node " in command else "worker"


class Watch(threading.Thread):
    """Looks at the node's process and its children, those too that were ended and replaced."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self.peaks: dict[str, int] = {}
        """Name -> resident bytes of the largest such process at its largest."""

    def run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self._look()

    def _look(self) -> None:
        for info in self.family():
            self.peaks[info.name] = max(self.peaks.get(info.name, 0), info.peak)

    def family(self) -> Iterator[ProcessInfo]:
        """The node and all below it."""
        known = _processes()
        for info in known.values():
            ancestor: ProcessInfo | None = info
            while ancestor is not None and ancestor.pid != self._pid:
                ancestor = known.get(ancestor.parent)
            if ancestor is not None:
                yield info

    def cpu_seconds(self) -> dict[int, float]:
        """Process id -> CPU time so far."""
        return {info.pid: info.cpu_seconds for info in self.family()}

    def end(self) -> None:
        self._ended.set()
        self.join(10)
        self._look()

    def __str__(self) -> str:
        return ", ".join(f"{name} {peak / MEBIBYTE:.0f} MiB" for name, peak in sorted(self.peaks.items()))
