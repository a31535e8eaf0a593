"""Ports for the processes that tests start.

They lie below those that the kernel lends to outgoing connections: a client that polls a port out of that range while
nobody listens there can, by chance, connect to itself, and then the process that should listen can't.
"""

import os
import socket
from itertools import chain
from typing import Final

HOST: Final = "127.0.0.1"
FIRST: Final = 21_000
LAST: Final = 32_700
EACH: Final = 20
"""Ports of one request."""
WORKERS: Final = 8
"""Workers of pytest-xdist whose ports never meet."""


class _Ranges:
    """Ranges of ports of this process, none of them given twice before all were."""

    def __init__(self) -> None:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
        mine = range(FIRST + worker * EACH, LAST - EACH, WORKERS * EACH)
        start = os.getpid() % len(mine)
        self._left = list(chain(mine[start:], mine[:start]))

    def take(self, count: int) -> range:
        for index, first in enumerate(self._left):
            found = range(first, first + count)
            if all(map(_is_free, found)):
                self._left = [*self._left[index + 1 :], *self._left[: index + 1]]
                return found
        raise AssertionError("no free ports")


_ranges = _Ranges()


def free_ports(count: int) -> range:
    """`count` ports in a row on the loopback interface on which nobody listens, other workers' tests not either."""
    assert count <= EACH
    return _ranges.take(count)


def free_port() -> int:
    return free_ports(1)[0]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
