"""A response's head and body in one packet.

uvicorn writes them one after the other, and asyncio sends each at once. Together they cost one system call instead of
two, and a client that has the head has a short body with it.
"""

import asyncio
from typing import Any, Final

_HEAD_END: Final = b"\r\n\r\n"
MOST_JOINED: Final = 64 * 1024
"""Bytes of a body that is copied behind its head; a longer one is written after it, uncopied."""


class JoinedWrites:
    """A transport that holds a head back until the next write, or until the event loop's next turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport: Final = transport
        self._loop: Final = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        """Sends `data`, a head a little later."""
        if self._head and len(data) <= MOST_JOINED:
            data, self._head = self._head + data, b""
        self._flush()
        if data[-4:] == _HEAD_END:
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self.transport.write(data)

    def close(self) -> None:
        """Closes once all is sent."""
        self._flush()
        self.transport.close()

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self.transport.write(head)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)
