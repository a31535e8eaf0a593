"""An L1 and a sequencer with metrics and traces switched on, and the collector that the traces go to."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from node.devnet.network import create_network
from node.devnet.processes import Child, Processes, wait_until_answers
from tests.e2e.network.devnets import STARTS_WITHIN, wait_for
from tests.ports import free_ports

HOST: Final = "127.0.0.1"
MAX_HEAD_AGE: Final = 10
LOOKS: Final = 20


@dataclass
class Collector:
    """What an OpenTelemetry collector receives over HTTP."""

    server: ThreadingHTTPServer = field(init=False)
    spans: list[Any] = field(default_factory=list)
    services: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                assert self.path == "/v1/traces"
                collector.take(ExportTraceServiceRequest.FromString(body))
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Tests are quiet."""

        self.server = ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            names = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
            self.services.add(names["service.name"])
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def of_trace(self, trace_id: str) -> list[Any]:
        found = [span for span in self.spans if span.trace_id.hex() == trace_id]
        return sorted(found, key=lambda span: (span.end_time_unix_nano, span.start_time_unix_nano))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server.server_address[1]}"


@dataclass
class Watched:
    """A running sequencer and what it can be watched by."""

    rpc: str
    metrics: str
    sequencer: Child
    l1: Child
    collector: Collector
    http: httpx.Client

    def call(self, method: str, *params: Any, headers: dict[str, str] | None = None) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = self.http.post(self.rpc, json=body, headers=headers or {}).json()
        assert "error" not in answer, answer
        return answer["result"]

    def error(self, method: str, *params: Any) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer: dict[str, Any] = self.http.post(self.rpc, json=body).json()
        assert "result" not in answer, answer
        error: dict[str, Any] = answer["error"]
        return error

    def ready(self) -> httpx.Response:
        return self.http.get(self.rpc + "/readyz")

    def is_quiet(self) -> bool:
        """Whether the sequencer's readers have nothing to do: they sleep at nearly every look. One that is at work is
        runnable at each, however little of a core a busy machine gives it."""
        looks = 0
        for _ in range(LOOKS):
            looks += "R" in self._states()
            time.sleep(0.05)
        return looks < LOOKS / 2

    def _states(self) -> list[str]:
        """One letter for each child, as ps shows it; the auditor left out, whom each block gives work."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
                except OSError:
                    continue
                if int(stat[1]) == self.sequencer.process.pid and not _is_auditor(entry):
                    found.append(stat[0])
        return found


def _is_auditor(process: Path) -> bool:
    """By the database that it has open."""
    try:
        return any("/readers/audit/" in os.readlink(file) for file in (process / "fd").iterdir())
    except OSError:
        return False


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    directory = tmp_path_factory.mktemp("observability")
    files = create_network(
        directory, timestamp=int(time.time()), l2_chain_id=161_299, l1_chain_id=900, block_time=1, gas_limit=20_000_000
    )
    port = free_ports(3)[0]
    rpc, l1_rpc, metrics = (f"http://{HOST}:{port + offset}" for offset in range(3))
    collector, processes = Collector(), Processes(directory / "logs")
    try:
        l1 = processes.start(
            "l1",
            [
                *("l1", "--preset=devnet", "--block-time=1", "--finality-blocks=3"),
                *(f"--genesis={files.l1_genesis}", f"--data-dir={directory / 'l1'}", f"--rpc-port={port + 1}"),
            ],
        )
        wait_until_answers(l1_rpc, processes.check, STARTS_WITHIN)
        sequencer = processes.start(
            "sequencer",
            [
                *("node", "--preset=devnet", "--role=sequencer", "--audit-share=1", f"--l1-rpc={l1_rpc}"),
                *(f"--rollup={files.rollup}", f"--genesis={files.l2_genesis}"),
                *(f"--l1-addresses={files.l1_addresses}", f"--data-dir={directory / 'sequencer'}"),
                *(f"--batcher-key={files.key('batcher')}", f"--proposer-key={files.key('proposer')}"),
                *(f"--rpc-port={port}", f"--metrics-port={port + 2}", f"--max-head-age={MAX_HEAD_AGE}"),
                f"--otlp-endpoint={collector.url}",
                "--p2p-port=0",
            ],
        )
        wait_until_answers(rpc, processes.check, STARTS_WITHIN)
        with httpx.Client(timeout=60) as http:
            watched = Watched(rpc, metrics, sequencer, l1, collector, http)
            wait_for(lambda: watched.ready().status_code == 200, "readiness", STARTS_WITHIN)
            yield watched
    finally:
        for child in processes._children:
            child.process.send_signal(signal.SIGCONT)
        processes.stop()
        collector.server.shutdown()
        collector.server.server_close()
