"""Worlds for the action tests: on the simulated L1, and on Anvil."""

import shutil
import socket
import subprocess
import tarfile
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.actions.network.anvil_world import AnvilNetwork
from tests.actions.network.world import GENESIS_TIME, Killed, Network


@pytest.fixture
def make_network(tmp_path: Path) -> Callable[..., Network]:
    return partial(Network, tmp_path / "divergence")


@pytest.fixture
def network(make_network: Callable[..., Network]) -> Network:
    return make_network()


@pytest.fixture(scope="session")
def anvil_binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anvil from the path, or else from its npm package."""
    found = shutil.which("anvil")
    if found is not None:
        return Path(found)
    if shutil.which("npm") is None:
        pytest.skip("neither anvil nor npm is installed: the rollup can't be run on a foreign L1")
    folder = tmp_path_factory.mktemp("anvil")
    command = ["npm", "pack", "@foundry-rs/anvil-linux-amd64@1.7.1"]
    packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    if packed.returncode != 0:
        pytest.skip(f"npm can't bring Anvil: {packed.stderr[-300:]}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    binary = folder / "package" / "bin" / "anvil"
    binary.chmod(0o755)
    return binary


@pytest.fixture
def anvil_url(anvil_binary: Path, tmp_path: Path) -> Iterator[str]:
    """A fresh chain that mines only when it is told to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--no-mining", "--slots-in-an-epoch", "2", "--timestamp", str(GENESIS_TIME)]
    with (tmp_path / "anvil.log").open("wb") as log:
        process = subprocess.Popen([str(anvil_binary), *options], stdout=log, stderr=log)
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
