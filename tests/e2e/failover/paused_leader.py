"""A leader that a test stops. After a line on its standard input it says whether it leads, and whether it can commit.

python -m tests.e2e.failover.paused_leader URL PREFIX
"""

import asyncio
import sys

import httpx

from node.conductor import Candidate, EtcdClient, Leadership, SharedLog
from tests.unit.p2p.networks import branch


async def main(url: str, prefix: bytes) -> None:
    async with httpx.AsyncClient() as http:
        etcd = EtcdClient([url], http, attempt_seconds=30)
        shared = SharedLog(etcd, prefix)
        candidate = Candidate(name="paused", node_id="1", rpc="")
        leadership = Leadership(etcd, shared.leader_key, candidate, lease_seconds=2)
        first, second = branch(2)
        committed = False
        while not committed:  # on a busy machine the lease may be over before
            await leadership.resign()
            if await leadership.campaign():
                await shared.head()
                committed = await shared.commit(first, first.header.hash, leadership.token or 0)
        token = leadership.token or 0
        print("committed", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        leads = leadership.leading
        commits = await shared.commit(second, second.header.hash, token)
        print(f"leads={leads} commits={commits}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2].encode()))
