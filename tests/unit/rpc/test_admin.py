"""admin_* on a server of its own: who gets in, what it answers, and that no other server has it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import jwt
import pytest
from websockets.exceptions import InvalidStatus

from rpc.namespaces import ADMIN
from rpc.server import RpcServer
from rpc.transport.bearer import BearerTokens, make_token
from rpc.values import JsonObject
from state.primitives.types import Hash32
from tests.unit.rpc.conftest import Client, open_http, open_socket
from tests.unit.rpc.fake_chain import FakeChain

SECRET = b"\x5e" * 32
NOW = 1_700_000_000.0
HEAD = Hash32(b"\x1e" * 32)


class Control:
    """A node that does as it is told."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    async def start_sequencer(self, head: Hash32) -> None:
        self.done.append(("start sequencer", head))

    async def stop_sequencer(self) -> Hash32:
        self.done.append("stop sequencer")
        return HEAD

    def sequencer_active(self) -> bool:
        return "stop sequencer" not in self.done

    async def start_batcher(self) -> None:
        self.done.append("start batcher")

    async def stop_batcher(self) -> None:
        self.done.append("stop batcher")

    def node_info(self) -> JsonObject:
        return {"role": "sequencer"}

    def peers(self) -> Sequence[JsonObject]:
        return ()

    def add_peer(self, address: str) -> None:
        self.done.append(("add", address))

    async def remove_peer(self, node_id: bytes) -> bool:
        self.done.append(("remove", node_id))
        return True

    def set_log_level(self, level: str) -> None:
        self.done.append(level)


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
async def port(chain: FakeChain, control: Control) -> AsyncIterator[int]:
    tokens = BearerTokens(SECRET, lambda: NOW)
    server = RpcServer(replace(chain.ports, admin=control), only=[ADMIN], tokens=tokens)
    yield await server.start("127.0.0.1", 0)
    await server.stop()


@pytest.fixture
async def admin(port: int) -> AsyncIterator[Client]:
    async with open_http(headers={"authorization": f"Bearer {make_token(SECRET, NOW)}"}) as http:
        yield Client(port, http)


async def test_holder_of_the_secret_controls_the_node(admin: Client, control: Control) -> None:
    assert await admin.call("admin_sequencerActive") is True
    assert await admin.call("admin_stopSequencer") == "0x" + HEAD.hex()
    assert await admin.call("admin_sequencerActive") is False
    assert await admin.call("admin_startSequencer", "0x" + HEAD.hex()) is None
    assert await admin.call("admin_stopBatcher") is None
    assert await admin.call("admin_startBatcher") is None
    assert await admin.call("admin_setLogLevel", "debug") is None
    assert control.done == ["stop sequencer", ("start sequencer", HEAD), "stop batcher", "start batcher", "debug"]
    assert await admin.call("admin_nodeInfo") == {"role": "sequencer"}
    assert await admin.call("admin_peers") == []
    assert await admin.call("admin_addPeer", "node.example:9222") is None
    assert await admin.call("admin_removePeer", "0x" + HEAD.hex()) is True


async def test_parameters_are_checked_as_everywhere(admin: Client, control: Control) -> None:
    assert (await admin.error("admin_startSequencer"))["code"] == -32602
    assert (await admin.error("admin_startSequencer", "0x12"))["code"] == -32602
    assert (await admin.error("admin_setLogLevel", "loud"))["message"].endswith(
        "got 'loud', expected one of debug, info, warning, error"
    )
    for address in ("node.example", ":9222", "node.example:0", "node.example:65536", "node.example:port", "", 7):
        assert (await admin.error("admin_addPeer", address))["code"] == -32602
    assert (await admin.error("admin_removePeer", "0x12"))["code"] == -32602
    assert control.done == []


async def test_admin_port_serves_nothing_else(admin: Client) -> None:
    assert (await admin.error("eth_chainId"))["code"] == -32601


def signed(secret: bytes = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode(claims, secret if algorithm != "none" else "", algorithm=algorithm)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        "Bearer a.b.c",
        f"Basic {signed(iat=NOW)}",
        f"Bearer {signed(b'other' * 8, iat=NOW)}",
        f"Bearer {signed(iat=NOW - 61)}",
        f"Bearer {signed(iat=NOW + 61)}",
        f"Bearer {signed()}",
        f"Bearer {signed(iat=True)}",
        f"Bearer {signed(iat='now')}",
        f"Bearer {signed(iat=NOW, exp=1)}",
        f"Bearer {signed(algorithm='none', iat=NOW)}",
        f"Bearer {signed(b'x' * 64, algorithm='HS512', iat=NOW)}",
        "Bearer " + "A" * 5_000,
    ],
)
async def test_whoever_has_no_good_token_gets_401(port: int, control: Control, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    body = {"jsonrpc": "2.0", "id": 1, "method": "admin_stopSequencer", "params": []}
    async with open_http() as http:
        for path in ("/", "/healthz", "/docs"):
            response = await http.post(f"http://127.0.0.1:{port}{path}", json=body, headers=headers)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
    assert control.done == []


async def test_websocket_without_a_token_is_not_opened_and_with_one_it_is(port: int) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await open_socket(f"ws://127.0.0.1:{port}/")
    assert caught.value.response.status_code == 403
    headers = {"authorization": f"Bearer {make_token(SECRET, NOW)}"}
    async with open_socket(f"ws://127.0.0.1:{port}/", additional_headers=headers) as socket:
        await socket.send('{"jsonrpc":"2.0","id":1,"method":"admin_sequencerActive","params":[]}')
        assert '"result":true' in str(await socket.recv(decode=True))


@pytest.mark.parametrize("method", sorted(ADMIN.methods))
async def test_public_port_does_not_have_it_and_says_where_it_is(client: Client, method: str) -> None:
    error = await client.error(method)
    assert error["code"] == -32601
    assert "--admin-port" in error["message"]


def test_short_secrets_are_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        BearerTokens(b"\1" * 31, lambda: NOW)
