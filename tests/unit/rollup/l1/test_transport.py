"""JSON-RPC over HTTP: what is retried, what is refused, what is bounded."""

from typing import Any

import httpx
import pytest

from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1 import JsonRpcTransport, L1Inconsistent, L1MethodMissing, RetryPolicy, TransportLimits

Endpoint = Any


@pytest.fixture
def transport(http: httpx.AsyncClient, retry: RetryPolicy) -> JsonRpcTransport:
    limits = TransportLimits(max_response_bytes=10_000, max_batch=3)
    return JsonRpcTransport("http://l1.test", http, retry=retry, limits=limits)


async def test_retries_what_may_heal_with_growing_waits(transport: JsonRpcTransport, endpoint: Endpoint) -> None:
    endpoint.methods["eth_chainId"] = lambda: "0x1"
    endpoint.faults = [httpx.ConnectError("refused"), httpx.Response(503)]
    assert await transport.call("eth_chainId") == "0x1"
    assert endpoint.waits == [0.2 * 0.75, 0.4 * 0.75]


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ReadTimeout("slow"),
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(200, text="<html>"),
    ],
)
async def test_gives_up_after_its_attempts(transport: JsonRpcTransport, endpoint: Endpoint, fault: Any) -> None:
    endpoint.faults = [fault] * 3 if isinstance(fault, Exception) else [_copy(fault) for _ in range(3)]
    with pytest.raises(L1Unavailable):
        await transport.call("eth_chainId")
    assert endpoint.exchanges == 3


def _copy(response: httpx.Response) -> httpx.Response:
    return httpx.Response(response.status_code, content=response.content)


async def test_a_refusal_is_not_retried_and_keeps_its_words(
    transport: JsonRpcTransport, endpoint: Endpoint, rpc_error: Any
) -> None:
    def refuse(_raw: str) -> None:
        raise rpc_error(-32000, "nonce too low: next nonce 5, tx nonce 4")

    endpoint.methods["eth_sendRawTransaction"] = refuse
    with pytest.raises(L1Rejected, match="nonce too low: next nonce 5"):
        await transport.call("eth_sendRawTransaction", "0x")
    assert endpoint.exchanges == 1
    endpoint.faults = [httpx.Response(401)]
    with pytest.raises(L1Rejected, match="401"):
        await transport.call("eth_chainId")


async def test_tells_a_missing_method_from_a_refusal(transport: JsonRpcTransport) -> None:
    with pytest.raises(L1MethodMissing):
        await transport.call("eth_nothing")


@pytest.mark.parametrize(("code", "message"), [(-32005, "limit exceeded"), (-32000, "header not found")])
async def test_temporary_json_rpc_errors_are_retried(
    transport: JsonRpcTransport, endpoint: Endpoint, rpc_error: Any, code: int, message: str
) -> None:
    answers = [rpc_error(code, message), None]

    def once() -> str:
        problem = answers.pop(0)
        if problem is not None:
            raise problem
        return "0x1"

    endpoint.methods["eth_chainId"] = once
    assert await transport.call("eth_chainId") == "0x1"


async def test_a_revert_is_never_temporary(transport: JsonRpcTransport, endpoint: Endpoint, rpc_error: Any) -> None:
    def revert(_message: object, _block: object) -> None:
        raise rpc_error(-32603, "execution reverted: timeout")

    endpoint.methods["eth_call"] = revert
    with pytest.raises(L1Rejected, match="reverted"):
        await transport.call("eth_call", {}, "latest")
    assert endpoint.exchanges == 1


async def test_cuts_an_endless_answer(transport: JsonRpcTransport, endpoint: Endpoint) -> None:
    endpoint.methods["eth_chainId"] = lambda: "0x" + "00" * 20_000
    with pytest.raises(L1Rejected, match="longer than 10000"):
        await transport.call("eth_chainId")


async def test_splits_batches_and_restores_their_order(transport: JsonRpcTransport, endpoint: Endpoint) -> None:
    endpoint.methods["echo"] = lambda value: value
    endpoint.reverse_batches = True
    assert await transport.batch([("echo", (n,)) for n in range(8)]) == list(range(8))
    assert endpoint.exchanges == 3
    assert await transport.batch([]) == []


async def test_an_answer_to_another_question_is_inconsistent(transport: JsonRpcTransport, endpoint: Endpoint) -> None:
    endpoint.faults = [httpx.Response(200, json={"jsonrpc": "2.0", "id": 99, "result": 1}) for _ in range(3)]
    with pytest.raises(L1Inconsistent):
        await transport.call("eth_chainId")
    endpoint.faults = [httpx.Response(200, json=[1, 2]) for _ in range(3)]
    with pytest.raises(L1Inconsistent):
        await transport.batch([("a", ()), ("b", ())])
