"""Singular batches in zlib beside span batches in brotli, on one synthetic mix: bytes and microseconds a transaction.

python -m tests.benchmarks.bench_codec
"""

import sys
from collections.abc import Callable, Sequence
from random import Random
from statistics import median
from time import process_time

from rollup.batcher import BatcherConfig
from rollup.codec import compress_brotli, compress_zlib, decode_batch, encode_batch, read_batches, span_batch_of
from rollup.codec.batches import Batch
from rollup.types import L2BlockRef
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Address
from state.transactions import TransactionType
from tests.unit.rollup.codec.builders import make_config, make_refs, make_transaction
from tests.unit.rollup.derivation.model import SequencedBlock, singular_of

BLOCKS = 60
TRANSACTIONS_A_BLOCK = 40
ROUNDS = 5
SINGULAR = "singular, zlib 9"
BUSY = "span, brotli 5 (busy)"
QUIET = "span, brotli 10 (quiet)"
"""Both as the batcher posts: by how much the channel before this one held."""
CONFIG = make_config()
DATANETS = [Address(keccak256(bytes((number,)))[:20]) for number in range(8)]


def payload(random: Random) -> bytes:
    """Calldata: a third transfers, the rest a call of two words and a packed record with a hash."""
    if random.random() < 1 / 3:
        return b""
    words = random.randrange(10**6).to_bytes(32, "big") + random.randrange(1000).to_bytes(32, "big")
    return b"\xa9\x05\x9c\xbb" + words + random.randbytes(32)


def synthetic_blocks(seed: int = 7) -> list[tuple[L2BlockRef, tuple[bytes, ...]]]:
    """Consecutive blocks, six an epoch, of mostly type-2 transactions."""
    random = Random(seed)
    blocks = []
    for number, ref in enumerate(make_refs([6] * (BLOCKS // 6))):
        raw = tuple(
            make_transaction(
                TransactionType.LEGACY if random.random() < 0.2 else TransactionType.DYNAMIC_FEE,
                nonce=number * TRANSACTIONS_A_BLOCK + index,
                to=random.choice(DATANETS),
                data=payload(random),
            )
            for index in range(TRANSACTIONS_A_BLOCK)
        )
        blocks.append((ref, raw))
    return blocks


def microseconds(action: Callable[[], object], count: int) -> float:
    """The median CPU time of one run, for each of `count` transactions."""
    times = []
    for _ in range(ROUNDS):
        start = process_time()
        action()
        times.append(process_time() - start)
    return median(times) * 1e6 / count


def measure(name: str, batches: Sequence[Batch], compress: Callable[[bytes], bytes], count: int) -> float:
    """Prints one line of the table: size, encoding, compression, reading back. Returns the size."""

    def plain() -> bytes:
        return b"".join([rlp.encode_string(encode_batch(batch, CONFIG)) for batch in batches])

    def read() -> list[Batch]:
        return [decode_batch(one, CONFIG) for one in read_batches(channel)]

    encoded = plain()
    channel = compress(encoded)
    if read() != list(batches):
        raise AssertionError(f"{name}: what was read back differs")
    encoding = microseconds(plain, count)
    squeezing = microseconds(lambda: compress(encoded), count)
    reading = microseconds(read, count)
    size = len(channel) / count
    sys.stdout.write(f"{name:24} {size:8.1f} {encoding:10.1f} {squeezing:10.1f} {reading:10.1f}\n")
    return size


def main() -> dict[str, float]:
    """Prints a table whose first line is the baseline; returns bytes a transaction by the table's names."""
    blocks = synthetic_blocks()
    count = sum(len(raw) for _, raw in blocks)
    raw_size = sum(len(raw) for _, transactions in blocks for raw in transactions) / count
    singular = [singular_of(SequencedBlock(ref, raw)) for ref, raw in blocks]
    span = [span_batch_of(blocks, CONFIG)]
    quiet, busy = BatcherConfig().compression_quality, BatcherConfig().busy_compression_quality
    sys.stdout.write(f"{count} transactions of {raw_size:.0f} raw bytes in {BLOCKS} blocks; a transaction:\n")
    sys.stdout.write(f"{'':24} {'bytes':>8} {'encode us':>10} {'squeeze us':>10} {'read us':>10}\n")
    variants: list[tuple[str, Sequence[Batch], Callable[[bytes], bytes]]] = [
        (SINGULAR, singular, compress_zlib),
        ("span, zlib 9", span, compress_zlib),
        (BUSY, span, lambda data: compress_brotli(data, busy)),
        (QUIET, span, lambda data: compress_brotli(data, quiet)),
    ]
    return {name: measure(name, batches, compress, count) for name, batches, compress in variants}


if __name__ == "__main__":
    main()
