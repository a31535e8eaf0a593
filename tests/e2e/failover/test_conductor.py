"""Candidates over a real etcd, with toy chains: who leads, on what, and what happens when etcd goes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest

from node.conductor import Candidate, Conductor, ConductorStatus, EtcdClient, Leadership, SharedLog, Standing
from node.conductor.conductor import NOT_READY
from p2p.ports import Head
from state.blocks import Block
from state.database import BlockRecord
from state.primitives.types import Hash32
from state.transition import SealedBlock
from tests.e2e.failover.etcd_cluster import EtcdCluster
from tests.unit.p2p.networks import branch


class ToyChain:
    """A Chain of linked blocks that are not executed."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = list(blocks)
        self.safe = 0
        self.void_from: int | None = None
        """Blocks of this number and above stand on L1 blocks that were reorganised."""

    def unsafe_head(self) -> Head:
        header = self.blocks[-1].header
        return Head(number=header.number, hash=header.hash)

    def safe_number(self) -> int:
        return self.safe

    def canonical_hash(self, number: int) -> Hash32 | None:
        return self.blocks[number].header.hash if 0 <= number < len(self.blocks) else None

    def block(self, number: int) -> Block | None:
        return self.blocks[number] if 0 < number < len(self.blocks) else None

    async def insert(self, block: Block) -> bool:
        if block.header.parent_hash == self.unsafe_head().hash:
            self.blocks.append(block)
        return self.canonical_hash(block.header.number) == block.header.hash

    async def stands_on_l1(self, block: Block) -> bool:
        return self.void_from is None or block.header.number < self.void_from


class Node:
    """One candidate that builds blocks as fast as they are committed, up to `wanted`."""

    def __init__(self, name: str, client: EtcdClient, prefix: bytes, chain: ToyChain) -> None:
        self.chain = chain
        self.shared = SharedLog(client, prefix)
        candidate = Candidate(name=name, node_id=name, rpc="")
        leadership = Leadership(client, self.shared.leader_key, candidate, lease_seconds=10)
        self.ready = True
        self.wanted = 0
        self.builds = False
        self.at_the_end: ConductorStatus | None = None
        """The status at the instant when it was told to build no more."""
        self.salt = ord(name[-1])
        self.conductor = Conductor(leadership=leadership, shared_log=self.shared, chain=chain, ready=lambda: self.ready)

    async def lead(self) -> None:
        self.builds = True
        try:
            while True:
                if self.chain.unsafe_head().number < self.wanted:
                    (made,) = branch(1, on=self.chain.blocks[-1], salt=self.salt)
                    if not await self.conductor.commit(sealed(made)):
                        self.builds = False
                        await asyncio.Event().wait()
                    assert await self.chain.insert(made)
                await asyncio.sleep(0.01)
        finally:
            self.builds = False
            self.at_the_end = self.conductor.status

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.conductor.run(self.lead))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def sealed(block: Block) -> SealedBlock:
    record = BlockRecord(
        hash=block.header.hash, header=block.header, transactions=block.transactions, transaction_hashes=(),
        senders=(), receipts=(), receipt_extras=(),
    )  # fmt: skip
    return SealedBlock(record=record, outcomes=())


async def eventually(reached: Callable[[], Any], what: str) -> None:
    try:
        async with asyncio.timeout(120):
            while not reached():  # noqa: ASYNC110 - what happens, happens in other processes
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen") from None


GENESIS = branch(1)


@pytest.fixture
def client(etcd: EtcdCluster, http: httpx.AsyncClient) -> EtcdClient:
    return EtcdClient(etcd.urls, http, attempt_seconds=5)


async def test_a_clean_stop_hands_over_and_the_next_leader_builds_on_the_committed_head(
    client: EtcdClient, prefix: bytes
) -> None:
    first, second = (Node(name, client, prefix, ToyChain(GENESIS)) for name in ("first", "second"))
    first.wanted, second.wanted = 3, 5
    async with first.running():
        await eventually(lambda: first.chain.unsafe_head().number == 3, "the first leader's blocks")
        async with second.running():
            await eventually(lambda: second.chain.blocks == first.chain.blocks, "the log's blocks on the other one")
            await eventually(lambda: second.conductor.status.why == "first leads", "a status")
            assert second.conductor.status.standing is Standing.CANDIDATE
            assert not second.builds
            first.wanted = 4
            await eventually(lambda: first.chain.unsafe_head().number == 4, "one more block")
    async with second.running():
        await eventually(lambda: second.chain.unsafe_head().number == 5, "the second leader's block")
    assert second.chain.blocks[:5] == first.chain.blocks
    assert second.conductor.takes_over


async def test_who_can_not_reach_the_committed_head_does_not_lead(client: EtcdClient, prefix: bytes) -> None:
    blocks = branch(100)
    ahead, behind = (Node(name, client, prefix, ToyChain(chain)) for name, chain in (("ahead", blocks), ("b", GENESIS)))
    async with ahead.running():
        await eventually(lambda: ahead.builds, "election of the one with all blocks")
    async with behind.running():
        await eventually(lambda: "99 blocks behind" in behind.conductor.status.why, "a reason")
        assert behind.conductor.status.standing is Standing.WAITING
        assert behind.conductor.elections == 0
        behind.chain.blocks = blocks[:60]  # peers or L1 brought them
        await eventually(lambda: behind.builds, "election of the one that has caught up")
    assert behind.chain.blocks == blocks


async def test_who_has_not_read_l1_does_not_lead(client: EtcdClient, prefix: bytes) -> None:
    node = Node("node", client, prefix, ToyChain(GENESIS))
    node.ready = False
    async with node.running():
        await eventually(lambda: NOT_READY in node.conductor.status.why, "a reason")
        assert node.conductor.elections == 0
        node.ready = True
        await eventually(lambda: node.builds, "election")


async def test_a_leader_that_hears_nothing_of_l1_hands_over(client: EtcdClient, prefix: bytes) -> None:
    first, second = (Node(name, client, prefix, ToyChain(GENESIS)) for name in ("first", "second"))
    async with first.running():
        await eventually(lambda: first.builds, "election")
        async with second.running():
            first.ready = False
            await eventually(lambda: second.builds, "election of the other")
            await eventually(lambda: first.conductor.status.why == NOT_READY, "a reason")
            assert not first.builds


async def test_blocks_that_an_l1_reorg_took_the_ground_from_are_built_anew(client: EtcdClient, prefix: bytes) -> None:
    first, second = (Node(name, client, prefix, ToyChain(GENESIS)) for name in ("first", "second"))
    first.wanted = 5
    async with first.running():
        await eventually(lambda: first.chain.unsafe_head().number == 5, "blocks")
    second.chain.void_from = 4
    second.wanted = 6
    async with second.running():
        await eventually(lambda: second.chain.unsafe_head().number == 6, "other blocks")
    assert second.chain.blocks[:4] == first.chain.blocks[:4]
    assert second.chain.blocks[4] != first.chain.blocks[4]
    head = await second.shared.head()
    assert head is not None
    assert head.hash == second.chain.unsafe_head().hash


async def test_a_leader_whose_head_went_back_goes_on_from_there(client: EtcdClient, prefix: bytes) -> None:
    node = Node("node", client, prefix, ToyChain(GENESIS))
    node.wanted = 5
    async with node.running():
        await eventually(lambda: node.chain.unsafe_head().number == 5, "blocks")
        node.salt += 1
        del node.chain.blocks[3:]
        await eventually(lambda: node.chain.unsafe_head().number == 5, "other blocks")
        assert node.conductor.elections == 1
    head = await node.shared.head()
    assert head is not None
    assert head.hash == node.chain.unsafe_head().hash


async def test_a_leader_whose_key_was_taken_away_stops_and_nothing_of_it_is_committed(
    client: EtcdClient, prefix: bytes
) -> None:
    node = Node("node", client, prefix, ToyChain(GENESIS))
    node.wanted = 2
    async with node.running():
        await eventually(lambda: node.chain.unsafe_head().number == 2, "blocks")
        token = node.conductor.status.term
        usurper = Leadership(client, node.shared.leader_key, Candidate(name="usurper", node_id="", rpc=""))
        lease = (await client.get(node.shared.leader_key)).lease  # type: ignore[union-attr]
        await client.revoke_lease(lease)
        assert await usurper.campaign()
        node.wanted = 3
        await eventually(lambda: not node.builds and node.conductor.status.term != token, "end of its term")
        assert node.chain.unsafe_head().number == 2
        await usurper.resign()
        await eventually(lambda: node.chain.unsafe_head().number == 3, "the block, in another term")
    assert node.conductor.elections == 2


async def test_one_member_less_changes_nothing_and_the_majority_less_stops_it_until_it_is_back(
    make_etcd: Callable[[int], EtcdCluster], http: httpx.AsyncClient, prefix: bytes
) -> None:
    cluster = make_etcd(3)
    node = Node("node", EtcdClient(cluster.urls, http), prefix, ToyChain(GENESIS))
    async with node.running():
        node.wanted = 3
        await eventually(lambda: node.chain.unsafe_head().number == 3, "blocks")
        token = node.conductor.status.term
        follower = next(member for member in cluster.members if member is not cluster.leader())
        follower.kill()
        node.wanted = 6
        await eventually(lambda: node.chain.unsafe_head().number == 6, "blocks with two members")
        assert node.conductor.status.term == token
        other = next(member for member in cluster.members if member is not follower)
        other.kill()
        await eventually(lambda: not node.builds, "the end of sequencing")
        for status in (node.at_the_end, node.conductor.status):
            assert status is not None
            assert "etcd" in status.why
            assert status.standing is Standing.WAITING
        assert not node.conductor.leading
        node.wanted = 9
        cluster.start_member(other)
        await eventually(lambda: node.chain.unsafe_head().number == 9, "blocks after the majority came back")
    head = await node.shared.head()
    assert head is not None
    assert head.hash == node.chain.unsafe_head().hash
