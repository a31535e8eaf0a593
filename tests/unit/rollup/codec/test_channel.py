"""Channels: compression both ways, clipping, damage, and the batcher's side."""

import tracemalloc
import zlib
from collections.abc import Iterator
from random import Random

import brotli
import pytest

from rollup.codec import (
    MAX_RLP_BYTES_PER_CHANNEL,
    ChannelError,
    ChannelOut,
    SpanBatch,
    compress_brotli,
    compress_zlib,
    decode_batch,
    decompress,
    read_batches,
    split_frames,
)
from rollup.errors import CodecError
from rollup.types import RollupConfig
from state.primitives import rlp
from tests.unit.rollup.codec.builders import every_kind, make_refs, make_transaction

BATCHES = [b"\x00first", b"\x00" + b"second" * 20, b"\x07"]
PLAIN = b"".join(map(rlp.encode_string, BATCHES))


def until_damage(batches: Iterator[bytes]) -> tuple[list[bytes], str]:
    """What came before the error, and the error."""
    found: list[bytes] = []
    try:
        for batch in batches:
            found.append(batch)
    except ChannelError as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize("channel", [compress_brotli(PLAIN), compress_brotli(PLAIN, 5), compress_zlib(PLAIN)])
def test_reads_every_batch_of_a_channel_of_either_compression(channel: bytes) -> None:
    assert list(read_batches(channel)) == BATCHES


@pytest.mark.parametrize("size", [1, 4_094, 4_095, 65_536, 700_000, 3_000_000])
@pytest.mark.parametrize("kind", ["random", "repetitive", "mixed"])
def test_reads_channels_of_every_size_whole(size: int, kind: str) -> None:
    noise = Random(size).randbytes(size)
    plain = {"random": noise, "repetitive": b"abcdefgh" * (size // 8 + 1), "mixed": noise[: size // 2] + bytes(size)}[
        kind
    ]
    for channel in (compress_brotli(plain, 5), compress_zlib(plain, 1)):
        for trailing in (b"", b"trailing"):
            assert b"".join(decompress(channel + trailing)) == plain


@pytest.mark.parametrize("first", [b"", b"\x00", b"\x02", b"\x11", b"\x7f\x01"])
def test_refuses_unknown_compression(first: bytes) -> None:
    with pytest.raises(ChannelError):
        list(read_batches(first))


def test_zlib_header_must_be_whole_and_without_dictionary() -> None:
    stream = compress_zlib(PLAIN)
    damaged = [stream[:1], bytes((stream[0], stream[1] ^ 1)) + stream[2:], b"\x88\x1c" + stream[2:], b"\x78\x20\x00"]
    for channel in damaged:
        with pytest.raises(ChannelError):
            list(read_batches(channel))


def test_zlib_stream_may_end_at_a_sync_flush() -> None:
    compressor = zlib.compressobj()
    channel = compressor.compress(PLAIN) + compressor.flush(zlib.Z_SYNC_FLUSH)
    assert channel.endswith(b"\x00\x00\xff\xff")
    assert list(read_batches(channel)) == BATCHES


def test_zlib_checksum_is_not_looked_at() -> None:
    channel = compress_zlib(PLAIN)
    assert list(read_batches(channel[:-4] + b"\x00\x00\x00\x00")) == BATCHES


def test_bytes_after_the_compressed_stream_are_ignored() -> None:
    assert list(read_batches(compress_zlib(PLAIN) + b"trailing")) == BATCHES
    assert list(read_batches(compress_brotli(PLAIN) + b"trailing")) == BATCHES


def test_batches_before_damage_count_and_the_rest_does_not() -> None:
    compressor = zlib.compressobj(0)
    head = compressor.compress(PLAIN) + compressor.flush(zlib.Z_SYNC_FLUSH)
    found, error = until_damage(read_batches(head + b"\x07" + b"\xff" * 50))
    assert found == BATCHES
    assert "damaged" in error


def test_cut_brotli_stream_gives_what_it_holds() -> None:
    compressor = brotli.Compressor(quality=5)
    flushed = compressor.process(PLAIN) + compressor.flush()
    assert list(read_batches(b"\x01" + flushed)) == BATCHES


def test_damaged_brotli_stream_is_an_error() -> None:
    _, error = until_damage(read_batches(b"\x01" + b"\xff" * 100))
    assert "damaged" in error


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (b"\xc0", "RLP list"),
        (b"\x85abc", "ends inside a batch"),
        (b"\xb9\x01", "inside an RLP length"),
        (b"\x81\x05", "non-canonical"),
        (b"\xb8\x05abcde", "non-canonical"),
        (b"\xb9\x00\x40" + bytes(64), "non-canonical"),
        (b"\xbf" + b"\xff" * 8, "past the channel's limit"),
    ],
)
def test_what_is_no_rlp_string_ends_the_channel(tail: bytes, reason: str) -> None:
    found, error = until_damage(read_batches(compress_brotli(PLAIN + tail)))
    assert found == BATCHES
    assert reason in error


def test_clips_at_the_limit_and_keeps_whole_batches() -> None:
    limit = len(PLAIN)
    assert list(read_batches(compress_zlib(PLAIN + PLAIN), limit)) == BATCHES
    found, error = until_damage(read_batches(compress_zlib(PLAIN), limit - 1))
    assert found == BATCHES[:2]
    assert error == ""
    found, error = until_damage(read_batches(compress_zlib(PLAIN), limit - 2))
    assert found == BATCHES[:1]
    assert "limit" in error


@pytest.mark.parametrize("algorithm", ["brotli", "zlib"])
def test_bomb_is_clipped_at_exactly_the_limit_within_bounded_memory(algorithm: str) -> None:
    if algorithm == "brotli":
        compressor = brotli.Compressor(quality=5, lgwin=24)
        pieces = [compressor.process(bytes(1 << 20)) for _ in range(128)]
        bomb = b"\x01" + b"".join(pieces) + compressor.finish()
        assert len(bomb) < 2000
    else:
        bomb = compress_zlib(bytes(128 << 20))
    tracemalloc.start()
    total = sum(map(len, decompress(bomb)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == MAX_RLP_BYTES_PER_CHANNEL
    assert peak < 4 << 20


def test_reading_batches_decompresses_no_further_than_asked() -> None:
    bomb = compress_zlib(rlp.encode_string(b"\x00first") + bytes(64 << 20))
    tracemalloc.start()
    batches = read_batches(bomb)
    assert next(batches) == b"\x00first"
    assert next(batches) == b"\x00"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


def test_frames_are_never_larger_than_asked_and_join_to_the_data() -> None:
    data = bytes(range(256)) * 10
    frames = split_frames(b"\x01" * 16, data, 100)
    assert all(len(frame.encode()) <= 100 for frame in frames)
    assert b"".join(frame.data for frame in frames) == data
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert [frame.is_last for frame in frames] == [False] * (len(frames) - 1) + [True]


def test_refuses_frames_that_would_hold_nothing_or_be_too_many() -> None:
    with pytest.raises(CodecError, match="more than 23"):
        split_frames(b"\x01" * 16, b"data", 23)
    with pytest.raises(CodecError, match="too many frames"):
        split_frames(b"\x01" * 16, bytes(65_537), 24)


def test_channel_out_yields_the_blocks_that_it_was_given(config: RollupConfig) -> None:
    refs = make_refs([2, 3])
    out = ChannelOut(b"\x05" * 16, config)
    deposit = b"\x7e\xc0"
    for ref in refs:
        out.add_block(ref, (deposit, *every_kind()))
    frames = out.frames(500)
    assert out.blocks == tuple(refs)
    (encoded,) = read_batches(b"".join(frame.data for frame in frames))
    batch = decode_batch(encoded, config)
    assert isinstance(batch, SpanBatch)
    blocks = list(batch.blocks())
    assert [block.timestamp for block in blocks] == [ref.timestamp for ref in refs]
    assert [block.epoch_number for block in blocks] == [ref.l1_origin.number for ref in refs]
    assert all(block.transactions == every_kind() for block in blocks)


def test_channel_out_estimates_its_size_from_above_and_closely(config: RollupConfig) -> None:
    out = ChannelOut(b"\x05" * 16, config)
    for index, ref in enumerate(make_refs([5] * 20)):
        out.add_block(ref, [make_transaction(nonce=8 * index + i, data=bytes(40)) for i in range(8)])
    actual = len(out.close())
    assert actual <= out.estimated_size <= 2 * actual
    assert out.plain_size >= actual


def test_channel_out_refuses_a_block_that_does_not_follow(config: RollupConfig) -> None:
    first, _, third = make_refs([3])
    out = ChannelOut(b"\x05" * 16, config)
    out.add_block(first, ())
    with pytest.raises(CodecError, match="doesn't follow"):
        out.add_block(third, ())
    assert out.blocks == (first,)
    with pytest.raises(CodecError, match="channel id"):
        ChannelOut(b"short", config)
    with pytest.raises(CodecError, match="at least one block"):
        ChannelOut(b"\x05" * 16, config).close()
