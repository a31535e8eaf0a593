"""etcd's key-value store and leases, by its JSON gateway (`/v3/…`; etcd 3.4 and later).

Endpoints are asked in turn, beginning with the one that answered last, each with a short time-out. A call that raises
EtcdUnavailable may have happened all the same: who writes must be able to find out. Reads are linearizable: without a
majority of members nothing is answered.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import httpx
import orjson

from node.conductor.errors import EtcdRefused, EtcdUnavailable

JsonObject: TypeAlias = dict[str, Any]

ATTEMPT_SECONDS: Final = 0.5
"""For one endpoint to answer: a member that hangs must not cost a lease of two seconds."""
MAX_ANSWER: Final = 4 << 20
"""Bytes. The largest value that we write is a MiB, and comes back in base64."""
MAX_REASON: Final = 200
_TRY_ANOTHER: Final = {4, 8, 14}
"""gRPC's codes for a deadline, for too many requests, and for being unavailable: another member may do it."""
_NEW_TOKEN: Final = 16
"""gRPC's code for being unauthenticated: tokens expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValue:
    """One key as it is now."""

    key: bytes
    value: bytes
    create_revision: int
    mod_revision: int
    lease: int
    """0: bound to none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """A condition of a transaction: a key's revision. 0 is that of a key which isn't there."""

    key: bytes
    create_revision: int | None = None
    mod_revision: int | None = None

    def to_json(self) -> JsonObject:
        if self.create_revision is not None:
            target = {"target": "CREATE", "create_revision": str(self.create_revision)}
        else:
            target = {"target": "MOD", "mod_revision": str(self.mod_revision)}
        return {"key": _text(self.key), "result": "EQUAL", **target}


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Writes a key; with a lease it goes when that does."""

    key: bytes
    value: bytes
    lease: int = 0

    def to_json(self) -> JsonObject:
        body = {"key": _text(self.key), "value": _text(self.value), "lease": str(self.lease)}
        return {"requestPut": body}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRange:
    """Deletes the keys from `first` to before `end`."""

    first: bytes
    end: bytes

    def to_json(self) -> JsonObject:
        return {"requestDeleteRange": {"key": _text(self.first), "range_end": _text(self.end)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """Reads one key."""

    key: bytes

    def to_json(self) -> JsonObject:
        return {"requestRange": {"key": _text(self.key)}}


Operation: TypeAlias = Put | DeleteRange | Get


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnResult:
    """What a transaction did."""

    succeeded: bool
    """All conditions held: the first list of operations was carried out; else the second."""
    revision: int
    """Of the whole store, after it: that of every key which it wrote."""
    found: tuple[KeyValue | None, ...]
    """For each Get of the list that was carried out, in order."""


class EtcdClient:
    """A client of one etcd cluster."""

    def __init__(
        self,
        endpoints: Sequence[str],
        http: httpx.AsyncClient,
        *,
        attempt_seconds: float = ATTEMPT_SECONDS,
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        """`endpoints` are URLs, at least one. With `user` and `password` it authenticates at its first call."""
        self._endpoints = [endpoint.rstrip("/") for endpoint in endpoints]
        self._http = http
        self._seconds = attempt_seconds
        self._credentials = None if user is None else {"name": user, "password": password or ""}
        self._token: str | None = None
        self.endpoint = self._endpoints[0]
        """The one that answered last."""

    # -- leases ----------------------------------------------------------------------------------------------

    async def grant_lease(self, seconds: int) -> tuple[int, int]:
        """A new lease's id, and its time to live in seconds, which etcd may have raised to its least."""
        answer = await self._call("lease/grant", {"TTL": str(seconds)})
        return _int(answer, "ID"), _int(answer, "TTL")

    async def keep_alive(self, lease: int) -> int:
        """Seconds that the lease lives on from now; 0 for one that has ended."""
        answer = await self._call("lease/keepalive", {"ID": str(lease)})
        result = answer.get("result")
        return _int(result, "TTL") if isinstance(result, dict) else 0

    async def revoke_lease(self, lease: int) -> None:
        """End a lease, and with it the keys that are bound to it. One that has ended already is fine."""
        try:
            await self._call("lease/revoke", {"ID": str(lease)})
        except EtcdRefused as error:
            if "lease not found" not in str(error):
                raise

    # -- keys ------------------------------------------------------------------------------------------------

    async def get(self, key: bytes) -> KeyValue | None:
        """One key."""
        answer = await self._call("kv/range", {"key": _text(key)})
        return _first(answer)

    async def put(self, key: bytes, value: bytes) -> None:
        """Write one key, whatever was there."""
        await self._call("kv/put", {"key": _text(key), "value": _text(value)})

    async def transact(
        self, compares: Sequence[Compare], success: Sequence[Operation], failure: Sequence[Operation] = ()
    ) -> TxnResult:
        """Carry out one of the lists at once, by whether all conditions hold."""
        body = {
            "compare": [compare.to_json() for compare in compares],
            "success": [operation.to_json() for operation in success],
            "failure": [operation.to_json() for operation in failure],
        }
        answer = await self._call("kv/txn", body)
        responses = answer.get("responses", [])
        if not isinstance(responses, list):
            raise EtcdRefused("etcd answered a transaction without its responses")
        ranges = [one.get("response_range") for one in responses if isinstance(one, dict) and "response_range" in one]
        return TxnResult(
            succeeded=answer.get("succeeded") is True,
            revision=_int(answer.get("header"), "revision"),
            found=tuple(_first(one) for one in ranges),
        )

    async def compact(self, revision: int) -> None:
        """Let etcd forget what keys were before `revision`; one that is compacted already is fine."""
        try:
            await self._call("kv/compaction", {"revision": str(revision)})
        except EtcdRefused as error:
            if "compacted" not in str(error):
                raise

    # -- calls -----------------------------------------------------------------------------------------------

    async def _call(self, path: str, body: Mapping[str, Any]) -> JsonObject:
        """The answer of the first endpoint that gives one. Raises EtcdUnavailable or EtcdRefused."""
        failures = []
        first = self._endpoints.index(self.endpoint)
        for endpoint in self._endpoints[first:] + self._endpoints[:first]:
            try:
                answer = await self._ask(endpoint, path, body)
            except EtcdUnavailable as error:
                failures.append(f"{endpoint}: {error}")
                continue
            self.endpoint = endpoint
            return answer
        raise EtcdUnavailable(f"etcd does not answer ({'; '.join(failures)})")

    async def _ask(self, endpoint: str, path: str, body: Mapping[str, Any]) -> JsonObject:
        if self._credentials is not None and self._token is None:
            await self._authenticate(endpoint)
        status, answer = await self._post(endpoint, path, body)
        if status != 200 and answer.get("code") == _NEW_TOKEN and self._credentials is not None:
            await self._authenticate(endpoint)
            status, answer = await self._post(endpoint, path, body)
        return _accepted(status, answer)

    async def _authenticate(self, endpoint: str) -> None:
        self._token = None
        status, answer = await self._post(endpoint, "auth/authenticate", self._credentials or {})
        token = _accepted(status, answer).get("token")
        self._token = token if isinstance(token, str) else None

    async def _post(self, endpoint: str, path: str, body: Mapping[str, Any]) -> tuple[int, JsonObject]:
        headers = {} if self._token is None else {"Authorization": self._token}
        content = orjson.dumps(body)
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._http.stream("POST", f"{endpoint}/v3/{path}", content=content, headers=headers) as response,
            ):
                data = bytearray()
                async for piece in response.aiter_bytes():
                    data += piece
                    if len(data) > MAX_ANSWER:
                        raise EtcdRefused(f"{endpoint} answers with more than {MAX_ANSWER} bytes")
                status = response.status_code
        except TimeoutError as error:
            raise EtcdUnavailable(f"no answer within {self._seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EtcdUnavailable(str(error) or type(error).__name__) from error
        return status, _json(bytes(data))


def _accepted(status: int, answer: JsonObject) -> JsonObject:
    if status == 200 and "error" not in answer:
        return answer
    found = answer.get("error")
    reason = str(found.get("message") if isinstance(found, dict) else found)[:MAX_REASON]
    code = answer.get("code")
    if code in _TRY_ANOTHER or (status >= 500 and code is None) or "no leader" in reason:
        raise EtcdUnavailable(reason)
    raise EtcdRefused(f"etcd refuses: {reason} (HTTP status {status})")


def _json(data: bytes) -> JsonObject:
    """The object that an endpoint answered; a stream's first one."""
    try:
        found = orjson.loads(data)  # which bounds the depth, too
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise EtcdUnavailable("the answer is no JSON object: is this etcd's client port?")
    return found


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _bytes(text: object) -> bytes:
    try:
        return b64decode(text) if isinstance(text, str) else b""
    except ValueError as error:
        raise EtcdUnavailable("the answer has a value that is no base64") from error


def _int(answer: object, name: str) -> int:
    """A number, which the gateway writes as text and leaves out when it is 0."""
    found = answer.get(name, 0) if isinstance(answer, dict) else 0
    try:
        return int(found)
    except (TypeError, ValueError) as error:
        raise EtcdUnavailable(f"the answer's {name} is no number") from error


def _first(answer: object) -> KeyValue | None:
    found = answer.get("kvs") if isinstance(answer, dict) else None
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        return None
    one = found[0]
    return KeyValue(
        key=_bytes(one.get("key")),
        value=_bytes(one.get("value")),
        create_revision=_int(one, "create_revision"),
        mod_revision=_int(one, "mod_revision"),
        lease=_int(one, "lease"),
    )
