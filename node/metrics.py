"""What Prometheus scrapes: counts and times of JSON-RPC calls, heads, pool, batcher, L1, audits.

Calls are counted as they happen; everything else is read at the moment of a scrape, on the event loop, where the parts
live. Names start with `openledger_`; docs/operating.md lists them and says which ones to watch.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import uvicorn
from prometheus_client import CollectorRegistry, Counter, Histogram, make_asgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from node.errors import StartupError

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
_STOP_SECONDS: Final = 2


class Readings:
    """A collector of what some function reads at each scrape."""

    def __init__(self) -> None:
        self._gauges: list[tuple[str, str, str, Callable[[], dict[str, float]]]] = []
        self._counters: list[tuple[str, str, Callable[[], float]]] = []

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """One value."""
        self._gauges.append((name, text, "", lambda: {"": read()}))

    def gauges(self, name: str, text: str, label: str, read: Callable[[], dict[str, float]]) -> None:
        """One value for each value of `label`."""
        self._gauges.append((name, text, label, read))

    def counter(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A count since start; Prometheus puts `_total` behind the name."""
        self._counters.append((name, text, read))

    def collect(self) -> Iterable[Metric]:
        """Prometheus's question."""
        for name, text, label, read in self._gauges:
            family = GaugeMetricFamily(name, text, labels=[label] if label else [])
            for value_of_label, value in read().items():
                family.add_metric([value_of_label] if label else [], value)
            yield family
        for name, text, read_count in self._counters:
            yield CounterMetricFamily(name, text, value=read_count())


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
        self._calls = Counter(
            "openledger_rpc_calls",
            "JSON-RPC calls by error code, 0 for success",
            ["method", "code"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "openledger_rpc_seconds", "Time of a JSON-RPC call", ["method"], buckets=BUCKETS, registry=self.registry
        )
        self._labelled: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self.registry.register(_Adapter(self.readings))
        self._running: tuple[uvicorn.Server, asyncio.Task[None]] | None = None
        self.port: int | None = None
        """Where it listens, once it does."""

    def observe(self, method: str, seconds: float, code: int) -> None:
        """rpc.limits.CallObserver: counts a call. Unknown methods come under one name, so labels stay few."""
        labelled = self._labelled.get((method, code))
        if labelled is None:
            labelled = (self._calls.labels(method=method, code=str(code)), self._seconds.labels(method=method))
            self._labelled[method, code] = labelled
        labelled[0].inc()
        labelled[1].observe(seconds)

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
        server = _Server(config)
        self._running = (server, asyncio.create_task(server.serve(sockets=[listener]), name="metrics"))
        await server.ready.wait()

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


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the process and says when it takes connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready: Final = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
