"""A link that is slow: leads TCP connections on, each byte so many milliseconds later. A process of its own.

python -m tests.benchmarks.relay LISTEN_PORT TO_PORT MILLISECONDS
"""

import asyncio
import contextlib
import sys
from typing import Final

HOST: Final = "127.0.0.1"
CHUNK: Final = 1 << 16
WAITING: Final = 1_024
"""Chunks on their way in one direction."""


async def _send(queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    """Each chunk when it is due; nothing ends the direction."""
    loop = asyncio.get_running_loop()
    while True:
        due, data = await queue.get()
        await asyncio.sleep(max(0.0, due - loop.time()))
        if not data:
            break
        writer.write(data)
        await writer.drain()


async def _lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """One direction, until it ends; then the other side is told."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING)
    sender = asyncio.create_task(_send(queue, writer))
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            await queue.put((loop.time() + delay, data))
    await queue.put((loop.time() + delay, b""))
    with contextlib.suppress(ConnectionError):
        await sender
    writer.close()


async def serve(listen: int, to: int, delay: float) -> None:
    """Until cancelled."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_lead(reader, far_writer, delay), _lead(far_reader, writer, delay))

    server = await asyncio.start_server(connected, HOST, listen)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1_000))
