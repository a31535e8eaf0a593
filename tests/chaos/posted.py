"""Which L2 blocks the canonical L1's batches hold, read from L1's JSON-RPC alone."""

from rollup.codec import SpanBatch, decode_batch, decode_frames, read_batches
from rollup.types import RollupConfig
from tests.chaos.network import Network


def posted_ranges(network: Network) -> list[tuple[int, int]]:
    """(first, last) L2 block number of every span batch on the canonical L1, in order."""
    config = RollupConfig.from_json(network.files.rollup.read_text())
    channels: dict[bytes, list[tuple[int, bytes]]] = {}
    complete: list[bytes] = []
    latest = int(network.l1.call("eth_blockNumber"), 16)
    for number in range(1, latest + 1):
        block = network.l1.call("eth_getBlockByNumber", hex(number), True)
        for transaction in block["transactions"]:
            if (transaction["to"] or "").lower() == "0x" + config.batch_inbox.hex():
                for frame in decode_frames(bytes.fromhex(transaction["input"][2:])):
                    channels.setdefault(frame.channel_id, []).append((frame.number, frame.data))
                    if frame.is_last:
                        complete.append(b"".join(data for _, data in sorted(channels[frame.channel_id])))
    ranges = []
    for data in complete:
        for raw in read_batches(data):
            batch = decode_batch(raw, config)
            assert isinstance(batch, SpanBatch)
            blocks = list(batch.blocks())
            first, last = ((blocks[i].timestamp - config.genesis.l2_time) // config.block_time for i in (0, -1))
            ranges.append((first, last))
    return ranges


def assert_posted_once(network: Network) -> int:
    """No L2 block is in two batches of the canonical L1, and none is left out; returns the last one posted."""
    expected = 1
    for first, last in posted_ranges(network):
        assert first == expected, f"batches hold blocks up to {expected - 1}, the next begins at {first}"
        expected = last + 1
    return expected - 1
