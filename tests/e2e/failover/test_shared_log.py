"""Commits to the shared log in a real etcd."""

from collections.abc import AsyncIterator

import httpx
import pytest

from node.conductor import Candidate, EtcdClient, EtcdUnavailable, Leadership, LogDamaged, SharedLog
from node.conductor.log import BLOCKS_KEPT, PART_BYTES
from state.primitives.crypto import keccak256
from state.primitives.types import BlockNumber
from tests.e2e.failover.etcd_cluster import EtcdCluster
from tests.unit.p2p.conftest import block
from tests.unit.p2p.networks import branch

PATIENT = 30.0


@pytest.fixture
def client(etcd: EtcdCluster, http: httpx.AsyncClient) -> EtcdClient:
    return EtcdClient(etcd.urls, http, attempt_seconds=PATIENT)


async def elect(client: EtcdClient, log: SharedLog, name: str = "leader") -> Leadership:
    candidate = Candidate(name=name, node_id=name, rpc="")
    leadership = Leadership(client, log.leader_key, candidate, lease_seconds=600)
    assert await leadership.campaign()
    await log.head()
    return leadership


def token_of(leadership: Leadership) -> int:
    assert leadership.token is not None
    return leadership.token


async def test_a_committed_block_is_the_head_and_can_be_read(client: EtcdClient, prefix: bytes) -> None:
    log = SharedLog(client, prefix)
    assert await log.head() is None
    token = token_of(await elect(client, log))
    for one in branch(3):
        assert await log.commit(one, one.header.hash, token)
    head = await SharedLog(client, prefix).head()
    assert head is not None
    last = branch(3)[-1]
    assert (head.number, head.hash, head.parent, head.term) == (2, last.header.hash, last.header.parent_hash, token)
    assert await log.block(2, last.header.hash) == last
    assert await log.block(1, last.header.hash) is None


async def test_a_former_leader_can_not_commit(client: EtcdClient, prefix: bytes) -> None:
    first, second = branch(2)
    former, log = SharedLog(client, prefix), SharedLog(client, prefix)
    leadership = await elect(client, former)
    token = token_of(leadership)
    assert await former.commit(first, first.header.hash, token)
    await leadership.resign()
    await elect(client, log, "next")
    assert not await former.commit(second, second.header.hash, token)
    head = await log.head()
    assert head is not None
    assert head.number == 0


async def test_a_head_that_somebody_else_moved_refuses_a_commit(client: EtcdClient, prefix: bytes) -> None:
    first, second, third = branch(3)
    log, other = SharedLog(client, prefix), SharedLog(client, prefix)
    token = token_of(await elect(client, log))
    await other.head()
    assert await other.commit(first, first.header.hash, token)
    assert not await log.commit(second, second.header.hash, token)
    await log.head()
    assert await log.commit(third, third.header.hash, token)


class _LosesAnswers(httpx.AsyncBaseTransport):
    """Carries requests, and loses the answers of those that are due to be lost."""

    def __init__(self) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.lose = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        if self.lose:
            self.lose -= 1
            await response.aread()
            await response.aclose()
            raise httpx.ReadError("the answer got lost")
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


@pytest.fixture
async def losing() -> AsyncIterator[tuple[_LosesAnswers, httpx.AsyncClient]]:
    transport = _LosesAnswers()
    async with httpx.AsyncClient(transport=transport) as client:
        yield transport, client


async def test_a_commit_whose_answer_got_lost_is_found_out_by_asking_again(
    etcd: EtcdCluster, losing: tuple[_LosesAnswers, httpx.AsyncClient], prefix: bytes
) -> None:
    transport, http = losing
    client = EtcdClient(etcd.urls, http, attempt_seconds=PATIENT)
    log = SharedLog(client, prefix)
    token = token_of(await elect(client, log))
    first, second = branch(2)
    transport.lose = 1
    with pytest.raises(EtcdUnavailable, match="the answer got lost"):
        await log.commit(first, first.header.hash, token)
    assert await log.commit(first, first.header.hash, token)
    assert await log.commit(second, second.header.hash, token)


async def test_a_campaign_whose_answer_got_lost_was_won(
    etcd: EtcdCluster, losing: tuple[_LosesAnswers, httpx.AsyncClient], prefix: bytes
) -> None:
    transport, http = losing
    client = EtcdClient(etcd.urls, http, attempt_seconds=PATIENT)
    leadership = Leadership(client, prefix, Candidate(name="a", node_id="a", rpc=""), lease_seconds=600)
    assert await leadership.campaign()
    token = leadership.token
    leadership.renounce()
    transport.lose = 2
    for _ in range(2):
        with pytest.raises(EtcdUnavailable):
            await leadership.campaign()
    assert await leadership.campaign()
    assert leadership.token == token


async def test_a_block_of_several_mebibytes_takes_several_keys(client: EtcdClient, prefix: bytes) -> None:
    noise = b"".join(keccak256(index.to_bytes(4, "big")) for index in range(2 * PART_BYTES // 32 + 5))
    large = block(noise, number=BlockNumber(9))
    log = SharedLog(client, prefix)
    token = token_of(await elect(client, log))
    assert await log.commit(large, large.header.hash, token)
    head = await log.head()
    assert head is not None
    assert head.parts == 3
    assert await log.block(9, large.header.hash) == large


async def test_the_last_blocks_are_kept_and_the_number_may_go_back(client: EtcdClient, prefix: bytes) -> None:
    log = SharedLog(client, prefix)
    token = token_of(await elect(client, log))
    blocks = branch(BLOCKS_KEPT + 3)
    for one in blocks:
        assert await log.commit(one, one.header.hash, token)
    assert await log.block(2, blocks[2].header.hash) is None
    assert await log.block(3, blocks[3].header.hash) == blocks[3]
    (again,) = branch(1, on=blocks[40], salt=1)
    assert await log.commit(again, again.header.hash, token)
    head = await log.head()
    assert head is not None
    assert (head.number, head.hash) == (41, again.header.hash)
    assert await log.block(41, again.header.hash) == again
    assert await log.block(41, blocks[41].header.hash) == blocks[41]


async def test_etcd_forgets_old_versions(client: EtcdClient, prefix: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.conductor.log.COMPACT_EVERY", 2)
    log = SharedLog(client, prefix)
    token = token_of(await elect(client, log))
    compacted = []

    async def compact(revision: int) -> None:
        compacted.append(revision)

    monkeypatch.setattr(client, "compact", compact)
    for one in branch(6):
        assert await log.commit(one, one.header.hash, token)
        await log.tidy()
    assert len(compacted) == 2
    assert compacted == sorted(compacted)
    monkeypatch.undo()
    await client.compact(compacted[0])
    await client.compact(compacted[0])  # which is done already
    assert await log.head() == log.committed


async def test_foreign_bytes_under_the_logs_keys_are_told_of(client: EtcdClient, prefix: bytes) -> None:
    log = SharedLog(client, prefix)
    await client.put(prefix + b"/head", b'{"number": 1}')
    with pytest.raises(LogDamaged, match="can't be read"):
        await log.head()
    (one,) = branch(1)
    key = prefix + b"/block/" + b"%020d" % 0 + b"/" + one.header.hash.hex().encode() + b"/0000"
    await client.put(key, b"no block")
    with pytest.raises(LogDamaged, match="block 0"):
        await log.block(0, one.header.hash)
