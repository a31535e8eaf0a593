"""A server inside this process."""

import socket
from typing import Any

import pytest
import uvicorn

from rpc.transport.embedded import EmbeddedServer
from tests.ports import HOST


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """An application that nobody asks."""


async def test_takes_connections_once_it_has_started_and_ends_when_it_is_told_to() -> None:
    listener = socket.create_server((HOST, 0))
    server = EmbeddedServer(uvicorn.Config(_nothing, log_config=None, lifespan="off"))
    serving = await server.start(listener)
    socket.create_connection(listener.getsockname()).close()
    server.should_exit = True
    await serving


async def test_what_keeps_it_from_starting_is_raised_instead_of_waited_for() -> None:
    listener = socket.create_server((HOST, 0))
    server = EmbeddedServer(uvicorn.Config(_nothing, log_config=None, lifespan="off", http="no.such.module:Protocol"))
    with pytest.raises(ImportError):
        await server.start(listener)
    listener.close()
