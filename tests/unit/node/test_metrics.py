"""Metrics as a scraper sees them."""

import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from node.errors import StartupError
from node.metrics import Metrics
from tests.ports import free_port


@pytest.fixture
async def metrics() -> AsyncIterator[Metrics]:
    metrics = Metrics()
    await metrics.serve("127.0.0.1", 0)
    yield metrics
    await metrics.stop()


async def scrape(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.get(f"http://127.0.0.1:{metrics.port}/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_calls_are_counted_by_method_and_error_code(metrics: Metrics) -> None:
    metrics.observe("eth_call", 0.003, 0)
    metrics.observe("eth_call", 0.3, 3)
    values = await scrape(metrics)
    assert values["openledger_rpc_calls_total", ("0", "eth_call")] == 1
    assert values["openledger_rpc_calls_total", ("3", "eth_call")] == 1
    assert values["openledger_rpc_seconds_count", ("eth_call",)] == 2
    assert values["openledger_rpc_seconds_bucket", ("0.005", "eth_call")] == 1


async def test_a_distribution_counts_what_is_at_most_as_long_as_each_bound(metrics: Metrics) -> None:
    for seconds in (0.0, 0.001, 0.0011, 5.0, 99.0):
        metrics.observe("eth_call", seconds, 0)
    values = await scrape(metrics)
    found = [
        values["openledger_rpc_seconds_bucket", (bound, "eth_call")] for bound in ("0.001", "0.0025", "5.0", "+Inf")
    ]
    assert found == [2, 3, 4, 5]
    assert values["openledger_rpc_seconds_sum", ("eth_call",)] == pytest.approx(104.0021)


async def test_a_scrape_shows_the_process_itself(metrics: Metrics) -> None:
    values = await scrape(metrics)
    assert values["process_resident_memory_bytes", ()] > 1e6


async def test_readings_are_read_at_each_scrape(metrics: Metrics) -> None:
    heads = {"unsafe": 3.0, "safe": 1.0}
    metrics.readings.gauges("openledger_head_number", "L2 heads", "head", lambda: heads)
    metrics.readings.gauge("openledger_lag", "Lag", lambda: 7)
    metrics.readings.counter("openledger_l2_reorgs", "Reorgs", lambda: 2)
    values = await scrape(metrics)
    assert values["openledger_head_number", ("unsafe",)] == 3
    assert values["openledger_lag", ()] == 7
    assert values["openledger_l2_reorgs_total", ()] == 2
    heads["unsafe"] = 4.0
    assert (await scrape(metrics))["openledger_head_number", ("unsafe",)] == 4


async def test_a_taken_port_is_an_error_that_names_the_flag() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(StartupError, match="--metrics-port"):
        await Metrics().serve("127.0.0.1", taken.getsockname()[1])


async def test_stopping_frees_the_port() -> None:
    metrics, port = Metrics(), free_port()
    await metrics.serve("127.0.0.1", port)
    await metrics.stop()
    with socket.create_server(("127.0.0.1", port)):
        pass
