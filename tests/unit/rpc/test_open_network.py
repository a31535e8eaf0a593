"""open_equivocations and open_leadership answer what the node's network tells them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rpc.server import RpcServer
from rpc.values import JsonObject
from tests.unit.rpc.conftest import Client, open_http
from tests.unit.rpc.fake_chain import FakeChain

EVIDENCE = {"number": "0x7", "blocks": []}


class Network:
    def equivocations(self) -> Sequence[JsonObject]:
        return (EVIDENCE,)

    def leadership(self) -> JsonObject | None:
        return None


@pytest.mark.parametrize("network", [Network(), None])
async def test_a_rollups_node_tells_of_its_network(chain: FakeChain, network: Network | None) -> None:
    server = RpcServer(replace(chain.ports, network=network))
    port = await server.start("127.0.0.1", 0)
    try:
        async with open_http() as http:
            client = Client(port, http)
            if network is None:
                assert (await client.error("open_equivocations"))["code"] == -32601
                return
            assert await client.call("open_equivocations") == [EVIDENCE]
            assert await client.call("open_leadership") is None
    finally:
        await server.stop()
