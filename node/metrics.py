"""What Prometheus scrapes: counts and times of JSON-RPC calls and blocks; all else is read at the moment of a scrape.

A call is counted in about a microsecond, without locks: it is counted on the event loop, where scrapes are answered
too. Everything else is read there at each scrape, where the parts live. Names start with `openledger_`;
docs/operating.md lists them and says which ones to watch.
"""

import asyncio
import socket
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

import uvicorn
from prometheus_client import CollectorRegistry, ProcessCollector, make_asgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from node.errors import StartupError
from rpc.transport.embedded import EmbeddedServer

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
_BOUNDS: Final = tuple(str(bound) for bound in (*BUCKETS, "+Inf"))
_STOP_SECONDS: Final = 2

Labels: TypeAlias = tuple[str, ...]
Values: TypeAlias = Mapping[Labels, float]
"""Label values -> value; the empty tuple for a metric without labels."""


class Distribution:
    """How long something took, counted by buckets."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Counts one."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """(upper bound, how many took at most that long), as Prometheus wants them."""
        total, rows = 0, []
        for bound, count in zip(_BOUNDS, self.counts, strict=True):
            total += count
            rows.append((bound, float(total)))
        return rows


class Readings:
    """A collector of what some function reads at each scrape."""

    def __init__(self) -> None:
        self._values: list[tuple[type[GaugeMetricFamily | CounterMetricFamily], str, str, Labels, Callable[[], Values]]]
        self._values = []
        self._distributions: list[tuple[str, str, Labels, Callable[[], Mapping[Labels, Distribution]]]] = []

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """One value."""
        self._values.append((GaugeMetricFamily, name, text, (), lambda: {(): read()}))

    def gauges(self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        """One value for each value of `label`."""
        self._values.append((GaugeMetricFamily, name, text, (label,), lambda: {(k,): v for k, v in read().items()}))

    def counter(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A count since start; Prometheus puts `_total` behind the name."""
        self._values.append((CounterMetricFamily, name, text, (), lambda: {(): read()}))

    def counters(self, name: str, text: str, labels: Labels, read: Callable[[], Values]) -> None:
        """A count since start for each combination of label values."""
        self._values.append((CounterMetricFamily, name, text, labels, read))

    def distribution(
        self, name: str, text: str, labels: Labels, read: Callable[[], Mapping[Labels, Distribution]]
    ) -> None:
        """A histogram for each combination of label values."""
        self._distributions.append((name, text, labels, read))

    def collect(self) -> Iterable[Metric]:
        """Prometheus's question."""
        for kind, name, text, labels, read in self._values:
            family = kind(name, text, labels=labels)
            for values_of_labels, value in read().items():
                family.add_metric(values_of_labels, value)
            yield family
        for name, text, labels, read_all in self._distributions:
            histogram = HistogramMetricFamily(name, text, labels=labels)
            for values_of_labels, taken in read_all().items():
                histogram.add_metric(values_of_labels, taken.cumulative(), taken.seconds)
            yield histogram


class _Adapter(Collector):
    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def collect(self) -> Iterable[Metric]:
        return self._readings.collect()


class Metrics:
    """One process's metrics and the page that shows them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.readings = Readings()
        self._times: dict[str, Distribution] = {}
        self._codes: dict[tuple[str, int], int] = {}
        self.readings.counters(
            "openledger_rpc_calls",
            "JSON-RPC calls by error code, 0 for success",
            ("method", "code"),
            lambda: {(method, str(code)): count for (method, code), count in self._codes.items()},
        )
        self.readings.distribution(
            "openledger_rpc_seconds",
            "Time of a JSON-RPC call",
            ("method",),
            lambda: {(method,): times for method, times in self._times.items()},
        )
        self.registry.register(_Adapter(self.readings))
        ProcessCollector(registry=self.registry)
        self._running: tuple[uvicorn.Server, asyncio.Task[None]] | None = None
        self.port: int | None = None
        """Where it listens, once it does."""

    def observe(self, method: str, seconds: float, code: int) -> None:
        """rpc.limits.CallObserver: counts a call. Unknown methods come under one name, so labels stay few."""
        times = self._times.get(method)
        if times is None:
            times = self._times[method] = Distribution()
        times.counts[bisect_left(BUCKETS, seconds)] += 1
        times.seconds += seconds
        key = (method, code)
        self._codes[key] = self._codes.get(key, 0) + 1

    async def serve(self, host: str, port: int) -> None:
        """Answers scrapes at http://host:port/metrics. Raises StartupError if the port is taken."""
        listener = _listen(host, port)
        self.port = int(listener.getsockname()[1])
        config = uvicorn.Config(
            make_asgi_app(self.registry),
            log_config=None,
            access_log=False,
            lifespan="off",
            limit_concurrency=16,
            timeout_graceful_shutdown=_STOP_SECONDS,
            server_header=False,
            ws="none",
        )
        server = EmbeddedServer(config)
        self._running = (server, await server.start(listener))

    async def stop(self) -> None:
        """Stops listening."""
        if self._running is None:
            return
        server, task = self._running
        self._running = None
        server.should_exit = True
        await task


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), reuse_port=False)
    except OSError as error:
        raise StartupError(
            f"metrics can't listen on {host}:{port} ({error.strerror}): choose another --metrics-port"
        ) from error
