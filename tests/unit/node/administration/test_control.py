"""What the admin port finds in a process that has no sequencer, and how loud it logs."""

from typing import Any, cast

import pytest
import structlog

from node.administration import AdminControl
from node.config import Role
from node.errors import PartMissing
from node.telemetry import configure_logging
from rollup.engine import Engine
from state.primitives.types import Hash32


def follower() -> AdminControl:
    return AdminControl(role=Role.FOLLOWER, client_version="test", engine=cast("Engine", None), rpc_port=lambda: 8_546)


async def test_follower_has_nothing_to_start_or_stop() -> None:
    control = follower()
    assert control.sequencer_active() is False
    assert control.peers() == ()
    for attempt in (control.start_sequencer(Hash32(bytes(32))), control.stop_sequencer()):
        with pytest.raises(PartMissing, match="sequencer is not enabled: this node is a follower"):
            await attempt
    for attempt in (control.start_batcher(), control.stop_batcher()):  # type: ignore[assignment]
        with pytest.raises(PartMissing, match="batcher is not enabled"):
            await attempt


def test_log_level_changes_for_loggers_that_exist_already(capfd: pytest.CaptureFixture[str]) -> None:
    kept: dict[str, Any] = structlog.get_config()
    try:
        configure_logging("warning", "json")
        log = structlog.get_logger("test")
        log.info("before")
        log.warning("heard")
        follower().set_log_level("debug")
        log.debug("after")
        follower().set_log_level("error")
        log.warning("too quiet")
        log.error("loud")
    finally:
        structlog.configure(**kept)
        follower().set_log_level("info")
    written = capfd.readouterr().err
    assert [word in written for word in ("before", "heard", "after", "too quiet", "loud")] == [
        False, True, True, False, True,
    ]  # fmt: skip
