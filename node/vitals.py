"""How a running node says what it is, how far it has come, and whether it works."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from node.adapters.info import ProcessInfo
from node.config import NodeConfig
from node.heartbeat import Heartbeat
from node.joining import Chain
from node.readers import ReaderPool
from node.readiness import L1_SILENCE_SECONDS, ReadinessBounds, VitalSigns, not_ready, reader_signs, unhealthy
from rollup.driver import Driver
from rpc.values import SyncProgress
from state.primitives.types import BlockNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Looks at the running parts, each time that somebody asks."""

    config: NodeConfig
    chain: Chain
    driver: Driver
    readers: ReaderPool
    heartbeat: Heartbeat
    clock: Callable[[], float]
    starting_block: int
    """The unsafe head when the process started."""
    peers: Callable[[], int] = lambda: 0
    """How many this node is connected to."""
    signed_head: Callable[[], int | None] = lambda: None
    """The highest block that the sequencer signed, as far as peers told; None where none did."""

    def info(self) -> ProcessInfo:
        return ProcessInfo(
            chain_id=self.chain.config.l2_chain_id,
            block_time=self.chain.config.block_time,
            syncing=self.syncing,
            not_ready=lambda: not_ready(self._signs(), self._bounds()),
            unhealthy=self._unhealthy,
            peers=self.peers,
        )

    def _bounds(self) -> ReadinessBounds:
        silence = max(L1_SILENCE_SECONDS, 5 * self.config.l1_poll)
        return ReadinessBounds(head_age=self.config.head_age_bound, l1_silence=silence)

    def _behind(self) -> int:
        """Seconds between the unsafe head and now."""
        return int(self.clock()) - self.chain.engine.unsafe_head.timestamp

    def syncing(self) -> SyncProgress | None:
        """How far the unsafe head is on its way; None when it is as young as it should be.

        The way's end is what the sequencer signed last, or where the clock says that the chain should be.
        """
        behind = self._behind()
        if behind < self._bounds().head_age:
            return None
        current = self.chain.engine.unsafe_head.number
        highest = max(current, self.signed_head() or current + behind // self.chain.config.block_time)
        return SyncProgress(
            starting_block=BlockNumber(self.starting_block),
            current_block=BlockNumber(current),
            highest_block=BlockNumber(highest),
        )

    def _signs(self) -> VitalSigns:
        status, now = self.driver.status, time.monotonic()
        lag = status.head_l1.number - status.current_l1.number if status.head_l1 and status.current_l1 else 0
        return VitalSigns(
            head_age=self._behind(),
            l1_silence=self.driver.l1_silence,
            l1_lag=lag,
            is_derived=self.driver.started,
            readers=tuple(reader_signs(reader, now) for reader in self.readers.serving),
        )

    def _unhealthy(self) -> Sequence[str]:
        return unhealthy(
            engine_silence=self.heartbeat.engine_silence,
            loop_lag=self.heartbeat.loop_lag,
            evidence=self.config.data_dir / "divergence",
        )
