"""Real processes: a devnet, Anvil, npm packages. What can't be had is skipped with its reason."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import compared
from tests.e2e.network import devnets
from tests.npm import anvil_binary, npm_packages
from tests.ports import free_ports

START_SECONDS = 300.0


def rpc_call(url: str, method: str, *params: Any) -> Any:
    """The result of one JSON-RPC call."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    answer = httpx.post(url, json=body, timeout=60).json()
    assert "error" not in answer, answer
    return answer["result"]


def wait_until(reached: Callable[[], Any], what: str, seconds: float = START_SECONDS) -> Any:
    """The first true value of `reached()`, whose connection errors count as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := reached():
                return found
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


def answers_calls(url: str) -> bool:
    """Whether the node answers what goes to a reader process: that starts beside it, and calls don't wait for ever."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": devnets.NOBODY}, "latest"]}
    return "result" in httpx.post(url, json=body, timeout=60).json()


def openledger(*arguments: str, timeout: float = 400) -> subprocess.CompletedProcess[str]:
    """`openledger <arguments>`, to its end."""
    command = [sys.executable, "-m", "node", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


class ProcessGroup:
    """Processes that end with the test, each with a log."""

    def __init__(self, directory: Path) -> None:
        self._directory = compared.watch(directory)
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, command: list[str]) -> None:
        with (self._directory / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=compared.environment()
            )
            self._running.append((name, process))

    def openledger(self, name: str, *arguments: str) -> None:
        self.start(name, [sys.executable, "-m", "node", *arguments])

    def check(self) -> None:
        """Fail with its log if one has ended."""
        for name, process in self._running:
            assert process.poll() is None, (self._directory / f"{name}.log").read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        for _, process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        for _, process in reversed(self._running):
            try:
                process.wait(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Devnet:
    """A running `openledger devnet`."""

    directory: Path
    rpc: str
    l1_rpc: str
    processes: ProcessGroup


@pytest.fixture(scope="module")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    """L1 and sequencer without the demo, for the tests of one module."""
    directory = tmp_path_factory.mktemp("devnet")
    l1_port, rpc_port, p2p_port = free_ports(3)
    processes = ProcessGroup(directory)
    options = ["--no-demo", "--followers=0", "--l1-block-time=2", f"--data-dir={directory / 'data'}"]
    options.append(f"--p2p-port={p2p_port}")
    processes.openledger("devnet", "devnet", *options, f"--l1-port={l1_port}", f"--rpc-port={rpc_port}")

    def described() -> bool:
        processes.check()
        return (directory / "data" / "devnet.json").exists()

    try:
        wait_until(described, "devnet.json")
        rpc, l1_rpc = (f"http://127.0.0.1:{port}" for port in (rpc_port, l1_port))
        for url in (rpc, l1_rpc):
            wait_until(partial(answers_calls, url), f"an answer from a reader process of {url}")
        yield Devnet(directory=directory / "data", rpc=rpc, l1_rpc=l1_rpc, processes=processes)
    finally:
        processes.stop()


@pytest.fixture(scope="session")
def shared_devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[devnets.Devnet]:
    """One devnet with a follower for all clients that stop nothing and keep to accounts of their own.

    The devnet's accounts 1 to 5, 8 and 9 are those of `wallets`, 6 and 7 those of `clients`.
    """
    running = devnets.Devnet(tmp_path_factory.mktemp("shared"), followers=1)
    try:
        yield running.start()
    finally:
        if running.process is not None and not running.process_ended():
            running.stop()


@pytest.fixture(scope="session")
def anvil() -> Path:
    """Anvil from the path, or else from its npm package."""
    return anvil_binary()


@pytest.fixture(scope="session")
def packages() -> Path:
    """A folder outside of the repository whose node_modules holds all that clients/package.json pins."""
    pinned = json.loads((Path(__file__).parent / "clients" / "package.json").read_text())["dependencies"]
    return npm_packages("clients", *(f"{name}@{version}" for name, version in pinned.items()))
