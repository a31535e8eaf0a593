"""JSON-RPC over HTTP to one endpoint: bounded answers, batches, retries, errors told apart.

What may heal by itself (no connection, a timeout, HTTP 429 or 5xx, "header not found") becomes L1Unavailable after the
retries are used up; what the endpoint understood and refused becomes L1Rejected at once, with its own words.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1.errors import L1Inconsistent, L1MethodMissing

Call = tuple[str, Sequence[Any]]
"""Method and positional parameters."""

_TEMPORARY_CODES: Final = frozenset({-32603, -32005, -32002, -32001, 429})
"""Internal error, limit exceeded, resource unavailable, resource not found, rate limited."""
_TEMPORARY_WORDS: Final = ("header not found", "unknown block", "block not found", "timeout", "timed out", "rate limit")
_METHOD_MISSING: Final = frozenset({-32601, -32004})


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLimits:
    """How much one question may cost us."""

    timeout: float = 10.0
    """Seconds for one HTTP exchange."""
    max_response_bytes: int = 64 * 1024 * 1024
    """Compressed bodies are not asked for: a few bytes could unfold into gigabytes."""
    max_batch: int = 100
    """Calls in one HTTP body; more are split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential waits between attempts; `jitter` spreads them so that many nodes don't return in step."""

    jitter: Callable[[], float]
    """Uniform in [0, 1): a wait lasts between half and all of its nominal length."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    attempts: int = 4
    first_wait: float = 0.2
    """Seconds."""
    longest_wait: float = 5.0
    """Seconds."""

    def wait_before(self, attempt: int) -> float:
        """Seconds to wait before attempt number `attempt`, where 1 is the first retry."""
        nominal = min(self.first_wait * 2.0 ** (attempt - 1), self.longest_wait)
        return nominal * (0.5 + 0.5 * self.jitter())


class JsonRpcTransport:
    """Questions to one endpoint. The HTTP client is the caller's, who also closes it."""

    def __init__(
        self, url: str, http: httpx.AsyncClient, *, retry: RetryPolicy, limits: TransportLimits | None = None
    ) -> None:
        self._url = url
        self._http = http
        self._retry = retry
        self._limits = limits or TransportLimits()
        self._last_id = 0

    async def call(self, method: str, *params: Any) -> Any:
        """The result of one call. Raises L1Unavailable, L1Rejected or L1MethodMissing."""
        return (await self._with_retries([(method, params)]))[0]

    async def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results in the order of `calls`; one that fails fails all."""
        results: list[Any] = []
        for start in range(0, len(calls), self._limits.max_batch):
            results += await self._with_retries(calls[start : start + self._limits.max_batch])
        return results

    async def _with_retries(self, calls: Sequence[Call]) -> list[Any]:
        attempt = 1
        while True:
            try:
                return await self._exchange(calls)
            except L1Unavailable:
                if attempt >= self._retry.attempts:
                    raise
                await self._retry.sleep(self._retry.wait_before(attempt))
                attempt += 1

    async def _exchange(self, calls: Sequence[Call]) -> list[Any]:
        first = self._last_id + 1
        self._last_id += len(calls)
        requests = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in enumerate(calls, first)
        ]
        body = await self._post(orjson.dumps(requests if len(requests) > 1 else requests[0]))
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise L1Unavailable(f"L1 endpoint answered no JSON: {error}") from error
        answers = _in_order(answer, first, len(calls))
        return [_result(one, method) for one, (method, _) in zip(answers, calls, strict=True)]

    async def _post(self, content: bytes) -> bytes:
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        try:
            async with self._http.stream(
                "POST", self._url, content=content, headers=headers, timeout=self._limits.timeout
            ) as response:
                body = await self._read_bounded(response)
        except httpx.TransportError as error:
            raise L1Unavailable(f"L1 endpoint did not answer: {type(error).__name__} {error}") from error
        except httpx.HTTPError as error:
            raise L1Rejected(f"L1 endpoint can't be asked: {type(error).__name__} {error}") from error
        status = response.status_code
        if status in (408, 425, 429) or status >= 500:
            raise L1Unavailable(f"L1 endpoint answered HTTP {status}")
        if status >= 300 and body.lstrip()[:1] not in (b"{", b"["):
            raise L1Rejected(f"L1 endpoint answered HTTP {status}")
        return body

    async def _read_bounded(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._limits.max_response_bytes:
                raise L1Rejected(f"L1 endpoint's answer is longer than {self._limits.max_response_bytes} bytes")
        return bytes(body)


def _in_order(answer: Any, first: int, count: int) -> list[dict[str, Any]]:
    """The answers sorted as they were asked: a batch may come back in any order."""
    if isinstance(answer, dict) and count > 1 and "error" in answer:
        return [answer] * count
    answers = answer if isinstance(answer, list) else [answer]
    by_id = {one.get("id"): one for one in answers if isinstance(one, dict)}
    wanted = range(first, first + count)
    if len(answers) != count or any(number not in by_id for number in wanted):
        raise L1Inconsistent(f"L1 endpoint answered other calls than it was asked: expected {count} answers")
    return [by_id[number] for number in wanted]


def _result(answer: dict[str, Any], method: str) -> Any:
    error = answer.get("error")
    if error is None:
        if "result" not in answer:
            raise L1Inconsistent(f"{method}: neither result nor error")
        return answer["result"]
    code = error.get("code") if isinstance(error, dict) else None
    message = str(error.get("message", "")) if isinstance(error, dict) else str(error)
    text = f"{method}: {message[:500]} ({code})"
    lowered = message.lower()
    if code in _METHOD_MISSING or "method not found" in lowered or "not whitelisted" in lowered:
        raise L1MethodMissing(text)
    reverted = "revert" in lowered
    if not reverted and (code in _TEMPORARY_CODES or any(words in lowered for words in _TEMPORARY_WORDS)):
        raise L1Unavailable(text)
    raise L1Rejected(text)
