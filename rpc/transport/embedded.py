"""uvicorn inside a process that decides itself when to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn


class EmbeddedServer(uvicorn.Server):
    """Leaves signals to the process, and says when it takes connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ready: Final = asyncio.Event()

    async def start(self, listener: socket.socket) -> asyncio.Task[None]:
        """The task that serves, once connections are taken. Raises what kept it from that."""
        serving = asyncio.create_task(self.serve(sockets=[listener]))
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait((serving, ready), return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if serving.done():
            await serving
            raise RuntimeError("the server ended before it took connections")
        return serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
