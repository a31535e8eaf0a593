"""The verdict on each rule, one at a time."""

import dataclasses
from typing import Any

import pytest

from rollup.codec import SingularBatch, SpanBatch, span_batch_of
from rollup.derivation.batch_rules import (
    BatchContext,
    BatchVerdict,
    check_singular_batch,
    check_span_batch,
    empty_batch,
)
from rollup.types import L1BlockNumber, L1BlockRef, L2BlockRef, RollupConfig
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32, UnixSeconds
from tests.unit.rollup.codec.builders import make_transaction
from tests.unit.rollup.derivation.model import L1Chain, Sequencer, genesis_ref, make_rollup_config, singular_of

ACCEPT, PAST, DROP, UNDECIDED = BatchVerdict.ACCEPT, BatchVerdict.PAST, BatchVerdict.DROP, BatchVerdict.UNDECIDED


@dataclasses.dataclass
class Scene:
    """A safe head at number 3 in epoch 100, and the sequencer's next five blocks."""

    config: RollupConfig
    context: BatchContext
    safe: list[L2BlockRef]
    blocks: list[Any]

    def span(self, first: int = 3, last: int = 8, **changes: Any) -> SpanBatch:
        chosen = [(block.ref, block.transactions) for block in self.blocks[first:last]]
        return dataclasses.replace(span_batch_of(chosen, self.config), **changes)

    def single(self, index: int = 3, **changes: Any) -> SingularBatch:
        return dataclasses.replace(singular_of(self.blocks[index]), **changes)

    def with_(self, **changes: Any) -> BatchContext:
        return dataclasses.replace(self.context, **changes)


@pytest.fixture
def scene(l1: L1Chain) -> Scene:
    config = make_rollup_config(l1, seq_window_size=10)
    l1.mine_empty(4)
    sequencer = Sequencer(config, l1)
    blocks = sequencer.build_many(8)
    safe = [genesis_ref(config), *(block.ref for block in blocks[:3])]
    context = BatchContext(
        config=config,
        safe_head=safe[-1],
        origins=[block.ref for block in l1.blocks],
        included=L1BlockNumber(104),
        safe_block=lambda number: safe[number],
    )
    return Scene(config, context, safe, blocks)


def test_accepts_the_sequencers_own_batches(scene: Scene) -> None:
    assert check_singular_batch(scene.single(), scene.context) is ACCEPT
    assert check_span_batch(scene.span(), scene.context) is ACCEPT
    assert check_span_batch(scene.span(first=0), scene.context) is ACCEPT


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"timestamp": UnixSeconds(1_000_006)}, PAST),
        ({"timestamp": UnixSeconds(1_000_010)}, DROP),
        ({"parent_hash": keccak256(b"other")}, DROP),
        ({"epoch_number": L1BlockNumber(99)}, DROP),
        ({"epoch_number": L1BlockNumber(102)}, DROP),
        ({"epoch_hash": keccak256(b"other")}, DROP),
        ({"transactions": (b"",)}, DROP),
        ({"transactions": (b"\x7e\xc0",)}, DROP),
        ({"transactions": (b"\x03\xc0",)}, DROP),
        ({"transactions": (b"\x00\xc0",)}, DROP),
        ({"transactions": (b"\x05\xc0",)}, DROP),
        ({"transactions": (b"\x80",)}, DROP),
        ({"transactions": (make_transaction(), b"\x01", b"\x04", b"\xc0")}, ACCEPT),
    ],
)
def test_singular_rules(changes: dict[str, Any], verdict: BatchVerdict, scene: Scene) -> None:
    assert check_singular_batch(scene.single(**changes), scene.context) is verdict


def test_singular_batch_with_an_origin_younger_than_itself_is_dropped(scene: Scene, l1: L1Chain) -> None:
    assert l1.blocks[1].header.timestamp > scene.single().timestamp
    early = scene.single(epoch_number=L1BlockNumber(101), epoch_hash=l1.blocks[1].hash)
    assert check_singular_batch(early, scene.context) is DROP


def test_singular_batch_waits_for_an_origin_that_l1_has_not_reached(scene: Scene) -> None:
    batch = scene.single(epoch_number=L1BlockNumber(101))
    assert check_singular_batch(batch, scene.with_(origins=scene.context.origins[:1])) is UNDECIDED


def test_window_closes_after_its_last_block(scene: Scene) -> None:
    assert check_singular_batch(scene.single(), scene.with_(included=L1BlockNumber(110))) is ACCEPT
    assert check_singular_batch(scene.single(), scene.with_(included=L1BlockNumber(111))) is DROP
    assert check_span_batch(scene.span(), scene.with_(included=L1BlockNumber(110))) is ACCEPT
    assert check_span_batch(scene.span(), scene.with_(included=L1BlockNumber(111))) is DROP


@pytest.mark.parametrize(
    ("transactions", "origins", "verdict"),
    [(1, 5, DROP), (0, 5, ACCEPT), (0, 1, UNDECIDED)],
)
def test_drift_rules(transactions: int, origins: int, verdict: BatchVerdict, scene: Scene) -> None:
    config = dataclasses.replace(scene.config, max_sequencer_drift=7)
    context = scene.with_(config=config, origins=scene.context.origins[:origins])
    batch = scene.single(transactions=(make_transaction(),) * transactions)
    assert check_singular_batch(batch, context) is verdict


def test_drifted_empty_block_must_take_the_next_origin_once_it_is_old_enough(scene: Scene) -> None:
    config = dataclasses.replace(scene.config, max_sequencer_drift=7)
    current, following, *rest = scene.context.origins
    ripe = dataclasses.replace(following, timestamp=UnixSeconds(1_000_008))
    origins: list[L1BlockRef] = [current, ripe, *rest]
    context = scene.with_(config=config, origins=origins)
    assert check_singular_batch(scene.single(transactions=()), context) is DROP
    advanced = scene.single(transactions=(), epoch_number=ripe.number, epoch_hash=ripe.hash)
    assert check_singular_batch(advanced, context) is ACCEPT


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"first_timestamp": UnixSeconds(1_000_010)}, DROP),
        ({"first_timestamp": UnixSeconds(1_000_007)}, DROP),
        ({"first_timestamp": UnixSeconds(999_000)}, PAST),
        ({"parent_check": b"\x01" * 20}, DROP),
        ({"origin_check": b"\x01" * 20}, DROP),
        ({"last_epoch_number": L1BlockNumber(104)}, DROP),
        ({"last_epoch_number": L1BlockNumber(105)}, DROP),
        ({"last_epoch_number": L1BlockNumber(99)}, DROP),
        ({"last_epoch_number": L1BlockNumber(0)}, DROP),
    ],
)
def test_span_rules(changes: dict[str, Any], verdict: BatchVerdict, scene: Scene) -> None:
    assert check_span_batch(scene.span(**changes), scene.context) is verdict


def test_span_that_starts_two_epochs_ahead_is_dropped(scene: Scene) -> None:
    for number, verdict in ((102, ACCEPT), (103, DROP)):
        origin = scene.context.origin(number)
        assert origin is not None
        ahead = scene.span(last_epoch_number=origin.number, origin_check=origin.hash[:20])
        assert ahead.first_epoch_number == number - 1
        assert check_span_batch(ahead, scene.context) is verdict


def test_span_batch_waits_for_its_last_origin(scene: Scene) -> None:
    assert check_span_batch(scene.span(), scene.with_(origins=scene.context.origins[:1])) is UNDECIDED


def test_span_that_ends_at_the_safe_head_is_past(scene: Scene) -> None:
    assert check_span_batch(scene.span(first=0, last=3), scene.context) is PAST
    assert check_span_batch(scene.span(first=0, last=4), scene.context) is ACCEPT


def test_span_from_before_genesis_or_an_unknown_parent_is_dropped(scene: Scene) -> None:
    early = scene.span(first=0, first_timestamp=UnixSeconds(1_000_000))
    assert check_span_batch(early, scene.context) is DROP
    assert check_span_batch(scene.span(first=1), scene.with_(safe_block=lambda number: None)) is DROP


def test_overlapping_span_whose_origin_goes_back_is_dropped(scene: Scene) -> None:
    parent = dataclasses.replace(scene.safe[1], l1_origin=dataclasses.replace(scene.safe[1].l1_origin, number=101))
    assert check_span_batch(scene.span(first=1), scene.with_(safe_block=lambda number: parent)) is DROP


def test_empty_batch_only_once_the_window_has_closed(scene: Scene) -> None:
    assert empty_batch(scene.with_(included=L1BlockNumber(109))) is None
    forced = empty_batch(scene.with_(included=L1BlockNumber(110)))
    assert forced is not None
    assert (forced.epoch_number, forced.transactions, forced.parent_hash) == (100, (), scene.safe[-1].hash)
    assert empty_batch(scene.with_(included=L1BlockNumber(110), origins=scene.context.origins[:1])) is None


def test_next_epochs_first_forced_block_waits_for_that_epochs_own_window(scene: Scene) -> None:
    head = dataclasses.replace(scene.safe[-1], timestamp=UnixSeconds(1_000_010), hash=Hash32(b"\x05" * 32))
    assert empty_batch(scene.with_(safe_head=head, included=L1BlockNumber(110))) is None
    forced = empty_batch(scene.with_(safe_head=head, included=L1BlockNumber(111)))
    assert forced is not None
    assert forced.epoch_number == 101
