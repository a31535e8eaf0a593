"""debug_trace* and trace_*: which block and transaction is asked about, with which bounds; answers are passed on."""

import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rpc.limits import Limits
from rpc.server import RpcServer
from rpc.trace_ports import TraceBounds
from state.execution.port import BlockOverrides
from state.tracing import TraceConfig, TraceTimedOut, TraceTooLarge
from tests.unit.rpc.conftest import Client, open_http
from tests.unit.rpc.fake_chain import CONTRACT, SENDER, FakeChain

TO = "0x" + CONTRACT.hex()


@dataclasses.dataclass
class FakeTraces:
    """Answers with what it was asked; a flat trace is one for each number in `matches`, for every block."""

    asked: list[tuple[str, dict[str, Any]]] = dataclasses.field(default_factory=list)
    matches: int = 2
    failure: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        async def ask(*arguments: Any, **options: Any) -> Any:
            self.asked.append((name, {str(index): value for index, value in enumerate(arguments)} | options))
            if self.failure is not None:
                raise self.failure
            if name == "flat_traces":
                block = arguments[0].hex()[:4]
                return [
                    json.dumps({"block": block, "traceAddress": [n] if n else []}).encode() for n in range(self.matches)
                ]
            return b'{"answered":"' + name.encode() + b'"}'

        return ask


@pytest.fixture
def traces() -> FakeTraces:
    return FakeTraces()


@pytest.fixture
async def client(chain: FakeChain, traces: FakeTraces) -> AsyncIterator[Client]:
    limits = Limits(trace_bytes=5_000, trace_seconds=4.0, trace_blocks=2, storage_slots=10)
    server = RpcServer(dataclasses.replace(chain.ports, traces=traces), limits=limits)
    async with open_http() as http:
        yield Client(await server.start("127.0.0.1", 0), http)
    await server.stop()


def _hash(chain: FakeChain, number: int) -> str:
    return "0x" + chain.canonical[number].hex()


def _transaction(chain: FakeChain, index: int) -> str:
    return "0x" + chain.views[chain.canonical[1]].transaction_hashes[index].hex()


async def test_a_transaction_is_traced_where_the_chain_has_it(
    client: Client, chain: FakeChain, traces: FakeTraces
) -> None:
    for config in ([], [None], [{}]):
        assert await client.call("debug_traceTransaction", _transaction(chain, 3), *config) == {
            "answered": "trace_transaction"
        }
    bounds = TraceBounds(size=5_000, seconds=4.0)
    assert (
        traces.asked == [("trace_transaction", {"0": chain.canonical[1], "1": 3, "2": TraceConfig(), "3": bounds})] * 3
    )


async def test_a_timeout_shortens_the_time_and_never_lengthens_it(
    client: Client, chain: FakeChain, traces: FakeTraces
) -> None:
    for timeout in ("300ms", "1h"):
        await client.call(
            "debug_traceTransaction", _transaction(chain, 0), {"timeout": timeout, "tracer": "callTracer"}
        )
    assert [arguments["3"].seconds for _, arguments in traces.asked] == [0.3, 4.0]
    assert {arguments["2"].tracer for _, arguments in traces.asked} == {"callTracer"}


async def test_what_the_chain_does_not_have_is_not_traced(client: Client, traces: FakeTraces) -> None:
    nowhere = "0x" + "de" * 32
    assert await client.error("debug_traceTransaction", nowhere) == {"code": -32000, "message": "transaction not found"}
    assert (await client.error("trace_transaction", nowhere))["message"] == "transaction not found"
    for method, block, shown in (
        ("debug_traceBlockByHash", nowhere, nowhere),
        ("debug_traceBlockByNumber", "0xff", "#255"),
    ):
        assert await client.error(method, block) == {"code": -32000, "message": f"block {shown} not found"}
    pending = await client.error("debug_traceBlockByNumber", "pending")
    assert pending["message"] == "tracing on top of pending is not supported"
    assert traces.asked == []


async def test_blocks_are_traced_by_number_hash_and_bytes(client: Client, chain: FakeChain, traces: FakeTraces) -> None:
    await client.call("debug_traceBlockByNumber", "latest", {"tracer": "noopTracer"})
    await client.call("debug_traceBlockByHash", _hash(chain, 1), None)
    raw = await client.call("debug_getRawBlock", "0x1")
    await client.call("debug_traceBlock", raw)
    assert [(name, arguments["0"]) for name, arguments in traces.asked] == [
        ("trace_block", chain.canonical[2]),
        ("trace_block", chain.canonical[1]),
        ("trace_raw_block", bytes.fromhex(raw[2:])),
    ]


async def test_a_call_is_traced_with_what_it_pretends(client: Client, chain: FakeChain, traces: FakeTraces) -> None:
    config = {"stateOverrides": {TO: {"code": "0x00"}}, "blockOverrides": {"number": "0x9"}, "txIndex": "0x1"}
    await client.call("debug_traceCall", {"to": TO, "gas": hex(2**63)}, _hash(chain, 1), config)
    await client.call("debug_traceCall", {"from": "0x" + SENDER.hex(), "to": TO})
    (_, first), (_, second) = traces.asked
    assert (first["0"], first["1"].to, first["1"].gas_limit) == (chain.canonical[1], CONTRACT, 50_000_000)
    assert (first["overrides"][CONTRACT].code, first["block_overrides"]) == (b"\0", BlockOverrides(number=9))
    assert (first["transaction_index"], second["transaction_index"]) == (1, None)
    assert (second["0"], second["1"].sender) == (chain.canonical[2], SENDER)


@pytest.mark.parametrize("failure", [TraceTooLarge("trace too large"), TraceTimedOut("execution timeout")])
async def test_a_bound_that_is_reached_is_an_error_with_its_own_code(
    client: Client, chain: FakeChain, traces: FakeTraces, failure: TraceTooLarge | TraceTimedOut
) -> None:
    traces.failure = failure
    error = await client.error("debug_traceTransaction", _transaction(chain, 0))
    assert error == {"code": failure.rpc_code, "message": str(failure)}
    assert error["code"] != -32603


async def test_an_unknown_tracer_is_an_invalid_parameter(client: Client, chain: FakeChain) -> None:
    error = await client.error("debug_traceTransaction", _transaction(chain, 0), {"tracer": "x"})
    assert error["code"] == -32602
    assert error["message"].startswith('invalid argument 1: config: tracer: no tracer "x"')


async def test_storage_is_listed_with_bounded_results(client: Client, chain: FakeChain, traces: FakeTraces) -> None:
    await client.call("debug_storageRangeAt", _hash(chain, 1), 2, TO, "0x01", 3)
    await client.call("debug_storageRangeAt", "latest", "0x0", TO, "0x", 100_000)
    assert [list(arguments.values())[:5] for _, arguments in traces.asked] == [
        [chain.canonical[1], 2, CONTRACT, b"\x01", 3],
        [chain.canonical[2], 0, CONTRACT, b"", 10],
    ]
    error = await client.error("debug_storageRangeAt", "latest", 0, TO, "0x" + "00" * 33, 1)
    assert (error["code"], "start" in error["message"]) == (-32602, True)


async def test_parity_s_traces_of_a_block_a_transaction_and_a_path(
    client: Client, chain: FakeChain, traces: FakeTraces
) -> None:
    assert len(await client.call("trace_block", "latest")) == 2
    assert len(await client.call("trace_transaction", _transaction(chain, 4))) == 2
    assert (await client.call("trace_get", _transaction(chain, 4), ["0x1"]))["traceAddress"] == [1]
    assert await client.call("trace_get", _transaction(chain, 4), [7]) is None
    assert [arguments.get("indexes") for _, arguments in traces.asked] == [None, [4], [4], [4]]


async def test_calls_and_replays_have_the_one_kind_that_there_is(
    client: Client, chain: FakeChain, traces: FakeTraces
) -> None:
    assert await client.call("trace_call", {"to": TO}, ["trace"], "latest") == {"answered": "flat_call"}
    assert await client.call("trace_replayTransaction", _transaction(chain, 1), ["trace"]) == {
        "answered": "flat_replay"
    }
    assert (await client.error("trace_call", {"to": TO}, ["vmTrace"]))["code"] == -32602


@pytest.mark.parametrize(
    ("given", "blocks"),
    [({}, [2, 2]), ({"fromBlock": "0x1"}, [1, 1, 2, 2]), ({"fromBlock": "0x1", "after": 1}, [1, 2, 2])],
)
async def test_filter_walks_the_blocks_in_order(
    client: Client, chain: FakeChain, given: dict[str, Any], blocks: list[int]
) -> None:
    answer = await client.call("trace_filter", given)
    assert [trace["block"] for trace in answer] == [chain.canonical[number].hex()[:4] for number in blocks]


async def test_filter_stops_when_it_has_enough(client: Client, traces: FakeTraces) -> None:
    assert len(await client.call("trace_filter", {"fromBlock": "0x1", "count": 1})) == 1
    assert len(traces.asked) == 1
    assert len(await client.call("trace_filter", {"fromBlock": "0x1", "after": 1, "count": 2})) == 2
    assert await client.call("trace_filter", {"fromBlock": "0x1", "after": 9}) == []


async def test_filter_is_bounded_by_blocks_and_bytes(client: Client, traces: FakeTraces) -> None:
    error = await client.error("trace_filter", {"fromBlock": "earliest"})
    assert error == {"code": -32005, "message": "block range too large: got 3, expected at most 2"}
    assert (await client.error("trace_filter", {"fromBlock": "latest", "toBlock": "0x1"}))["code"] == -32602
    traces.matches = 1_000
    assert (await client.error("trace_filter", {}))["message"].startswith("too many traces")


async def test_a_server_without_traces_says_so(chain: FakeChain) -> None:
    server = RpcServer(chain.ports)
    async with open_http() as http:
        client = Client(await server.start("127.0.0.1", 0), http)
        error = await client.error("trace_block", "latest")
    await server.stop()
    assert error == {"code": -32601, "message": "this server doesn't trace"}
