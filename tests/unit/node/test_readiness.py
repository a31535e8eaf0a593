"""/healthz and /readyz: each reason is made true, alone."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from node.heartbeat import Heartbeat
from node.readers import Reader
from node.readiness import ReaderSigns, ReadinessBounds, VitalSigns, not_ready, reader_signs, unhealthy

READER = ReaderSigns(name="0", has_started=True, is_idle=True, silent_seconds=3_600.0)
WELL = VitalSigns(head_age=1.0, l1_silence=0.5, l1_lag=0, is_derived=True, readers=(READER,))
BOUNDS = ReadinessBounds(head_age=60.0, l1_silence=30.0)


def test_a_node_that_is_well_is_ready() -> None:
    assert not_ready(WELL, BOUNDS) == []
    assert not_ready(replace(WELL, head_age=60.0, l1_silence=30.0, l1_lag=10, readers=()), BOUNDS) == []


@pytest.mark.parametrize(
    ("signs", "reason"),
    [
        (replace(WELL, l1_silence=None), "L1 has not answered yet"),
        (replace(WELL, l1_silence=31.0), "L1 has not answered for 31 s"),
        (replace(WELL, is_derived=False), "derivation has not read all of L1 yet"),
        (replace(WELL, l1_lag=11), "derivation is 11 L1 blocks behind"),
        (replace(WELL, head_age=61.0), "the unsafe head is 61 s old, at most 60 s are fine"),
        (replace(WELL, readers=(replace(READER, has_started=False),)), "reader 0 is starting"),
        (
            replace(WELL, readers=(READER, replace(READER, name="1", is_idle=False))),
            "reader 1 has not answered for 3600 s",
        ),
    ],
)
def test_each_reason_keeps_traffic_away_by_itself(signs: VitalSigns, reason: str) -> None:
    assert not_ready(signs, BOUNDS) == [reason]


def test_all_reasons_are_told_at_once() -> None:
    ill = VitalSigns(
        head_age=1e6, l1_silence=1e6, l1_lag=1, is_derived=False, readers=(replace(READER, has_started=False),)
    )
    assert len(not_ready(ill, BOUNDS)) == 4


@pytest.mark.parametrize(
    ("process_id", "waiting", "restarts", "has_started", "is_idle"),
    [(None, 0, 0, False, False), (7, 0, 0, True, True), (7, 2, 0, True, False), (None, 0, 1, True, False)],
)
def test_a_reader_is_idle_only_while_its_process_is_up(
    process_id: int | None, waiting: int, restarts: int, has_started: bool, is_idle: bool
) -> None:
    reader = SimpleNamespace(name="0", process_id=process_id, waiting=waiting, restarts=restarts, answered_at=90.0)
    expected = ReaderSigns(name="0", has_started=has_started, is_idle=is_idle, silent_seconds=10.0)
    assert reader_signs(cast(Reader, reader), 100.0) == expected


def test_a_process_that_works_is_healthy_and_each_trouble_is_told(tmp_path: Path) -> None:
    evidence = tmp_path / "divergence"
    assert unhealthy(engine_silence=59.0, loop_lag=9.0, evidence=evidence) == []
    assert unhealthy(engine_silence=61.0, loop_lag=0.0, evidence=evidence) == [
        "the engine's thread has not turned for 61 s"
    ]
    assert unhealthy(engine_silence=0.0, loop_lag=11.0, evidence=evidence) == ["the event loop was held up for 11 s"]
    evidence.mkdir()
    assert unhealthy(engine_silence=0.0, loop_lag=0.0, evidence=evidence) == []
    (evidence / "block-7.json").write_text("{}")
    (reason,) = unhealthy(engine_silence=0.0, loop_lag=0.0, evidence=evidence)
    assert reason == f"executors disagreed: explain {evidence}, then move it away"


async def test_the_heartbeat_tells_a_held_up_engine_thread_from_one_that_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.heartbeat.BEAT_SECONDS", 0.01)
    go_on, again = threading.Event(), threading.Event()
    with ThreadPoolExecutor(max_workers=1) as thread:
        heartbeat = Heartbeat(thread)
        thread.submit(go_on.wait)
        beating = asyncio.create_task(heartbeat.run())
        while heartbeat.engine_silence < 0.1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        thread.submit(again.wait)  # behind the question: no later answer takes the place of that one's delay
        go_on.set()
        while heartbeat.engine_delay < 0.1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        again.set()
        while heartbeat.engine_silence > 0.05:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert heartbeat.loop_lag < 60
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
