"""Whatever is sent, the answer is JSON-RPC, never an internal error, and the server goes on."""

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpc.dispatch import Dispatcher
from rpc.errors import INTERNAL_ERROR
from rpc.limits import Limits
from rpc.server import RpcServer
from tests.unit.rpc.fake_chain import BROKEN, CONTRACT, FakeChain, all_types

CHAIN = FakeChain()
CHAIN.append(all_types(), logs=2)
BLOCK = CHAIN.views[CHAIN.canonical[1]]
SERVER = RpcServer(CHAIN.ports, limits=Limits(filters=50))
DISPATCHER = Dispatcher(SERVER.registry, Limits(), lambda *_: None)
METHODS = [method.name for method in SERVER.registry]

hexadecimal = st.one_of(
    st.integers(0, 2**70).map(hex),
    st.binary(max_size=40).map(lambda raw: "0x" + raw.hex()),
    st.sampled_from(
        ["0x" + raw.hex() for raw in (CONTRACT, BLOCK.hash, *BLOCK.transaction_hashes, *BLOCK.transactions)]
    ),
    st.sampled_from(["latest", "pending", "safe", "finalized", "earliest", "newHeads", "logs", "0x", ""]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    hexadecimal,
)
keys = st.one_of(
    st.sampled_from(["from", "to", "gas", "value", "data", "input", "accessList", "authorizationList"]),
    st.sampled_from(["fromBlock", "toBlock", "address", "topics", "blockHash", "blockNumber"]),
    st.sampled_from(["code", "stateDiff", "state", "balance", "0x" + CONTRACT.hex()]),
    st.text(max_size=5),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
calls = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "id": st.integers(), "method": st.sampled_from(METHODS)},
    optional={"params": st.lists(values, max_size=4)},
)


def _answer(body: bytes) -> Any:
    async def run() -> bytes | None:
        return await DISPATCHER.answer(body, SERVER.context())

    answer = asyncio.run(run())
    return None if answer is None else json.loads(answer)


def _check(answer: Any) -> None:
    for entry in answer if isinstance(answer, list) else [answer]:
        if entry is None:
            continue
        assert entry["jsonrpc"] == "2.0"
        assert ("result" in entry) != ("error" in entry)
        assert entry.get("error", {}).get("code") != INTERNAL_ERROR, entry


def _is_safe(call: Any) -> bool:
    """The fake's own planted bug is left out."""
    return BROKEN.hex() not in json.dumps(call)


@settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls.filter(_is_safe))
def test_no_parameters_at_all_make_an_internal_error(call: dict[str, Any]) -> None:
    _check(_answer(json.dumps(call).encode()))


@settings(max_examples=500, deadline=None)
@given(st.one_of(values, st.lists(st.one_of(calls, values), max_size=5)).filter(_is_safe))
def test_no_json_at_all_makes_an_internal_error(message: Any) -> None:
    _check(_answer(json.dumps(message).encode()))


@settings(max_examples=500, deadline=None)
@given(calls, st.data())
def test_no_damaged_bytes_make_an_internal_error(call: dict[str, Any], data: st.DataObject) -> None:
    body = bytearray(json.dumps(call).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    _check(_answer(bytes(body)))
