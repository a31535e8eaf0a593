"""`docker-compose --profile ha up`: three candidates and three etcd members, of which leaders are killed and paused."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.docker.containers import ROOT, Containers, run, wait_for
from tests.docker.traffic import CHAIN_ID, Wallet, occurrences, receipt

ETCD = "openledger-etcd:tests"
PROMETHEUS = "openledger-prometheus:tests"
CANDIDATES = ("sequencer-1", "sequencer-2", "sequencer-3")


@pytest.fixture(scope="module")
def network(image: str) -> Iterator[Containers]:
    run("docker", "build", "--tag", ETCD, str(ROOT / "docker" / "etcd"))
    run("docker", "build", "--tag", PROMETHEUS, "--file", str(ROOT / "docker" / "prometheus" / "Dockerfile"), str(ROOT))
    images = {"OPENLEDGER_IMAGE": image, "OPENLEDGER_ETCD_IMAGE": ETCD, "OPENLEDGER_PROMETHEUS_IMAGE": PROMETHEUS}
    containers = Containers(profile="ha", environment=images)
    try:
        containers.up()
        for service in ("sequencer-1", "follower-1", "follower-2"):
            wait_for(lambda service=service: containers.height(service) >= 5, f"block 5 of {service}")
        yield containers
    finally:
        containers.remove()


def leader(network: Containers) -> str:
    """The candidate that holds the leader's key in etcd."""
    genesis = network.block("follower-1", "0x0")["hash"].removeprefix("0x")
    key = f"/openledger/{CHAIN_ID}/{genesis}/leader"
    value = wait_for(
        lambda: network.inside("etcd-1", "etcdctl", "get", "--print-value-only", key, check=False).strip(), "a leader"
    )
    return str(json.loads(value)["name"])


def test_the_single_sequencer_does_not_run_beside_candidates(network: Containers) -> None:
    label = f"label=com.docker.compose.project={network.name}"
    shown = run("docker", "ps", "--filter", label, "--format", '{{.Label "com.docker.compose.service"}}').split()
    expected = {*CANDIDATES, "etcd-1", "etcd-2", "etcd-3", "l1", "follower-1", "follower-2", "prometheus"}
    assert set(shown) == expected


def test_wallets_at_followers_outlive_a_leader_that_is_killed_and_one_that_is_paused(
    network: Containers, tell: Callable[[str], None]
) -> None:
    wallet, sent = Wallet(index=3), []

    def send(service: str) -> None:
        sent.append(wait_for(lambda: wallet.send(network, service), f"an acknowledgement of {service}"))

    for harm, heal in (("kill", "start"), ("pause", "unpause")):
        for service in ("follower-1", "follower-2"):
            send(service)
        harmed = leader(network)
        before = network.height("follower-1")
        run("docker", harm, network.container(harmed))
        for service in ("follower-1", "follower-2"):
            send(service)
        wait_for(lambda before=before: network.height("follower-1") >= before + 3, "blocks of another leader")
        run("docker", heal, network.container(harmed))
    above = max(int(receipt(network, "follower-2", one)["blockNumber"], 16) for one in sent)
    for service in ("follower-1", "follower-2"):
        wait_for(lambda service=service: network.height(service, "safe") >= above, f"block {above}, safe on {service}")
    for number in range(1, above + 1):
        hashes = {network.block(service, hex(number))["hash"] for service in ("follower-1", "follower-2")}
        assert len(hashes) == 1, number
    counts = occurrences(network, "follower-1", above)
    assert [counts[one] for one in sent] == [1] * len(sent)
    assert network.call("follower-1", "open_equivocations") == []
    tell(f"docker: a leader killed and one paused, {len(sent)} transactions of followers' wallets in blocks once each")
