"""NodeInfo: what this node is and how it fares."""

import platform
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Final

from rpc.values import SyncProgress
from state.primitives.types import Wei

SUGGESTED_TIP: Final = Wei(1_000_000)
"""0.001 gwei: blocks are rarely full, so any tip will do; fixed: clients that multiply it can't make it grow."""


def client_version() -> str:
    """`OpenLedger/<version>/<platform>/python<version>`."""
    try:
        version = metadata.version("openledger-node")
    except metadata.PackageNotFoundError:
        version = "0.0.0"
    system = f"{platform.system().lower()}-{platform.machine()}"
    return f"OpenLedger/v{version}/{system}/python{platform.python_version()}"


class ProcessInfo:
    """Static facts and a few looks at the running parts."""

    def __init__(
        self,
        *,
        chain_id: int,
        block_time: int,
        syncing: Callable[[], SyncProgress | None] = lambda: None,
        not_ready: Callable[[], Sequence[str]] = lambda: (),
        unhealthy: Callable[[], Sequence[str]] = lambda: (),
        peers: Callable[[], int] = lambda: 0,
    ) -> None:
        self.client_version = client_version()
        self.chain_id = chain_id
        self.block_time = block_time
        self._syncing = syncing
        self._not_ready = not_ready
        self._unhealthy = unhealthy
        self._peers = peers

    def suggested_tip(self) -> Wei:
        return SUGGESTED_TIP

    def syncing(self) -> SyncProgress | None:
        return self._syncing()

    def peer_count(self) -> int:
        return self._peers()

    def unhealthy(self) -> Sequence[str]:
        return self._unhealthy()

    def not_ready(self) -> Sequence[str]:
        return self._not_ready()
