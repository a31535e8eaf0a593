"""The devnet's child processes: each in a log file of its own, stopped in reverse order."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from node.errors import StartupError

ANSWER_SECONDS: Final = 5.0
_PR_SET_PDEATHSIG: Final = 1
_PRCTL: Final = getattr(ctypes.CDLL(None), "prctl", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One running process."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Processes:
    """Start, watch and stop `openledger` commands."""

    def __init__(self, log_directory: Path) -> None:
        self._logs = log_directory
        self._children: list[Child] = []
        log_directory.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, arguments: Sequence[str]) -> Child:
        """`openledger <arguments>` in the background."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "node", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches the devnet alone, which stops them in order
                env=dict(os.environ),
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, which takes no lock of Python's
            )
        child = Child(name=name, process=process, log=log)
        self._children.append(child)
        return child

    @property
    def pids(self) -> dict[str, int]:
        """Name -> process id."""
        return {child.name: child.process.pid for child in self._children}

    @property
    def healthy(self) -> bool:
        """Whether all children that were started still run. Any thread."""
        return all(child.process.poll() is None for child in tuple(self._children))

    def kill(self) -> None:
        """SIGKILL for all that still run; `stop` still has to follow."""
        for child in tuple(self._children):
            if child.process.poll() is None:
                child.process.kill()

    def check(self) -> None:
        """Raises StartupError naming the first child that has ended, with the end of its log."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise StartupError(f"{child.name} {_ending(code)}. Its log {child.log} ends:\n{tail(child.log)}")

    def stop(self, seconds: float = 20.0) -> None:
        """SIGTERM in reverse order, SIGKILL for what is still there after `seconds`."""
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        for child in reversed(self._children):
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        self._children.clear()


def _end_with_parent() -> None:
    """Has Linux send SIGTERM to this process when the devnet dies, be it by SIGKILL; elsewhere changes nothing.

    Otherwise the next devnet would find its ports and databases taken by processes that nobody looks after.
    """
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _ending(code: int) -> str:
    return f"ended with exit status {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def require_free_port(host: str, port: int, flag: str) -> None:
    """Raises StartupError if something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StartupError(
                f"port {port} is in use: is another devnet running? Stop it, or choose another port with {flag}"
            ) from error


def wait_until_answers(url: str, check: Callable[[], None], seconds: float) -> int:
    """The chain id that `url` answers with. Raises StartupError after `seconds`, or what `check` raises."""
    return int(_first_result(url, "eth_chainId", [], check, seconds), 16)


def wait_until_calls(url: str, check: Callable[[], None], seconds: float) -> None:
    """Return once a reader process of the node at `url` has answered. Raises StartupError, or what `check` raises."""
    _first_result(url, "eth_call", [{"to": "0x" + "00" * 20}, "latest"], check, seconds)


def _first_result(url: str, method: str, params: list[Any], check: Callable[[], None], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    with httpx.Client(timeout=ANSWER_SECONDS) as http:
        while time.monotonic() < deadline:
            check()
            try:
                return json.loads(http.post(url, json=request).content)["result"]
            except (httpx.HTTPError, ValueError, KeyError):
                time.sleep(0.1)
    raise StartupError(f"{url} did not answer {method} within {seconds:.0f} s")
