"""etcd's members, on ports of the test's own, and a client of theirs."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.failover.etcd_cluster import EtcdCluster


@pytest.fixture
def make_etcd(tmp_path: Path) -> Iterator[Callable[[int], EtcdCluster]]:
    """Starts a cluster of so many members, which ends with the test."""
    made: list[EtcdCluster] = []

    def make(count: int) -> EtcdCluster:
        cluster = EtcdCluster.create(tmp_path / "etcd", count)
        made.append(cluster)
        cluster.start()
        return cluster

    yield make
    for cluster in made:
        cluster.stop()


@pytest.fixture(scope="module")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdCluster]:
    """One member for the tests of a module, each with keys of its own."""
    cluster = EtcdCluster.create(tmp_path_factory.mktemp("etcd"), 1)
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> bytes:
    """Keys of this test alone."""
    return b"/" + request.node.name.encode()
