"""What a node that catches up says on its terminal."""

from types import SimpleNamespace
from typing import Any

from structlog.testing import capture_logs

from node.progress import ProgressReport
from rpc.values import SyncProgress
from state.primitives.types import BlockNumber


class Followed:
    """A node at a block of 1,000, and the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.block: int | None = 100
        status: Any = SimpleNamespace(
            unsafe_l2=SimpleNamespace(number=1_000),
            current_l1=SimpleNamespace(number=7),
            head_l1=SimpleNamespace(number=9),
        )
        self.report = ProgressReport(syncing=self.progress, status=lambda: status, clock=lambda: self.now)

    def progress(self) -> SyncProgress | None:
        if self.block is None:
            return None
        return SyncProgress(
            starting_block=BlockNumber(0), current_block=BlockNumber(self.block), highest_block=BlockNumber(1_000)
        )


def test_says_how_far_it_is_how_fast_and_how_long_yet() -> None:
    node = Followed()
    with capture_logs() as logs:
        node.report.report()
        node.now, node.block = 10.0, 400
        node.report.report()
    assert [(line["event"], line["block"], line["of"]) for line in logs] == [
        ("node.syncing", 100, 1_000),
        ("node.syncing", 400, 1_000),
    ]
    assert (logs[0]["blocks_per_second"], logs[0]["seconds_left"]) == (None, None)
    assert (logs[1]["blocks_per_second"], logs[1]["seconds_left"]) == (30.0, 20)
    assert (logs[1]["l1"], logs[1]["of_l1"]) == (7, 9)


def test_says_once_that_it_is_in_step_and_then_nothing() -> None:
    node = Followed()
    with capture_logs() as logs:
        node.report.report()
        node.block = None
        node.report.report()
        node.report.report()
    assert [line["event"] for line in logs] == ["node.syncing", "node.in_step"]


def test_a_node_that_does_not_move_has_no_time_left_to_tell() -> None:
    node = Followed()
    with capture_logs() as logs:
        node.report.report()
        node.now = 5.0
        node.report.report()
    assert logs[1]["seconds_left"] is None
