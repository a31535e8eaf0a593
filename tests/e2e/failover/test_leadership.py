"""The leader's key in a real etcd."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import IO, Any

import httpx
import pytest

from node.conductor import Candidate, EtcdClient, Leadership, SharedLog
from node.conductor.etcd import DeleteRange
from tests.chaos.network import ROOT
from tests.e2e.failover.etcd_cluster import EtcdCluster

PATIENT = 30.0
"""Seconds for an answer of etcd's on a busy machine."""


async def eventually(reached: Callable[[], Awaitable[Any]], what: str) -> None:
    try:
        async with asyncio.timeout(120):
            while not await reached():  # noqa: ASYNC110 - what happens, happens in another process
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen") from None


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client(etcd: EtcdCluster, http: httpx.AsyncClient) -> EtcdClient:
    return EtcdClient(etcd.urls, http, attempt_seconds=PATIENT)


def leadership(client: EtcdClient, prefix: bytes, name: str, clock: Clock, lease: float = 60) -> Leadership:
    candidate = Candidate(name=name, node_id=name * 2, rpc=f"http://{name}:8545")
    return Leadership(client, prefix + b"/leader", candidate, lease_seconds=lease, clock=clock)


async def test_one_candidate_leads_and_the_others_see_who(client: EtcdClient, prefix: bytes) -> None:
    clock = Clock()
    first, second = (leadership(client, prefix, name, clock) for name in ("first", "second"))
    assert await first.look() is None
    assert await first.campaign()
    assert not await second.campaign()
    assert (first.leading, second.leading) == (True, False)
    assert second.leader == Candidate(name="first", node_id="firstfirst", rpc="http://first:8545")
    assert await second.look() == second.leader


async def test_who_resigns_is_followed_at_once_with_a_higher_token(client: EtcdClient, prefix: bytes) -> None:
    clock = Clock()
    first, second = (leadership(client, prefix, name, clock) for name in ("first", "second"))
    assert await first.campaign()
    token = first.token
    assert token is not None
    await first.resign()
    assert not first.leading
    assert await second.campaign()
    assert second.token is not None
    assert second.token > token
    assert not await first.keep_alive()


async def test_leads_no_more_a_lease_after_the_question_that_etcd_confirmed(client: EtcdClient, prefix: bytes) -> None:
    clock = Clock()
    leader = leadership(client, prefix, "leader", clock)
    assert await leader.campaign()
    clock.now += 59
    assert leader.leading
    assert await leader.keep_alive()
    clock.now += 59
    assert leader.leading
    clock.now += 1
    assert not leader.leading


async def test_who_is_late_leads_on_with_its_token_if_etcd_kept_the_lease(client: EtcdClient, prefix: bytes) -> None:
    clock = Clock()
    leader = leadership(client, prefix, "leader", clock)
    assert await leader.campaign()
    token = leader.token
    clock.now += 100  # of ours; etcd's has hardly moved
    assert not leader.leading
    assert await leader.keep_alive()
    assert leader.leading
    assert leader.token == token


async def test_who_is_late_and_lost_its_key_leads_no_more(client: EtcdClient, prefix: bytes) -> None:
    clock = Clock()
    leader = leadership(client, prefix, "leader", clock)
    assert await leader.campaign()
    other = prefix + b"/leader"
    await client.put(other, b"an operator was here")  # which keeps the key's revision, but not its lease
    clock.now += 100
    assert await leader.keep_alive()
    await client.transact([], [DeleteRange(first=other, end=other + b"\x00")])
    clock.now += 100
    assert not await leader.keep_alive()
    assert not leader.leading


def _line(output: IO[str], start: str) -> str:
    """The next line that begins so; others are the log's."""
    return next(line for line in output if line.startswith(start))


async def test_a_stopped_leader_wakes_up_without_leadership_and_can_not_commit(
    client: EtcdClient, etcd: EtcdCluster, prefix: bytes
) -> None:
    arguments = [sys.executable, "-m", "tests.e2e.failover.paused_leader", etcd.urls[0], prefix.decode()]
    with subprocess.Popen(  # noqa: ASYNC220 - the test owns this loop
        arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            await asyncio.to_thread(_line, child.stdout, "committed")
            child.send_signal(signal.SIGSTOP)
            shared = SharedLog(client, prefix)
            candidate = Candidate(name="next", node_id="2", rpc="")
            following = Leadership(client, shared.leader_key, candidate)
            await eventually(following.campaign, "election of the next leader")
            head = await shared.head()
            child.send_signal(signal.SIGCONT)
            child.stdin.write("\n")
            child.stdin.flush()
            assert await asyncio.to_thread(_line, child.stdout, "leads=") == "leads=False commits=False\n"
            assert await shared.head() == head
        finally:
            child.kill()
