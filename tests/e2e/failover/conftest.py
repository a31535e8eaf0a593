"""etcd's members, on ports of the test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

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
