"""Requests that were good once, and what may be answered to what has become of them."""

import copy
import json
import math
import random
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from tests.hostile.target import Target, call

PARSE, INVALID, METHOD, PARAMS = -32700, -32600, -32601, -32602
RUN: Final = frozenset({0, PARAMS, 3, 4, 5, 6, -32000, -32002, -32003, -32005})
"""What a method of the server may answer, eth_simulateV1's own codes (-38xxx) apart."""
SUBSCRIPTIONS: Final = frozenset({"eth_subscribe", "eth_unsubscribe"})
A, HASH = "0x" + "11" * 20, "0x" + "22" * 32

WEIRD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63), 1.5, 1e300, "", "0x", "0x0", "0x00", "0X1", "1",
    "-0x1", "latest", "pending", "earliest", "0x" + "f" * 16, "0x" + "f" * 64, "0x" + "f" * 65, "0x" + "0" * 40, A,
    HASH,
    "0x" + "ff" * 5_000, "é", "\u202e", "\0", "x" * 5_000, [], [[]], [None], {}, {"": None}, {"to": A}, [A] * 50,
    {"blockHash": HASH}, {"blockNumber": "0x1"}, {"fromBlock": "0x0", "toBlock": "latest"}, [[[[[[[[]]]]]]]],
)  # fmt: skip


def corpus(target: Target) -> list[Any]:
    """Good requests of every kind, on blocks and transactions that exist."""
    target.wait_for_a_block()  # genesis has no transactions
    block = target.result("eth_getBlockByNumber", "latest", True)
    block_hash, transaction = block["hash"], block["transactions"][0]["hash"]
    account = target.devnet.description["accounts"][0]["address"]
    message = {"from": account, "to": A, "value": "0x1", "gas": "0x5208", "data": "0x"}
    logs = {"fromBlock": "0x0", "toBlock": "latest", "address": A, "topics": [HASH, None, [HASH]]}
    listed = message | {"accessList": [{"address": A, "storageKeys": [HASH]}]}
    overrides = {A: {"balance": "0x1", "code": "0x5f5ff3", "stateDiff": {HASH: HASH}}}
    raw = target.result("eth_getRawTransactionByHash", transaction)
    requests = [
        call("eth_chainId"), call("net_version"), call("web3_clientVersion"), call("web3_sha3", "0x1234"),
        call("eth_blockNumber"), call("eth_syncing"), call("eth_gasPrice"), call("eth_maxPriorityFeePerGas"),
        call("eth_feeHistory", "0x5", "latest", [10, 50.5, 90]), call("eth_getBalance", account, "latest"),
        call("eth_getTransactionCount", account, "pending"), call("eth_getCode", A, {"blockHash": block_hash}),
        call("eth_getStorageAt", A, "0x0", "latest"), call("eth_getProof", account, ["0x0", HASH], "latest"),
        call("eth_call", message, "latest"), call("eth_call", listed, "latest", overrides),
        call("eth_call", message, "latest", {}, {"number": "0x1", "time": "0x1"}), call("eth_estimateGas", message),
        call("eth_createAccessList", message, "latest"), call("eth_getLogs", logs), call("eth_newFilter", logs),
        call("eth_getFilterChanges", "0x1"), call("eth_uninstallFilter", "0x1"), call("eth_newBlockFilter"),
        call("eth_getBlockByNumber", "latest", True), call("eth_getBlockByHash", block_hash, False),
        call("eth_getBlockReceipts", block_hash), call("eth_getTransactionByHash", transaction),
        call("eth_getTransactionReceipt", transaction), call("eth_getRawTransactionByHash", transaction),
        call("eth_getTransactionByBlockHashAndIndex", block_hash, "0x0"),
        call("eth_sendRawTransaction", raw), call("eth_sendRawTransactionSync", raw, 1),
        call("eth_simulateV1", {"blockStateCalls": [{"calls": [message], "stateOverrides": overrides}]}, "latest"),
        call("debug_traceTransaction", transaction, {"tracer": "callTracer", "tracerConfig": {"withLog": True}}),
        call("debug_traceCall", message, "latest", {"tracer": "prestateTracer", "stateOverrides": overrides}),
        call("debug_getRawBlock", "latest"), call("trace_block", "latest"), call("trace_transaction", transaction),
        call("trace_filter", {"fromBlock": "0x0", "toBlock": "0x5", "count": 3}), call("txpool_status"),
        call("txpool_content"), call("txpool_contentFrom", account), call("optimism_syncStatus"),
        call("optimism_outputAtBlock", "0x1"), call("eth_subscribe", "newHeads"), call("eth_accounts"),
    ]  # fmt: skip
    return [*requests, requests[:5], requests[5:40:3]]


def damaged(rng: random.Random, good: list[Any]) -> bytes:
    """One good request or batch, with one to three faults in its values or its bytes."""
    message = json.loads(json.dumps(rng.choice(good)))
    if rng.random() < 0.6:
        for _ in range(rng.randint(1, 3)):
            message = _with_a_weird_value(rng, message)
    body = json.dumps(message, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")
    if rng.random() < 0.6:
        for _ in range(rng.randint(1, 3)):
            body = _with_damaged_bytes(rng, body)
    return body


def _with_a_weird_value(rng: random.Random, message: Any) -> Any:
    places = list(_places(message))
    if not places:
        return _weird(rng)
    container, key = rng.choice(places)
    kind = rng.random()
    if kind < 0.7:
        container[key] = _weird(rng)
    elif kind < 0.85:
        del container[key]
    elif isinstance(container, list):
        container.insert(key, _weird(rng))
    else:
        container[rng.choice(["from", "gas", "params", "id", "", "blockHash"])] = copy.deepcopy(container[key])
    return message


def _weird(rng: random.Random) -> Any:
    """A value of its own: what is damaged next must not hold itself."""
    return copy.deepcopy(rng.choice(WEIRD))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything inside of `value`."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _with_damaged_bytes(rng: random.Random, body: bytes) -> bytes:
    first = rng.randrange(len(body) + 1)
    last = min(len(body), first + rng.randint(1, 12))
    kind = rng.randrange(6)
    if kind == 0:
        return body[:first] + rng.randbytes(1) + body[first + 1 :]
    if kind == 1:
        return body[:first] + body[last:]
    if kind == 2:
        return body[:last] + body[first:]
    if kind == 3:
        return body[:first] + rng.randbytes(rng.randint(1, 8)) + body[first:]
    if kind == 4:
        return body[:first]
    return body[:first] + bytes([rng.choice(b'{}[]",:0x\\ ')]) + body[first:]


def allowed_codes(body: bytes, methods: frozenset[str]) -> frozenset[int] | list[frozenset[int]]:
    """What the answer's code may be; of a batch, each answer's, notifications left out."""
    try:
        message = json.loads(body.decode(), parse_constant=_no_number, parse_float=_double, parse_int=_integer)
    except (ValueError, RecursionError):
        return frozenset({PARSE})
    if not isinstance(message, list):
        return _of_call(message, methods) | _surrogates(body)
    if not message or _surrogates(body):
        return frozenset({INVALID}) | _surrogates(body)
    return [_of_call(one, methods) for one in message if not _is_notification(one)]


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _double(text: str) -> float:
    """A number that no double holds is refused, as RFC 8259 allows in section 6."""
    return float(text) if math.isfinite(float(text)) else _no_number(text)


def _integer(text: str) -> int:
    _double(text)
    return int(text)


def _surrogates(body: bytes) -> frozenset[int]:
    """Half a surrogate pair is JSON to Python, but no text (RFC 8259, section 8.2)."""
    return frozenset({PARSE}) if b"\\ud" in body.lower() else frozenset()


def _is_notification(message: Any) -> bool:
    """A valid request without an id."""
    return (
        isinstance(message, dict)
        and "id" not in message
        and message.get("jsonrpc") == "2.0"
        and isinstance(message.get("method"), str)
    )


def _of_call(message: Any, methods: frozenset[str]) -> frozenset[int]:
    if (
        not isinstance(message, dict)
        or isinstance(message.get("id"), bool | list | dict)
        or message.get("jsonrpc") != "2.0"
        or not isinstance(message.get("method"), str)
    ):
        return frozenset({INVALID})
    name = message["method"]
    if name not in methods:
        return frozenset({METHOD})
    if not isinstance(message.get("params"), list | None):
        return frozenset({PARAMS})
    return RUN | {METHOD} if name in SUBSCRIPTIONS else RUN
