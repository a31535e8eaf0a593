"""Real cuts, kills, slow links and wrong clocks, under load: what was safe stays, unsafe heads meet again.

In CI thirty seconds a scenario, in `make nightly` the full length. Seeds are in the summary; a scenario runs again with
its own by the environment's FAULTS_SEED.
"""

import os
import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.docker.containers import EDGE, HERE, Containers, run, wait_for
from tests.docker.faults import NODES, Load, Witness, converge, cut_off, is_settled, kill, set_clock, slow_link
from tests.docker.traffic import Wallet, receipt

IMAGE = "openledger-node:faults"
CI_SECONDS, CI_BOUND = 30, 30.0
BOUND = 10.0
"""Seconds within which unsafe heads meet again; CI allows more, its machines are busy."""
SETTLES_WITHIN = 600.0
RESTART_BOUND = 120.0
"""For processes that first have to start again."""

Tell = Callable[[str], None]


def lengths(seconds: int, bound: float = BOUND, ci_bound: float = CI_BOUND) -> pytest.MarkDecorator:
    """The scenario in its short and in its full length."""
    nightly = pytest.param(seconds, bound, id="full", marks=pytest.mark.nightly)
    return pytest.mark.parametrize(("seconds", "bound"), [pytest.param(CI_SECONDS, ci_bound, id="short"), nightly])


@pytest.fixture(scope="module")
def faulty_image(image: str) -> str:
    run("docker", "build", "--tag", IMAGE, "--build-arg", f"IMAGE={image}", str(HERE))
    return IMAGE


@pytest.fixture(scope="module")
def network(faulty_image: str) -> Iterator[Containers]:
    containers = Containers(environment={"OPENLEDGER_IMAGE": faulty_image}, files=(HERE / "edges.yml",))
    try:
        containers.up()
        for service in NODES:
            wait_for(lambda service=service: containers.height(service) > 0, f"a block on {service}")
        yield containers
    finally:
        containers.remove()


@pytest.fixture
def seed(request: pytest.FixtureRequest, tell: Tell) -> int:
    chosen = int(os.environ.get("FAULTS_SEED") or secrets.randbelow(2**32))
    tell(f"docker: {request.node.name} with FAULTS_SEED={chosen}")
    return chosen


@pytest.fixture
def load(network: Containers) -> Iterator[Load]:
    wait_for(lambda: is_settled(network), "a network that has caught up with the clock", SETTLES_WITHIN)
    wallets = {service: Wallet(index) for index, service in enumerate(NODES, start=1)}
    for wallet in wallets.values():
        wallet.nonce = wait_for(lambda wallet=wallet: nonce_of(network, wallet), "a nonce") - 1
    with Load(network, wallets) as running:
        yield running


@pytest.fixture
def witness(network: Containers, load: Load) -> Iterator[Witness]:
    with Witness(network, load) as running:
        yield running


def nonce_of(network: Containers, wallet: Wallet) -> int:
    """The next nonce, plus one: true as soon as there is an answer."""
    return int(network.call("sequencer", "eth_getTransactionCount", wallet.account.address, "pending"), 16) + 1


def judge(network: Containers, load: Load, witness: Witness) -> None:
    """Every transaction that was acknowledged gets a receipt, and what was safe is what it was."""
    load.__exit__()
    assert load.acknowledged
    for transaction in load.acknowledged:
        receipt(network, "sequencer", transaction)
    safe = wait_for(lambda: network.height("sequencer", "safe"), "the safe head")
    last = max(int(receipt(network, "sequencer", one)["blockNumber"], 16) for one in load.acknowledged)
    for service in NODES:
        wait_for(lambda service=service: network.height(service, "safe") >= max(safe, last), f"{service}'s safe head")
    witness.__exit__()
    witness.check()


@lengths(300)
def test_a_follower_that_was_cut_off_joins_again(
    network: Containers, load: Load, witness: Witness, seed: int, seconds: int, bound: float, tell: Tell
) -> None:
    cut = random.Random(seed).choice(NODES[1:])
    with cut_off(network, cut):
        before = network.height(cut)
        time.sleep(seconds)  # the length of the fault
        assert network.height("sequencer") > network.height(cut)
        assert network.height(cut) <= before + 3, "the cut was none"
    took = converge(network, bound)
    tell(f"docker: {cut} was cut off for {seconds} s, heads met {took:.1f} s after the heal")
    judge(network, load, witness)


@lengths(600, bound=RESTART_BOUND, ci_bound=RESTART_BOUND)
def test_nothing_safe_is_lost_when_containers_are_killed(
    network: Containers, load: Load, witness: Witness, seed: int, seconds: int, bound: float, tell: Tell
) -> None:
    draw, kills = random.Random(seed), 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        container = kill(network, draw.choice(EDGE))
        kills += 1
        time.sleep(draw.uniform(0, 2))
        run("docker", "start", container)
        time.sleep(draw.uniform(1, 8))
    for service in EDGE:
        wait_for(lambda service=service: network.height(service) > 0, f"an answer of {service}")
    took = converge(network, bound)
    tell(f"docker: {kills} kills in {seconds} s, heads met {took:.1f} s after every node answered again")
    judge(network, load, witness)


@lengths(300)
def test_a_follower_behind_a_slow_link_keeps_up(
    network: Containers, load: Load, witness: Witness, seed: int, seconds: int, bound: float, tell: Tell
) -> None:
    slow = random.Random(seed).choice(NODES[1:])
    with slow_link(network, slow, IMAGE, milliseconds=200, percent=5, seed=seed) as how:
        before = network.height(slow)
        time.sleep(seconds)  # the length of the fault
        assert network.height(slow) > before, "nothing came through the slow link"
    took = converge(network, bound)
    tell(f"docker: {slow} {how}, 200 ms and 5 % lost for {seconds} s; heads met {took:.1f} s after it was fast")
    judge(network, load, witness)


@lengths(300)
def test_clocks_that_are_wrong_by_five_seconds_change_nothing_safe(
    network: Containers, load: Load, witness: Witness, seed: int, seconds: int, bound: float, tell: Tell
) -> None:
    draw = random.Random(seed)
    with ExitStack() as stack:
        for service in NODES:
            stack.callback(set_clock, network, service, 0)
        for _ in range(3):
            skews = dict(zip(NODES, draw.sample((-5, 0, 5), 3), strict=True))
            for service, skew in skews.items():
                set_clock(network, service, skew)
            assert network.inside("follower-1", "date", "+%s")
            time.sleep(seconds / 3)
    took = converge(network, bound)
    tell(f"docker: clocks were wrong by up to 5 s for {seconds} s, heads met {took:.1f} s after they were right")
    judge(network, load, witness)
