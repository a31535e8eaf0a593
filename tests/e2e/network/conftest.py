"""One devnet for the tests of this folder, and devnets that a test may stop."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.network.devnets import Devnet


def _end(devnet: Devnet) -> None:
    if devnet.process is not None and not devnet.process_ended():
        devnet.stop()


@pytest.fixture(scope="session")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    running = Devnet(tmp_path_factory.mktemp("devnet"))
    try:
        yield running.start()
    finally:
        _end(running)


@pytest.fixture
def make_devnet(tmp_path: Path) -> Iterator[Callable[..., Devnet]]:
    made: list[Devnet] = []

    def make(**options: int) -> Devnet:
        made.append(Devnet(tmp_path / "devnet", **options))
        return made[-1]

    yield make
    for one in made:
        _end(one)
