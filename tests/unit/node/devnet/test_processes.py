"""The devnet's child processes as the devnet sees them."""

import socket
import sys
from pathlib import Path

import pytest

from node.devnet import processes as module
from node.devnet.processes import Processes, require_free_port, tail
from node.errors import StartupError


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Processes:
    """Runs `python -c <text>` where the devnet would run `openledger <arguments>`."""
    real = module.subprocess.Popen

    def popen(command: list[str], **settings: object) -> object:
        assert command[1:3] == ["-m", "node"]
        return real([sys.executable, "-c", *command[3:]], **settings)  # type: ignore[call-overload]

    monkeypatch.setattr(module.subprocess, "Popen", popen)
    return Processes(tmp_path / "logs")


def test_a_child_that_dies_is_reported_with_the_end_of_its_log(children: Processes) -> None:
    child = children.start("sequencer", ["import sys; print('no space left on device'); sys.exit(3)"])
    child.process.wait(120)
    assert not children.healthy
    with pytest.raises(StartupError, match=r"sequencer ended with exit status 3(?s:.*)no space left on device"):
        children.check()
    children.stop()


def test_a_child_that_was_killed_is_reported_by_the_signals_name(children: Processes) -> None:
    child = children.start("l1", ["import time; time.sleep(600)"])
    assert children.healthy
    child.process.kill()
    child.process.wait(120)
    with pytest.raises(StartupError, match="l1 was ended by SIGKILL"):
        children.check()
    children.stop()


def test_stop_ends_even_what_ignores_sigterm(children: Processes) -> None:
    ignoring = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
    child = children.start("follower-1", [ignoring])
    while "ready" not in tail(child.log):
        assert child.process.poll() is None
    children.stop(seconds=0.2)
    assert child.process.returncode == -9
    assert children.pids == {}


def test_a_taken_port_is_an_error_that_names_the_flag() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(StartupError, match="--rpc-port"):
        require_free_port("127.0.0.1", taken.getsockname()[1], "--rpc-port")
