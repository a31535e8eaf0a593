"""Worlds for the action tests: on the simulated L1, and on Anvil."""

import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.actions.network.anvil_world import AnvilNetwork
from tests.actions.network.world import GENESIS_TIME, Killed, Network
from tests.npm import anvil_binary
from tests.ports import free_port


@pytest.fixture
def make_network(tmp_path: Path) -> Callable[..., Network]:
    return partial(Network, tmp_path / "divergence")


@pytest.fixture
def network(make_network: Callable[..., Network]) -> Network:
    return make_network()


@pytest.fixture
def anvil_url(tmp_path: Path) -> Iterator[str]:
    """A fresh chain that mines only when it is told to."""
    port = free_port()
    options = ["--port", str(port), "--no-mining", "--slots-in-an-epoch", "2", "--timestamp", str(GENESIS_TIME)]
    with (tmp_path / "anvil.log").open("wb") as log:
        process = subprocess.Popen([str(anvil_binary()), *options], stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture
async def anvil_network(anvil_url: str, tmp_path: Path) -> AsyncIterator[AnvilNetwork]:
    async with httpx.AsyncClient() as http:
        network = AnvilNetwork(http, anvil_url, tmp_path / "divergence")
        await network.deploy()
        yield network


@pytest.fixture
def killed() -> type[Killed]:
    return Killed
