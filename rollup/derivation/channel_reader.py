"""Channel Reader: a complete channel -> its batches, decompressed and decoded one at a time."""

from collections.abc import Iterator

from rollup.codec.batches import Batch, decode_batch
from rollup.codec.channel import read_batches
from rollup.errors import CodecError
from rollup.types import RollupConfig


class ChannelReader:
    """The channel that is being read. Source: derivation.md "Channel Reader (Batch Decoding)"."""

    def __init__(self, config: RollupConfig) -> None:
        self._config = config
        self._batches: Iterator[bytes] | None = None

    def reset(self) -> None:
        """Forgets the rest of the channel: Holocene's fast channel invalidation, too."""
        self._batches = None

    def load(self, channel: bytes) -> None:
        """Takes a complete channel's data; nothing is decompressed yet."""
        self._batches = read_batches(channel)

    def next_batch(self) -> Batch | None:
        """The next batch; None once the channel is exhausted or where it is malformed, which drops its rest."""
        if self._batches is None:
            return None
        try:
            encoded = next(self._batches, None)
            if encoded is not None:
                return decode_batch(encoded, self._config)
        except CodecError:
            pass
        self._batches = None
        return None
