"""kill -9 and SIGSTOP of the leader under load, with three candidates and three members of etcd."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.network import Process, RpcFailure, wait_for
from tests.e2e.failover.candidates import Candidates, Load
from tests.e2e.failover.etcd_cluster import EtcdCluster

CI_ROUNDS, CI_SECONDS = 3, 15.0
NIGHTLY_ROUNDS, NIGHTLY_SECONDS = int(os.environ.get("OPENLEDGER_ROUNDS", "30")), 5.0


def _next_block_after(load: Load, began: float, above: int) -> float:
    """Seconds from `began` until a block above `above` was seen."""
    wait_for(lambda: load.highest > above, f"a block above {above}")
    return load.first_seen[min(number for number in load.first_seen.copy() if number > above)] - began


def _assert_one_chain(network: Candidates, load: Load) -> int:
    """All candidates come to one chain, on which every block lies that was ever seen as the latest."""
    top = load.highest

    def agree() -> bool:
        hashes = [process.call("eth_getBlockByNumber", hex(top), False) for process in network.candidates]
        return all(hashes) and len({block["hash"] for block in hashes}) == 1

    wait_for(agree, f"block {top} on all candidates")
    seen = {number: set(hashes) for number, hashes in load.seen.copy().items() if number <= top}
    for process in network.candidates:
        blocks = process.call_each("eth_getBlockByNumber", [(hex(number), False) for number in seen])
        for (number, hashes), block in zip(seen.items(), blocks, strict=True):
            assert hashes == {block["hash"]}, f"{process.name} has another block {number} than was seen"
    return top


def _kill(load: Load, leader: Process) -> float:
    began, above = time.monotonic(), load.highest
    leader.kill()
    taken = _next_block_after(load, began, above + 1)
    leader.start()
    leader.wait_until_up()
    return taken


def _pause(load: Load, leader: Process) -> float:
    assert leader.running is not None
    began, above = time.monotonic(), load.highest
    leader.running.send_signal(signal.SIGSTOP)
    taken = _next_block_after(load, began, above + 1)
    leader.running.send_signal(signal.SIGCONT)
    return taken


def _rounds(network: Candidates, rounds: int, bound: float, seed: int) -> list[float]:
    rng = random.Random(seed)
    load = Load(network)
    measured: list[float] = []
    try:
        network.start()
        load.start()
        wait_for(lambda: load.highest >= 3 and load.acknowledged > 3, "the first blocks and transfers")
        for number in range(rounds):
            leader = network.wait_for_leader()
            time.sleep(rng.uniform(0.2, 1.5))
            what = (_kill, _pause)[number % 2]
            measured.append(what(load, leader))
            print(f"round {number + 1}: {what.__name__} {leader.name}, next block after {measured[-1]:.1f} s")
            assert measured[-1] <= bound
            sent = load.acknowledged
            wait_for(lambda sent=sent: load.acknowledged > sent, "a transfer to the new leader")  # type: ignore[misc]
            _assert_one_chain(network, load)
    except (AssertionError, RpcFailure) as error:
        raise AssertionError(f"seed {seed}: {error}\n{network.describe()}") from error
    finally:
        load.end()
        network.stop()
    return measured


def _seed() -> int:
    return int(os.environ.get("OPENLEDGER_SEED", random.SystemRandom().randrange(2**32)))


def test_another_candidate_leads_after_kill_and_stop(
    tmp_path: Path, make_etcd: Callable[[int], EtcdCluster], tell: Callable[[str], None]
) -> None:
    measured = _rounds(Candidates.create(tmp_path, make_etcd(3)), CI_ROUNDS, CI_SECONDS, _seed())
    tell(f"failover: next block after {', '.join(f'{one:.1f}' for one in measured)} s")


def test_one_member_of_etcd_less_changes_nothing_and_the_majority_less_stops_the_chain_until_it_is_back(
    tmp_path: Path, make_etcd: Callable[[int], EtcdCluster]
) -> None:
    cluster = make_etcd(3)
    network = Candidates.create(tmp_path, cluster)
    load = Load(network)
    try:
        network.start()
        load.start()
        wait_for(lambda: load.highest >= 2, "the first blocks")
        first = cluster.leader()
        first.kill()
        _grows(load, 3, "the chain without one member")
        second = next(member for member in cluster.members if member is not first)
        second.kill()
        wait_for(lambda: all(map(_waits_for_etcd, network.candidates)), "candidates that say what they wait for")
        stopped = max(_heads(network))  # the others may still be on their way to it
        time.sleep(3)  # three blocks' time, in which none comes
        assert max(_heads(network)) == stopped
        cluster.start_member(second)
        _grows(load, 3, "the chain after the majority came back")
        _assert_one_chain(network, load)
    except (AssertionError, RpcFailure) as error:
        raise AssertionError(f"{error}\n{network.describe()}") from error
    finally:
        load.end()
        network.stop()


def _grows(load: Load, blocks: int, what: str) -> None:
    above = load.highest + blocks
    wait_for(lambda: load.highest > above, what, 120)


def _waits_for_etcd(candidate: Process) -> bool:
    found = candidate.call("open_leadership")
    return found["standing"] == "waiting" and "etcd" in found["why"]


def _heads(network: Candidates) -> list[tuple[int, str]]:
    return [network.head(candidate) for candidate in network.candidates]


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
def test_another_candidate_leads_within_five_seconds_each_time(
    tmp_path: Path, make_etcd: Callable[[int], EtcdCluster], tell: Callable[[str], None]
) -> None:
    measured = _rounds(Candidates.create(tmp_path, make_etcd(3)), NIGHTLY_ROUNDS, NIGHTLY_SECONDS, _seed())
    tell(f"failover: next block after {', '.join(f'{one:.1f}' for one in sorted(measured))} s")
