"""A generator of JSON-RPC reads on raw sockets: what it costs itself must not hide what the node costs."""

import asyncio
import json
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

HEADER_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """One measurement."""

    calls: int
    seconds: float
    latencies: tuple[float, ...]
    """Of each request, in seconds, sorted."""

    @property
    def rate(self) -> float:
        """Calls answered a second; a batch counts as many as it holds."""
        return self.calls / self.seconds

    @property
    def p50(self) -> float:
        """The median request, in seconds."""
        return self.latencies[len(self.latencies) // 2]

    @property
    def p99(self) -> float:
        """The request that one in a hundred is slower than, in seconds."""
        return self.latencies[len(self.latencies) * 99 // 100]


class ReadFailed(Exception):
    """The node answered with an error."""


def measure_reads(url: str, method: str, params: list[Any], *, connections: int, batch: int, seconds: float) -> Reads:
    """Ask the same over and over on `connections` kept-open connections, each one request at a time.

    Raises ReadFailed for the first answer that is an error.
    """
    return asyncio.run(_measure(url, _body(method, params, batch), connections, batch, seconds))


def _body(method: str, params: list[Any], batch: int) -> bytes:
    calls = [{"jsonrpc": "2.0", "id": index, "method": method, "params": params} for index in range(batch)]
    return json.dumps(calls if batch > 1 else calls[0], separators=(",", ":")).encode()


async def _measure(url: str, body: bytes, connections: int, batch: int, seconds: float) -> Reads:
    parts = urlsplit(url)
    request = (
        f"POST / HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body
    open_connections = [
        await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 24) for _ in range(connections)
    ]
    await asyncio.gather(*(_ask(reader, writer, request, 0.2) for reader, writer in open_connections))  # warm up
    began = perf_counter()
    found = await asyncio.gather(*(_ask(reader, writer, request, seconds) for reader, writer in open_connections))
    elapsed = perf_counter() - began
    for _, writer in open_connections:
        writer.close()
    latencies = sorted(latency for one in found for latency in one)
    return Reads(calls=len(latencies) * batch, seconds=elapsed, latencies=tuple(latencies))


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, seconds: float
) -> list[float]:
    """The seconds of each request on one connection; the last may end after the time is up."""
    latencies = []
    end = perf_counter() + seconds
    while (began := perf_counter()) < end:
        writer.write(request)
        head = await reader.readuntil(HEADER_END)
        answer = await reader.readexactly(_content_length(head))
        if b'"error"' in answer[:200]:
            raise ReadFailed(answer[:500].decode(errors="replace"))
        latencies.append(perf_counter() - began)
    return latencies


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.index(b"content-length:") + len(b"content-length:")
    return int(lowered[start : lowered.index(b"\r\n", start)])
