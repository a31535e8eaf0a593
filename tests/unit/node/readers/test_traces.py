"""Traces in real reader processes: bounded in time and bytes, and the reader lives on."""

import asyncio
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
BOUNDS = TraceBounds(size=1 << 20, seconds=100.0)
NOOP = TraceConfig(tracer="noopTracer")


async def _trace(traces: ReaderTraces, block: Hash32, message: Any, bounds: TraceBounds = BOUNDS, **asked: Any) -> Any:
    options = {"overrides": {}, "block_overrides": None, "transaction_index": None, "config": TraceConfig()} | asked
    config = options.pop("config")
    return json.loads(await traces.trace_call(block, message, config, bounds, **options))


@pytest.mark.parametrize("count", [0, 1])
async def test_a_call_is_traced_by_a_reader_or_here(chain: GrowingChain, start_pool: StartPool, count: int) -> None:
    traces = ReaderTraces(await start_pool(count=count, cap_seconds=120.0))
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


async def _warm(pool: ReaderPool, block: Hash32) -> ReaderTraces:
    """Traces that have their own process by now."""
    traces = ReaderTraces(pool)
    await _trace(traces, block, call(STORE))
    async with asyncio.timeout(120):
        while len(pool.process_ids) < 2:  # noqa: ASYNC110 - another process, whose begin nobody announces
            await asyncio.sleep(0.05)
    return traces


async def test_a_loop_ends_in_time_and_the_reader_lives_on(chain: GrowingChain, start_pool: StartPool) -> None:
    pool, block = await start_pool(cap_seconds=120.0), chain.grow().hash
    traces = await _warm(pool, block)
    processes = pool.process_ids
    bounds = TraceBounds(size=1 << 30, seconds=0.3)
    for tracer in ("", "callTracer", "noopTracer"):
        with pytest.raises(TraceTimedOut):
            await _trace(traces, block, call(LOOP, gas=2**40), bounds, config=TraceConfig(tracer=tracer))
    assert not (await _trace(traces, block, call(STORE)))["failed"]
    assert pool.process_ids == processes


async def test_nothing_waits_behind_a_trace(chain: GrowingChain, start_pool: StartPool) -> None:
    pool, block = await start_pool(cap_seconds=600.0), chain.grow().hash
    traces = await _warm(pool, block)
    bounds = TraceBounds(size=1 << 60, seconds=500.0)
    endless = asyncio.create_task(_trace(traces, block, call(LOOP, gas=2**60), bounds, config=NOOP))
    outcome = await pool.query("call", {"block_hash": chain.grow().hash, "message": call(STORE, b"")})
    assert outcome.succeeded
    assert not endless.done()
    endless.cancel()


async def test_a_trace_that_grows_too_large_ends_and_the_reader_lives_on(
    chain: GrowingChain, start_pool: StartPool
) -> None:
    pool, block = await start_pool(cap_seconds=120.0), chain.grow().hash
    traces = await _warm(pool, block)
    processes = pool.process_ids
    with pytest.raises(TraceTooLarge, match="over 10000 bytes"):
        await _trace(traces, block, call(LOOP), TraceBounds(size=10_000, seconds=100.0))
    assert not (await _trace(traces, block, call(STORE)))["failed"]
    assert pool.process_ids == processes


async def test_what_can_not_be_run_again_is_refused_with_its_reason(chain: GrowingChain, start_pool: StartPool) -> None:
    traces = ReaderTraces(await start_pool(cap_seconds=120.0))
    genesis, block = chain.records[0].hash, chain.grow().hash
    with pytest.raises(NotTraceable, match="^genesis is not traceable$"):
        await traces.trace_block(genesis, TraceConfig(), BOUNDS)
    with pytest.raises(TracingFailed, match="^tracing failed: insufficient funds"):
        await _trace(traces, block, replace(call(STORE), value=Wei(10**30)))
    with pytest.raises(NotTraceable, match="transaction index 5 out of range"):
        await _trace(traces, block, call(STORE), transaction_index=5)
