"""What the batcher aims at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BatcherConfig:
    """Sizes in bytes, durations in L1 blocks."""

    max_transaction_bytes: int = 120_000
    """Calldata of one L1 transaction. Pools refuse transactions above 131,072 bytes."""
    target_channel_bytes: int = 360_000
    """Compressed size at which a channel is closed before its time."""
    max_channel_duration: int = 2
    """L1 blocks after which a channel is closed however small: how long a quiet chain waits to become safe."""
    max_channel_blocks: int = 10_000
    """L2 blocks in one channel: bounds memory, and what one lost channel costs."""
    max_channel_plain_bytes: int = 8_000_000
    """Before compression: far below the protocol's 100,000,000, since compressing takes time too. Blocks full of
    zeros reach it long before the target."""
    max_channels_in_flight: int = 4
    compression_quality: int = 10
    """brotli's, while there is little to compress."""
    busy_compression_quality: int = 5
    """For a channel of more than `busy_plain_bytes`: a fiftieth of the time for two or three percent more bytes."""
    busy_plain_bytes: int = 300_000
    sequencing_window_margin: int = 60
    """L1 blocks before the sequencing window closes at which size no longer matters; a quarter of a short window."""
    derivation_margin: int = 2
    """L1 blocks that derivation must have read beyond a channel before its silence means that it dropped it."""
    max_failure_wait: int = 64
    """Longest pause after failed channels in a row: 2, 4, 8 … up to this. Posting again at once what derivation
    keeps dropping has emptied batchers' accounts before."""
    throttle_blocks: int = 1_800
    """Unsafe blocks beyond the safe head at which the sequencer should slow down."""
    throttle_bytes: int = 4_000_000
    """Calldata that is not safe yet at which the sequencer should slow down."""
