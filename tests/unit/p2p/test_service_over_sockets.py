"""The service on real connections: what the parts promise each other holds between them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from p2p.greeting import NetworkIdentity
from p2p.identity import NodeIdentity
from p2p.messages import HeadStatus, VerdictCode
from p2p.network import PeerNetwork
from p2p.service import PeerService
from p2p.settings import PeerSettings
from p2p.signer import BlockSigner
from state.primitives.types import Hash32
from tests.unit.p2p.conftest import CHAIN_ID, KEY, NOW, SEQUENCER
from tests.unit.p2p.networks import MemoryValues, ToyChain, branch, until

BLOCKS = branch(300, size=400)
NETWORK = NetworkIdentity(chain_id=CHAIN_ID, genesis_hash=BLOCKS[0].header.hash, rollup_hash=Hash32(b"\x05" * 32))


async def take(_raw: bytes) -> tuple[int, str]:
    return VerdictCode.REFUSED, "nonce too low"


@asynccontextmanager
async def node(
    name: int, chain: ToyChain, *static: int, leads: bool = False
) -> AsyncIterator[tuple[PeerService, PeerNetwork]]:
    store = MemoryValues()
    service = PeerService(
        chain=chain,
        store=store,
        chain_id=CHAIN_ID,
        sequencer=lambda: SEQUENCER,
        unix_clock=lambda: float(NOW),
        clock=asyncio.get_running_loop().time,
        signer=BlockSigner(chain_id=CHAIN_ID, private_key=KEY, store=store, was_dropped=lambda *_: False),
        local=take if leads else None,
    )

    def status() -> HeadStatus:
        head = chain.unsafe_head()
        return HeadStatus(number=head.number, hash=head.hash, first=0)

    connections = PeerNetwork(
        PeerSettings(port=0, static=tuple(f"127.0.0.1:{port}" for port in static)),
        identity=NodeIdentity(bytes([name]) * 32),
        network=NETWORK,
        status=status,
        store=store,
        agent="test",
    )
    running = [asyncio.create_task(job) for job in (service.run(), connections.run(service))]
    try:
        async with asyncio.timeout(60):
            await connections.started.wait()
        yield service, connections
    finally:
        for task in running:
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task


async def test_three_nodes_in_a_row_follow_catch_up_and_bring_transactions() -> None:
    first, second, third = ToyChain(BLOCKS[:200]), ToyChain(BLOCKS[:1]), ToyChain(BLOCKS[:1])
    async with AsyncExitStack() as nodes:
        sequencer, door = await nodes.enter_async_context(node(1, first, leads=True))
        middle, middle_door = await nodes.enter_async_context(node(2, second, door.port))
        last, _ = await nodes.enter_async_context(node(3, third, middle_door.port))
        await until(lambda: len(middle.roster.peers) == 2)
        for made in BLOCKS[200:]:
            first.blocks.append((made, made.header.hash))
            sequencer.publish(made, made.header.hash)
            await asyncio.sleep(0)
        await until(lambda: third.unsafe_head().number == 299)
        assert third.unsafe_head() == second.unsafe_head() == first.unsafe_head()
        code = None
        while code != VerdictCode.REFUSED:  # a connection may be replaced by its twin just now
            code, text = await last.submit(b"\x02" * 60)
        assert text == "nonce too low"
        assert all(peer["score"] == 0 for peer in (*door.describe(), *middle_door.describe()))
