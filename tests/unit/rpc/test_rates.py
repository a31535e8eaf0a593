"""Calls a second and client: what is counted, who is counted as whom, and what a refused client is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from rpc.errors import RateLimited
from rpc.limits import RateLimit
from rpc.server import RpcServer
from rpc.transport import rates
from rpc.transport.rates import ClientRates
from tests.unit.rpc.conftest import PATIENT_SECONDS, Clock, open_http, open_socket
from tests.unit.rpc.fake_chain import FakeChain

CALL = {"jsonrpc": "2.0", "id": 7, "method": "eth_chainId"}
STRICT = RateLimit(calls_per_second=2, burst=10, exempt=(), trusted_proxies=("127.0.0.1", "10.0.0.0/8"))


@pytest.fixture
async def http(chain: FakeChain, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    server = RpcServer(chain.ports, rates=STRICT, clock=clock)
    port = await server.start("127.0.0.1", 0)
    async with open_http(base_url=f"http://127.0.0.1:{port}") as http:
        yield http
    await server.stop()


def scope(peer: str | None, forwarded: str | None = None) -> dict[str, Any]:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    return {"client": None if peer is None else (peer, 1), "headers": headers}


def spent_with(limiter: ClientRates, peer: str | None, forwarded: str | None = None) -> str | None:
    """Whose calls a request counts as; None for nobody's."""
    meter = limiter.meter(scope(peer, forwarded))
    return None if meter is None else meter._client


async def test_calls_beyond_the_rate_are_refused_with_429_and_when_to_try_again(
    http: httpx.AsyncClient, clock: Clock
) -> None:
    for _ in range(10):
        assert (await http.post("/", json=CALL)).status_code == 200
    refused = await http.post("/", json=CALL)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    error = refused.json()["error"]
    assert (error["code"], error["message"]) == (-32005, "limit exceeded: too many calls, try again in 0.5 s")
    clock.now += 0.5
    assert (await http.post("/", json=CALL)).status_code == 200
    assert (await http.post("/", json=CALL)).status_code == 429


async def test_members_of_a_batch_count_each_and_its_debt_is_paid_off(http: httpx.AsyncClient, clock: Clock) -> None:
    answers = (await http.post("/", json=[CALL] * 30)).json()
    assert len(answers) == 30
    assert all(answer["result"] for answer in answers)
    refused = await http.post("/", json=[CALL] * 3)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "11")  # 21 calls at 2 a second
    clock.now += 10
    assert (await http.post("/", json=CALL)).status_code == 429
    clock.now += 1
    assert (await http.post("/", json=CALL)).status_code == 200


async def test_nothing_is_parsed_for_a_client_without_calls_left(http: httpx.AsyncClient) -> None:
    await http.post("/", json=[CALL] * 30)
    refused = await http.post("/", content=b"no json", headers={"content-type": "application/json"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, -32005)


async def test_one_clients_calls_are_not_anothers(http: httpx.AsyncClient) -> None:
    first, second = {"x-forwarded-for": "203.0.113.1"}, {"x-forwarded-for": "203.0.113.2"}
    await http.post("/", json=[CALL] * 30, headers=first)
    assert (await http.post("/", json=CALL, headers=first)).status_code == 429
    assert (await http.post("/", json=CALL, headers=second)).status_code == 200


async def test_messages_of_a_socket_are_counted_and_each_refused_call_is_told(chain: FakeChain, clock: Clock) -> None:
    server = RpcServer(chain.ports, rates=STRICT, clock=clock)
    port = await server.start("127.0.0.1", 0)
    async with open_socket(f"ws://127.0.0.1:{port}") as socket:
        for _ in range(10):
            await socket.send(json.dumps(CALL))
            assert json.loads(await asyncio.wait_for(socket.recv(), PATIENT_SECONDS))["result"]
        await socket.send(json.dumps(CALL))
        single = json.loads(await asyncio.wait_for(socket.recv(), PATIENT_SECONDS))
        await socket.send(json.dumps([CALL, {**CALL, "id": 8}]))
        batch = json.loads(await asyncio.wait_for(socket.recv(), PATIENT_SECONDS))
    await server.stop()
    assert (single["id"], single["error"]["code"]) == (7, -32005)
    assert [(answer["id"], answer["error"]["code"]) for answer in batch] == [(7, -32005), (8, -32005)]


async def test_this_machine_is_exempt_by_default_and_no_limit_is_the_default(chain: FakeChain, clock: Clock) -> None:
    for limit in (RateLimit(calls_per_second=1), RateLimit()):
        server = RpcServer(chain.ports, rates=limit, clock=clock)
        port = await server.start("127.0.0.1", 0)
        async with open_http() as http:
            statuses = [(await http.post(f"http://127.0.0.1:{port}/", json=CALL)).status_code for _ in range(5)]
        await server.stop()
        assert statuses == [200] * 5
    assert ClientRates(RateLimit(calls_per_second=1, exempt=()), clock).meter(scope("127.0.0.1")) is not None


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),  # anybody can send the header
        ("10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "1.1.1.1, 203.0.113.9, 10.9.9.9", "203.0.113.9"),  # what stands before is the client's own word
        ("10.1.2.3", "10.0.0.1, 10.0.0.2", "10.0.0.1"),
        ("10.1.2.3", "nonsense", "unknown"),
        ("10.1.2.3", None, "10.1.2.3"),
        ("::ffff:192.0.2.1", None, "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", None, "2001:db8:1:2::/64"),  # one customer has them all
        (None, None, "unknown"),
        ("10.1.2.3", "192.168.0.7", None),
        ("192.168.0.7", None, None),
    ],
)
def test_the_client_is_the_peer_or_whom_a_trusted_proxy_names(
    clock: Clock, peer: str | None, forwarded: str | None, client: str | None
) -> None:
    limit = RateLimit(calls_per_second=1, exempt=("192.168.0.0/16",), trusted_proxies=("10.0.0.0/8",))
    assert spent_with(ClientRates(limit, clock), peer, forwarded) == client


def test_the_table_of_clients_is_bounded_and_forgets_who_was_away_longest(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "MOST_CLIENTS", 3)
    limiter = ClientRates(RateLimit(calls_per_second=1, burst=5, exempt=()), clock)
    for client in ("a", "b", "c", "a", "d"):
        limiter.charge(client, 2)
    assert [limiter.balance(client) for client in "abcd"] == [1, 5, 3, 3]


def test_a_long_silence_gives_no_more_than_the_burst(clock: Clock) -> None:
    limiter = ClientRates(RateLimit(calls_per_second=100, burst=7, exempt=()), clock)
    limiter.charge("a", 7)
    clock.now += 3_600
    assert limiter.balance("a") == 7
    meter = limiter.meter(scope("192.0.2.1"))
    assert meter is not None
    meter.charge(8)
    with pytest.raises(RateLimited) as caught:
        meter.charge(1)
    assert caught.value.retry_after == pytest.approx(0.02)
    assert meter.refused is caught.value
