"""One running `openledger devnet --sandbox` for all clients, and npm's packages beside their scripts."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests import compared
from tests.e2e.conftest import ProcessGroup, answers_calls, wait_until
from tests.npm import copied, npm_packages
from tests.ports import free_ports

PACKAGES: Final = ("ethers@6.17.0", "viem@2.57.20")
SCRIPTS: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The process, and what it says of itself."""

    directory: Path
    description: dict[str, Any]
    processes: ProcessGroup

    @property
    def rpc(self) -> str:
        url: str = self.description["l2"]["sequencer"]["rpc"]
        return url


def start(directory: Path) -> Running:
    """A sandbox with its files below `directory`, once it answers."""
    compared.leave_out(
        directory / "data" / "sandbox", "tests forge its state, and nobody signs some of its transactions"
    )
    (port,) = free_ports(1)
    processes = ProcessGroup(directory)
    processes.openledger("sandbox", "devnet", "--sandbox", f"--data-dir={directory / 'data'}", f"--rpc-port={port}")

    def described() -> dict[str, Any] | None:
        processes.check()
        file = directory / "data" / "devnet.json"
        return json.loads(file.read_text()) if file.exists() else None

    try:
        description = wait_until(described, "devnet.json")
        rpc = description["l2"]["sequencer"]["rpc"]
        wait_until(lambda: answers_calls(rpc), "an answer from a reader process")
    except BaseException:
        processes.stop()
        raise
    return Running(directory=directory / "data", description=description, processes=processes)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One sandbox for all clients, which reset it."""
    sandbox = start(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.processes.stop()


@pytest.fixture(scope="session")
def packages() -> Path:
    """Where node finds ethers and viem."""
    return npm_packages("sandbox", *PACKAGES)


@pytest.fixture
def run_script(running: Running, packages: Path) -> Callable[..., dict[str, Any]]:
    """Step name -> facts, of a script that ran to its end."""

    def run(script: str, *arguments: str) -> dict[str, Any]:
        copied(packages, SCRIPTS / script)
        command = ["node", script, running.rpc, *arguments]
        done = subprocess.run(command, cwd=packages, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout + done.stderr[:3000]
        return {step.pop("step"): step for step in map(json.loads, done.stdout.splitlines())}

    return run
