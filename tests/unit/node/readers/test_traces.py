"""Traces in real reader processes: bounded in time and bytes, and the reader lives on."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from node.adapters.traces import ReaderTraces
from node.readers import ReaderPool
from rpc.trace_ports import TraceBounds
from state.execution.port import AccountOverride, BlockOverrides
from state.primitives.types import Hash32, Wei
from state.queries.errors import NotTraceable, TracingFailed
from state.tracing import TraceConfig, TraceTimedOut, TraceTooLarge
from tests.unit.node.readers.conftest import LOOP, REVERTER, STORE, GrowingChain, call

StartPool = Callable[..., Awaitable[ReaderPool]]
BOUNDS = TraceBounds(size=1 << 20, seconds=30.0)


async def _trace(traces: ReaderTraces, block: Hash32, message: Any, bounds: TraceBounds = BOUNDS, **asked: Any) -> Any:
    options = {"overrides": {}, "block_overrides": None, "transaction_index": None, "config": TraceConfig()} | asked
    config = options.pop("config")
    return json.loads(await traces.trace_call(block, message, config, bounds, **options))


@pytest.mark.parametrize("count", [0, 1])
async def test_a_call_is_traced_by_a_reader_or_here(chain: GrowingChain, start_pool: StartPool, count: int) -> None:
    traces = ReaderTraces(await start_pool(count=count))
    block = chain.grow(3).hash
    result = await _trace(traces, block, call(REVERTER), config=TraceConfig(tracer="callTracer"))
    assert (result["error"], result["output"]) == ("execution reverted", "0x" + f"{42:064x}")
    pretended = await _trace(
        traces,
        block,
        call(STORE, (1).to_bytes(32, "big")),
        overrides={STORE: AccountOverride(state_diff={1: 77})},
        block_overrides=BlockOverrides(number=9),
    )
    assert (pretended["returnValue"], pretended["failed"]) == ("0x" + f"{77:064x}", False)
    mux = TraceConfig(tracer="muxTracer", tracers={"4byteTracer": TraceConfig(tracer="4byteTracer")})
    assert await _trace(traces, block, call(STORE, b"1234"), config=mux) == {"4byteTracer": {"0x31323334-0": 1}}
    flat = json.loads(await traces.flat_call(block, call(REVERTER), BOUNDS))
    assert (flat["output"], flat["trace"][0]["error"]) == ("0x" + f"{42:064x}", "Reverted")


async def test_a_loop_ends_in_time_and_the_reader_lives_on(chain: GrowingChain, start_pool: StartPool) -> None:
    pool = await start_pool(cap_seconds=60.0)
    traces, block = ReaderTraces(pool), chain.grow().hash
    await _trace(traces, block, call(STORE))
    (reader,) = pool.process_ids
    bounds = TraceBounds(size=1 << 30, seconds=0.3)
    for tracer in ("", "callTracer", "noopTracer"):
        with pytest.raises(TraceTimedOut):
            await _trace(traces, block, call(LOOP, gas=2**40), bounds, config=TraceConfig(tracer=tracer))
    assert not (await _trace(traces, block, call(STORE)))["failed"]
    assert pool.process_ids == (reader,)


async def test_a_trace_that_grows_too_large_ends_and_the_reader_lives_on(
    chain: GrowingChain, start_pool: StartPool
) -> None:
    pool = await start_pool(cap_seconds=60.0)
    traces, block = ReaderTraces(pool), chain.grow().hash
    with pytest.raises(TraceTooLarge, match="over 10000 bytes"):
        await _trace(traces, block, call(LOOP), TraceBounds(size=10_000, seconds=30.0))
    (reader,) = pool.process_ids
    assert not (await _trace(traces, block, call(STORE)))["failed"]
    assert pool.process_ids == (reader,)


async def test_what_can_not_be_run_again_is_refused_with_its_reason(chain: GrowingChain, start_pool: StartPool) -> None:
    traces = ReaderTraces(await start_pool())
    genesis, block = chain.records[0].hash, chain.grow().hash
    with pytest.raises(NotTraceable, match="^genesis is not traceable$"):
        await traces.trace_block(genesis, TraceConfig(), BOUNDS)
    with pytest.raises(TracingFailed, match="^tracing failed: insufficient funds"):
        await _trace(traces, block, replace(call(STORE), value=Wei(10**30)))
    with pytest.raises(NotTraceable, match="transaction index 5 out of range"):
        await _trace(traces, block, call(STORE), transaction_index=5)
