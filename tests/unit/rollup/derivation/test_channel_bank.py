"""Channel Bank and Channel Reader: one staging channel, read batch by batch."""

from rollup.codec import compress_brotli
from rollup.codec.frames import Frame
from rollup.derivation.channel_bank import FRAME_OVERHEAD_IN_BANK, ChannelBank
from rollup.derivation.channel_reader import ChannelReader
from rollup.types import L1BlockNumber, RollupConfig
from state.primitives import rlp
from tests.unit.rollup.derivation.model import Sequencer, channel_of, singular_of

AT = L1BlockNumber(100)


def frame(number: int, data: bytes = b"x", *, is_last: bool = False, channel: bytes = b"A") -> Frame:
    return Frame(channel_id=channel * 16, number=number, data=data, is_last=is_last)


def test_gives_the_channel_once_it_is_closed() -> None:
    bank = ChannelBank(50)
    assert bank.add_frame(frame(0, b"one"), AT) is None
    assert bank.is_open
    assert bank.add_frame(frame(1, b"two", is_last=True), AT) == b"onetwo"
    assert not bank.is_open


def test_ignores_frames_that_are_not_the_next_of_the_staging_channel() -> None:
    bank = ChannelBank(50)
    assert bank.add_frame(frame(1, is_last=True), AT) is None
    assert not bank.is_open
    bank.add_frame(frame(0), AT)
    for stray in (frame(2), frame(1, channel=b"B")):
        assert bank.add_frame(stray, AT) is None
    assert bank.add_frame(frame(1, is_last=True), AT) == b"xx"


def test_first_frame_replaces_the_open_channel_even_one_of_the_same_id() -> None:
    bank = ChannelBank(50)
    bank.add_frame(frame(0, b"old"), AT)
    bank.add_frame(frame(0, b"new"), AT)
    assert bank.add_frame(frame(1, is_last=True), AT) == b"newx"


def test_times_out_after_fifty_l1_blocks() -> None:
    bank = ChannelBank(50)
    bank.add_frame(frame(0), AT)
    bank.prune(L1BlockNumber(150))
    assert bank.is_open
    assert bank.add_frame(frame(1, is_last=True), L1BlockNumber(151)) is None
    assert not bank.is_open


def test_drops_a_channel_that_grows_too_large_counting_each_frames_overhead() -> None:
    bank = ChannelBank(50, max_size=2 * FRAME_OVERHEAD_IN_BANK + 10)
    bank.add_frame(frame(0, bytes(5)), AT)
    assert bank.add_frame(frame(1, bytes(5), is_last=True), AT) == bytes(10)
    bank.add_frame(frame(0, bytes(5)), AT)
    assert bank.add_frame(frame(1, bytes(6), is_last=True), AT) is None
    assert not bank.is_open


def test_reader_gives_batches_in_order_and_stops_at_a_malformed_one(config: RollupConfig, sequencer: Sequencer) -> None:
    first, second = (singular_of(sequencer.build(transactions=0)) for _ in range(2))
    reader = ChannelReader(config)
    assert reader.next_batch() is None
    reader.load(channel_of([first, second], config))
    assert [reader.next_batch(), reader.next_batch(), reader.next_batch()] == [first, second, None]
    for bad in (b"", b"\x09", b"\x00\xc0", b"\x01\x00"):
        reader.load(channel_of([first, bad, second], config))
        assert [reader.next_batch(), reader.next_batch(), reader.next_batch()] == [first, None, None]


def test_reader_ignores_channels_that_are_none(config: RollupConfig) -> None:
    reader = ChannelReader(config)
    for channel in (b"", b"\x00", b"\x01", b"\x78", compress_brotli(b"\xc0"), compress_brotli(rlp.encode_string(b""))):
        reader.load(channel)
        assert reader.next_batch() is None


def test_reader_forgets_the_rest_of_a_flushed_channel(config: RollupConfig, sequencer: Sequencer) -> None:
    batch = singular_of(sequencer.build(transactions=0))
    reader = ChannelReader(config)
    reader.load(channel_of([batch, batch], config))
    assert reader.next_batch() == batch
    reader.reset()
    assert reader.next_batch() is None
