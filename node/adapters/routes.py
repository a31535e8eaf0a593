"""Ways on which a transaction reaches the sequencer that this node is not: its JSON-RPC, or peers on the way to it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import httpx

from p2p.messages import VerdictCode
from rpc.trace_context import outgoing_headers
from state.errors import Blame, NodeError, Severity

ALREADY_KNOWN: Final = "already known"
_BUSY_CODES: Final = frozenset((-32005, -32603))
_BUSY_STATUS: Final = frozenset((429, 502, 503, 504))


class SequencerUnreachable(NodeError):
    """No way to the sequencer gave an answer; whether it has the transaction is unknown."""

    severity = Severity.TEMPORARY
    blame = Blame.UPSTREAM


class ForwardedRejection(NodeError):
    """The sequencer refused the transaction; its words are passed on."""

    blame = Blame.USER


class Route(Protocol):
    """One way to the sequencer."""

    async def submit(self, raw: bytes) -> None:
        """Returns once the sequencer has the transaction. Raises ForwardedRejection, SequencerUnreachable."""


class RpcRoute:
    """The sequencer's own JSON-RPC."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url = url
        self._client = client

    async def submit(self, raw: bytes) -> None:
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["0x" + raw.hex()]}
        answer = await self._ask(request)
        if "result" not in answer:
            raise ForwardedRejection(_message(answer))

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            response = await self._client.post(self._url, json=request, headers=outgoing_headers())
            if response.status_code in _BUSY_STATUS:
                raise SequencerUnreachable(f"HTTP {response.status_code}")
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SequencerUnreachable(type(error).__name__) from error
        if not isinstance(answer, dict):
            raise SequencerUnreachable("no JSON-RPC answer")
        problem = answer.get("error")
        if isinstance(problem, dict) and problem.get("code") in _BUSY_CODES:
            raise SequencerUnreachable(_message(answer))
        return answer


class PeerRoute:
    """Peers, hop by hop."""

    def __init__(self, submit: Callable[[bytes], Awaitable[tuple[int, str]]]) -> None:
        """`submit` answers a VerdictCode and its text."""
        self._submit = submit

    async def submit(self, raw: bytes) -> None:
        code, text = await self._submit(raw)
        if code == VerdictCode.REFUSED:
            raise ForwardedRejection(text)
        if code != VerdictCode.TAKEN:
            raise SequencerUnreachable(text or "no peer reaches it")


class FirstOf:
    """Several ways, each tried where the ones before it lead nowhere."""

    def __init__(self, *routes: Route) -> None:
        self._routes = routes

    async def submit(self, raw: bytes) -> None:
        reasons = []
        for route in self._routes:
            try:
                return await route.submit(raw)
            except SequencerUnreachable as error:
                reasons.append(str(error))
        raise SequencerUnreachable("; ".join(reasons))


def _message(answer: dict[str, Any]) -> str:
    problem = answer.get("error")
    return str(problem.get("message", "refused")) if isinstance(problem, dict) else "refused by the sequencer"
