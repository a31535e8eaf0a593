"""An etcd that asks for a user and a password."""

from collections.abc import Callable

import httpx
import pytest

from node.conductor import Candidate, EtcdClient, EtcdRefused, Leadership, SharedLog
from tests.e2e.failover.etcd_cluster import EtcdCluster
from tests.unit.p2p.networks import branch

PREFIX = b"/openledger/1/ab"


async def _with_rights(http: httpx.AsyncClient, url: str) -> None:
    """A user `node` who may read and write below /openledger/, and `root`, without whom etcd asks nobody."""
    first, end = "L29wZW5sZWRnZXIv", "L29wZW5sZWRnZXIw"  # "/openledger/" and "/openledger0" in base64
    permission = {"permType": "READWRITE", "key": first, "range_end": end}
    for path, body in (
        ("user/add", {"name": "root", "password": "r"}),
        ("user/grant", {"user": "root", "role": "root"}),
        ("role/add", {"name": "candidates"}),
        ("role/grant", {"name": "candidates", "perm": permission}),
        ("user/add", {"name": "node", "password": "secret"}),
        ("user/grant", {"user": "node", "role": "candidates"}),
        ("enable", {}),
    ):
        answer = await http.post(f"{url}/v3/auth/{path}", json=body, timeout=30)
        assert answer.status_code == 200, (path, answer.text)


async def test_a_user_with_rights_on_the_prefix_leads_and_others_are_refused(
    make_etcd: Callable[[int], EtcdCluster], http: httpx.AsyncClient
) -> None:
    cluster = make_etcd(1)
    member = cluster.members[0]
    await _with_rights(http, member.url)
    client = EtcdClient(cluster.urls, http, attempt_seconds=30, user="node", password="secret")
    log = SharedLog(client, PREFIX)
    leadership = Leadership(client, log.leader_key, Candidate(name="a", node_id="a", rpc=""), lease_seconds=600)
    assert await leadership.campaign()
    (block,) = branch(1)
    await log.head()
    assert await log.commit(block, block.header.hash, leadership.token or 0)
    await leadership.resign()
    with pytest.raises(EtcdRefused, match="permission denied"):
        await client.put(b"/other", b"value")
    for options in ({}, {"user": "node", "password": "wrong"}):
        stranger = EtcdClient(cluster.urls, http, attempt_seconds=30, **options)
        with pytest.raises(EtcdRefused):
            await stranger.get(log.leader_key)
