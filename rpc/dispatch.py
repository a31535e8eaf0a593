"""From the bytes of a request to the bytes of its answer. Source: JSON-RPC 2.0, and geth where it says nothing.

    body ─ parse ─┬─ object: one call ─────────────▶ answer, or nothing for a notification
                  └─ array:  calls, one by one ────▶ answers in an array, each with its own error

Calls of a batch run in order, so that raw transactions sent in one batch reach the pool in nonce order.
"""

import asyncio
import time
import traceback
from typing import Any, Final

import orjson
import structlog

from rpc.begun import Begun
from rpc.context import Context
from rpc.errors import (
    INTERNAL_ERROR,
    InvalidRequest,
    LimitExceeded,
    ParseFailed,
    RateLimited,
    RequestTimedOut,
    RequestTooLarge,
    ResponseTooLarge,
)
from rpc.limits import CallObserver, Limits
from rpc.lookahead import prepare_transactions
from rpc.parameters.types import json_kind
from rpc.registry import Method, Registry
from rpc.views.hexadecimal import data
from state.errors import NodeError

log = structlog.get_logger(__name__)

_MISSING: Final = object()
SUBMITTING_METHOD: Final = "eth_sendRawTransaction"
SUBMISSION: Final = b'"eth_sendRawTransaction"'
TURN_SECONDS: Final = 0.002
"""How long the calls of one batch keep everybody else waiting; a round of the event loop costs as much as a call."""


class RequestSlots:
    """Bounds how many bodies are answered at once, and how many wait for that."""

    def __init__(self, limits: Limits, at_once: int | None = None) -> None:
        """`at_once`: bodies at once, `limits.concurrent_requests` unless it is given."""
        self._free: Final = asyncio.Semaphore(at_once or limits.concurrent_requests)
        self._most_waiting: Final = limits.waiting_requests
        self._waiting = 0

    async def __aenter__(self) -> None:
        """Waits for a slot and holds it. Raises LimitExceeded when too many wait already."""
        if self._waiting >= self._most_waiting:
            raise LimitExceeded("too many requests at once, try again later")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._free.release()


class Dispatcher:
    """Answers request bodies with one registry of methods."""

    def __init__(self, registry: Registry, limits: Limits, observe: CallObserver) -> None:
        self._registry: Final = registry
        self._limits: Final = limits
        self._observe: Final = observe
        self._slots: Final = RequestSlots(limits)
        self._submission_slots: Final = RequestSlots(limits, limits.concurrent_submissions)

    async def answer(self, body: bytes, context: Context) -> bytes | None:
        """The JSON to send back; None if the body holds notifications only. Raises nothing but cancellation."""
        try:
            if SUBMISSION in body:  # if it is nothing else, no slow question of others keeps it waiting
                async with self._submission_slots:
                    message = orjson.loads(body)
                    if _only_submits(message):
                        return await self._answer(message, context)
            async with self._slots:
                return await self._answer(orjson.loads(body), context)
        except orjson.JSONDecodeError as error:
            return failure(None, ParseFailed(f"parse error: {error.msg}"))
        except NodeError as error:
            return failure(None, error)

    async def _answer(self, message: object, context: Context) -> bytes | None:
        if context.charge is not None:
            calls = min(len(message), self._limits.batch_calls) if isinstance(message, list) else 1
            try:
                context.charge(calls)
            except RateLimited as error:
                return _refused(message, error, self._limits)
        if isinstance(message, list):
            return await self._answer_batch(message, context)
        answer = await self._answer_call(message, context)
        if answer is not None and len(answer) > self._limits.response_bytes:
            return failure(_id_of(message), ResponseTooLarge("response too large"))
        return answer

    async def _answer_batch(self, batch: list[object], context: Context) -> bytes | None:
        if not batch:
            raise InvalidRequest("empty batch")
        if len(batch) > self._limits.batch_calls:
            raise RequestTooLarge(f"batch too large: got {len(batch)} calls, at most {self._limits.batch_calls}")
        await prepare_transactions(batch, context)
        answers: list[bytes] = []
        size = 0
        began = turn = time.perf_counter()
        for call in batch:
            refusal = self._refusal(size, time.perf_counter() - began)
            if refusal is not None:
                answers.append(failure(_id_of(call), refusal))  # and it never runs
                continue
            answer = await self._answer_call(call, context)
            if answer is None:
                continue
            size += len(answer)
            if size > self._limits.response_bytes:
                answer = failure(_id_of(call), ResponseTooLarge("response too large"))
            answers.append(answer)
            if time.perf_counter() - turn > TURN_SECONDS:
                await asyncio.sleep(0)  # other connections get their turn between the calls of a batch
                turn = time.perf_counter()
        return b"[" + b",".join(answers) + b"]" if answers else None

    def _refusal(self, size: int, seconds: float) -> NodeError | None:
        """Why a batch that has given `size` bytes in `seconds` may run no further call."""
        if size > self._limits.response_bytes:
            return ResponseTooLarge("response too large")
        if seconds > self._limits.batch_seconds:
            return RequestTimedOut(f"batch timed out after {self._limits.batch_seconds:g} s")
        return None

    async def _answer_call(self, call: object, context: Context) -> bytes | None:
        try:
            call_id, name, params = _envelope(call)
        except InvalidRequest as error:
            return failure(_id_of(call), error)
        started = time.perf_counter()
        try:
            method = self._registry.find(name)
            result = await self._invoke(method, params, context)
            answer, code = success(call_id, result), 0
        except NodeError as error:
            answer, code = failure(call_id, error), error.rpc_code
        except Exception:  # a bug: the client is told no more than that, the log where it happened
            log.error("rpc.bug", method=name[:100], trace=traceback.format_exc())
            answer, code = _failure(call_id, INTERNAL_ERROR, "internal error"), INTERNAL_ERROR
        self._observe(name if name in self._registry else "unknown", time.perf_counter() - started, code)
        return None if call_id is _MISSING else answer

    async def _invoke(self, method: Method, params: object, context: Context) -> Any:
        arguments = method.bind(params)
        if not method.is_async:
            return method.handler(context, *arguments)
        begun: Begun[Any] = Begun(method.handler(context, *arguments))
        if begun.is_over:
            return begun.result
        deadline = asyncio.timeout(self._limits.call_seconds)
        try:
            async with deadline:
                return await begun
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise RequestTimedOut(f"request timed out after {self._limits.call_seconds:g} s") from error


def _only_submits(message: object) -> bool:
    calls = message if isinstance(message, list) else (message,)
    return all(isinstance(call, dict) and call.get("method") == SUBMITTING_METHOD for call in calls)


def _envelope(call: object) -> tuple[Any, str, object]:
    """(id, method, params) of a request object; the id is `_MISSING` for a notification."""
    if not isinstance(call, dict):
        raise InvalidRequest(f"invalid request: expected an object, got {json_kind(call)}")
    call_id = call.get("id", _MISSING)
    if isinstance(call_id, bool | list | dict):
        raise InvalidRequest(f"invalid request: id is no string or number but {json_kind(call_id)}")
    if call.get("jsonrpc") != "2.0":
        raise InvalidRequest('invalid request: jsonrpc is not "2.0"')
    name = call.get("method")
    if not isinstance(name, str):
        raise InvalidRequest("invalid request: method is missing or no string")
    return call_id, name, call.get("params")


def _refused(message: object, error: NodeError, limits: Limits) -> bytes:
    """The same error for each call of a body, so that a client on a WebSocket knows whose it is."""
    if isinstance(message, list) and 0 < len(message) <= limits.batch_calls:
        return b"[" + b",".join(failure(_id_of(call), error) for call in message) + b"]"
    return failure(_id_of(message), error)


def _id_of(call: object) -> Any:
    """The id of what may be no request at all, for its error."""
    call_id = call.get("id") if isinstance(call, dict) else None
    return None if isinstance(call_id, bool | list | dict) else call_id


def success(call_id: Any, result: Any) -> bytes:
    """A response with a result."""
    return orjson.dumps({"jsonrpc": "2.0", "id": None if call_id is _MISSING else call_id, "result": result})


def failure(call_id: Any, error: NodeError) -> bytes:
    """A response with an expected error: its code, its text and, if it carries any, its data."""
    details = getattr(error, "data", None)
    return _failure(call_id, error.rpc_code, str(error), data(details) if isinstance(details, bytes) else details)


def _failure(call_id: Any, code: int, message: str, details: Any = None) -> bytes:
    error: dict[str, Any] = {"code": code, "message": message}
    if details is not None:
        error["data"] = details
    return orjson.dumps({"jsonrpc": "2.0", "id": None if call_id is _MISSING else call_id, "error": error})


def notification(subscription_id: str, result: Any) -> bytes:
    """What a subscriber is sent."""
    params = {"subscription": subscription_id, "result": result}
    return orjson.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": params})
