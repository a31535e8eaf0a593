"""One network for all liars. When they are done it must be what it was: see `_is_unharmed`."""

import resource
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.byzantine.network import Network, Progress
from tests.chaos.network import wait_for
from tests.hostile.target import MEBIBYTE, Watch

MOST_RESIDENT: Final = 1_024 * MEBIBYTE
"""Of any of the attacked node's processes, whatever it was sent."""
FILES: Final = 4_096
"""Open files of the attackers and of the nodes that they start."""


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]) -> Iterator[Network]:
    _allow_many_files()
    found = Network.create(tmp_path_factory.mktemp("byzantine"))
    try:
        found.start()
        assert found.target.running is not None
        watch, honest = Watch(found.target.running.pid), Progress(found.honest)
        watch.start()
        honest.start()
        began = time.monotonic()
        yield found
        watch.end()
        honest.end()
        tell(
            f"lying peers for {time.monotonic() - began:.0f} s: peak resident memory {watch}; "
            f"the honest follower's head stood still for {honest.longest:.1f} s at most"
        )
        _is_unharmed(found, watch)
    finally:
        found.stop()


@pytest.fixture(autouse=True)
def the_node_answers(network: Network) -> Iterator[None]:
    """JSON-RPC of the attacked node, after every attack."""
    yield
    assert network.target.running is not None
    assert network.target.running.poll() is None, network.target.tail()
    assert int(network.target.call("eth_chainId"), 16) == network.place.chain_id


@pytest.fixture(autouse=True, scope="module")
def blocks_go_on(network: Network) -> Iterator[None]:
    """At the honest follower and at the attacked one, after every kind of attack."""
    yield
    network.wait_for_blocks()


def _is_unharmed(network: Network, watch: Watch) -> None:
    """Follows the chain, has met no bug, and took no more memory than it may; nor has an honest one met a bug."""
    network.wait_for_blocks()
    for one in (network.sequencer, network.honest, network.target):
        log = one.log.read_text(errors="replace")
        assert "Traceback" not in log, log[log.index("Traceback") :][:3_000]
        peers = int(one.call("net_peerCount"), 16)
        assert peers >= 1, f"{one.name} has no peers left"
    assert max(watch.peaks.values()) < MOST_RESIDENT, watch
    wait_for(lambda: int(network.target.call("net_peerCount"), 16) == 2, "liars gone, honest peers still there")


def _allow_many_files() -> None:
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
