"""What the batcher has done since the process started."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class BatcherMetrics:
    """Counters, all since start; read by telemetry, never by decisions."""

    channels_closed: int = 0
    channels_abandoned: int = 0
    blocks: int = 0
    transactions: int = 0
    """Sequenced L2 transactions, deposits left out."""
    bytes_raw: int = 0
    """Signed bytes of those transactions."""
    bytes_on_l1: int = 0
    """Calldata, frame headers included."""
    l1_transactions: int = 0

    @property
    def compression_ratio(self) -> float:
        """Calldata per raw byte; 0 before anything was posted."""
        return self.bytes_on_l1 / self.bytes_raw if self.bytes_raw else 0.0

    @property
    def bytes_per_transaction(self) -> float:
        """Calldata per L2 transaction; 0 before anything was posted."""
        return self.bytes_on_l1 / self.transactions if self.transactions else 0.0
