"""An engine, the image, and a network for the tests of one module; what a failed test's containers logged."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.docker.containers import EDGE, Containers, NoEngine, find_engine, run, wait_for

IMAGE = "openledger-node:tests"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/docker/" in item.nodeid and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(1_800))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    report = yield
    containers = getattr(item, "funcargs", {}).get("network")
    if report.failed and isinstance(containers, Containers):
        report.sections.append(("containers", containers.logs()))
    return report


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine, or else a skip that says why there is none."""
    try:
        find_engine()
    except NoEngine as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def image(engine: None, tell: Callable[[str], None]) -> str:
    """The node's image, built from this tree; layers that didn't change are those of the last build."""
    started = time.monotonic()
    run("docker", "build", "--tag", IMAGE, ".")
    tell(f"docker: the image was built in {time.monotonic() - started:.0f} s")
    return IMAGE


@pytest.fixture(scope="module")
def network(image: str, tell: Callable[[str], None]) -> Iterator[Containers]:
    """L1, sequencer and two followers, as `docker-compose up` makes them."""
    containers = Containers(environment={"OPENLEDGER_IMAGE": image})
    try:
        started = time.monotonic()
        containers.up()
        wait_for(lambda: containers.height("sequencer"), "a first block")
        for service in EDGE:
            wait_for(
                lambda service=service: containers.call(service, "eth_call", {"to": "0x" + "00" * 20}, "latest"),
                f"an answer of {service}",
            )
        tell(f"docker: a wallet could use the network {time.monotonic() - started:.0f} s after docker-compose up")
        yield containers
    finally:
        containers.remove()
