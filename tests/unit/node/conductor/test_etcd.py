"""What the client makes of what endpoints answer, without etcd."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from node.conductor import EtcdClient, EtcdRefused, EtcdUnavailable
from node.conductor.etcd import MAX_ANSWER

ENDPOINTS = ("http://a:2379", "http://b:2379", "http://c:2379/")
GRANTED = {"ID": "7", "TTL": "2"}


class Members:
    """What each host does; all that was asked, in order."""

    def __init__(self, **behaviour: Callable[[httpx.Request], httpx.Response]) -> None:
        self._behaviour = behaviour
        self.asked: list[str] = []
        self.tokens: list[str | None] = []

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.url.host}{request.url.path}")
        self.tokens.append(request.headers.get("Authorization"))
        return self._behaviour[request.url.host](request)

    def client(self, **options: Any) -> EtcdClient:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.handle))
        return EtcdClient(ENDPOINTS, http, **options)


def answers(body: Any, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _request: httpx.Response(status, json=body)


def away(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused")


async def test_asks_the_endpoint_that_answered_last_first() -> None:
    members = Members(a=away, b=answers(GRANTED), c=answers(GRANTED))
    client = members.client()
    assert await client.grant_lease(2) == (7, 2)
    assert await client.grant_lease(2) == (7, 2)
    assert members.asked == ["a/v3/lease/grant", "b/v3/lease/grant", "b/v3/lease/grant"]
    assert client.endpoint == "http://b:2379"


async def test_says_of_each_endpoint_why_it_gave_no_answer() -> None:
    no_leader = answers({"error": "etcdserver: no leader", "code": 14}, 503)
    members = Members(a=away, b=no_leader, c=lambda _: httpx.Response(200, text="<html>"))
    with pytest.raises(EtcdUnavailable) as caught:
        await members.client().get(b"key")
    text = str(caught.value)
    assert "a:2379: connection refused" in text
    assert "b:2379: etcdserver: no leader" in text
    assert "c:2379: the answer is no JSON object" in text


async def test_a_refusal_is_not_carried_to_the_next_endpoint() -> None:
    refuses = answers({"error": "etcdserver: permission denied", "code": 7}, 403)
    members = Members(a=refuses, b=answers({}), c=answers({}))
    with pytest.raises(EtcdRefused, match="permission denied"):
        await members.client().put(b"key", b"value")
    assert len(members.asked) == 1


async def test_an_endpoint_that_hangs_costs_no_more_than_its_share() -> None:
    class Hangs(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "a":
                await asyncio.Event().wait()
            return httpx.Response(200, json=GRANTED)

    client = EtcdClient(ENDPOINTS, httpx.AsyncClient(transport=Hangs()), attempt_seconds=0.05)
    assert await client.grant_lease(2) == (7, 2)
    assert client.endpoint == "http://b:2379"


async def test_an_answer_without_end_is_cut_off() -> None:
    huge = Members(a=lambda _: httpx.Response(200, content=b" " * (MAX_ANSWER + 1)))
    with pytest.raises(EtcdRefused, match="more than"):
        await huge.client().get(b"key")


@pytest.mark.parametrize(
    "body",
    [[], {"kvs": [{"key": "!", "value": 1, "create_revision": {}}]}, {"kvs": [{"create_revision": "many"}]}],
)
async def test_answers_that_etcd_does_not_give_are_no_answers(body: Any) -> None:
    members = Members(a=answers(body), b=answers(body), c=answers(body))
    with pytest.raises(EtcdUnavailable):
        await members.client().get(b"key")


async def test_logs_in_at_the_first_call_and_again_when_the_token_is_too_old() -> None:
    issued = iter(["first", "second"])

    def member(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("authenticate"):
            assert json.loads(request.content) == {"name": "node", "password": "secret"}
            return httpx.Response(200, json={"token": next(issued)})
        if request.headers.get("Authorization") == "first" and len(members.asked) > 2:
            return httpx.Response(401, json={"error": "etcdserver: invalid auth token", "code": 16})
        return httpx.Response(200, json=GRANTED)

    members = Members(a=member)
    client = members.client(user="node", password="secret")
    assert await client.grant_lease(2) == (7, 2)
    assert await client.grant_lease(2) == (7, 2)
    assert members.tokens == [None, "first", "first", None, "second"]
