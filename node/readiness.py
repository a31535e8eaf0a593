"""Whether this process works and whether it should get traffic: `/healthz` and `/readyz`, with the reasons why not.

What was seen of the running parts (`VitalSigns`) is judged by pure functions, so that a test can make each reason true.
Not healthy means that a person has to look, or that the process should be started again. Not ready means that a load
balancer should send clients elsewhere for now; it passes by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.readers.reader import Reader

READER_SILENCE_SECONDS: Final = 20.0
"""Longer than any question may take (QUERY_SECONDS), with the start of a new process after it."""
L1_SILENCE_SECONDS: Final = 30.0
"""A node that polls more rarely gets five polls."""
MAX_LAG_BLOCKS: Final = 10
"""L1 blocks that derivation may still have to read."""
ENGINE_SILENCE_SECONDS: Final = 60.0
LOOP_SILENCE_SECONDS: Final = 10.0
"""A loop that was held up for so long in the last minute serves nobody well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSigns:
    """One reader process."""

    name: str
    has_started: bool
    """A process of it has been up since the node started."""
    is_idle: bool
    """It is up and nothing waits for it."""
    silent_seconds: float
    """Since it last answered or started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalSigns:
    """What a node's parts show at one moment. Ages and silences in seconds."""

    head_age: float
    """Of the unsafe head's time."""
    l1_silence: float | None
    """Since L1 last answered; None: it never has."""
    l1_lag: int
    """L1 blocks that derivation has still to read."""
    is_derived: bool
    """Derivation has read all of L1 once since the start or the last reset."""
    readers: tuple[ReaderSigns, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessBounds:
    """Seconds beyond which a node is not ready."""

    head_age: float
    l1_silence: float


def not_ready(signs: VitalSigns, bounds: ReadinessBounds) -> list[str]:
    """Why the node should get no traffic now; empty when it should."""
    reasons = []
    if signs.l1_silence is None:
        reasons.append("L1 has not answered yet")
    elif signs.l1_silence > bounds.l1_silence:
        reasons.append(f"L1 has not answered for {signs.l1_silence:.0f} s")
    if not signs.is_derived:
        reasons.append("derivation has not read all of L1 yet")
    elif signs.l1_lag > MAX_LAG_BLOCKS:
        reasons.append(f"derivation is {signs.l1_lag} L1 blocks behind")
    if signs.head_age > bounds.head_age:
        reasons.append(f"the unsafe head is {signs.head_age:.0f} s old, at most {bounds.head_age:.0f} s are fine")
    return reasons + [reason for reader in signs.readers if (reason := _silent(reader)) is not None]


def _silent(reader: ReaderSigns) -> str | None:
    if not reader.has_started:
        return f"reader {reader.name} is starting"
    if not reader.is_idle and reader.silent_seconds > READER_SILENCE_SECONDS:
        return f"reader {reader.name} has not answered for {reader.silent_seconds:.0f} s"
    return None


def reader_signs(reader: Reader, now: float) -> ReaderSigns:
    """What a reader shows; `now` on the monotonic clock."""
    is_up = reader.process_id is not None
    return ReaderSigns(
        name=reader.name,
        has_started=is_up or reader.restarts > 0,
        is_idle=is_up and not reader.waiting,
        silent_seconds=now - reader.answered_at,
    )


def unhealthy(*, engine_silence: float, loop_lag: float, evidence: Path) -> list[str]:
    """Why this process does not work as it should; empty when it does.

    `engine_silence`: since the engine's thread last turned. `loop_lag`: what the event loop was held up for lately.
    `evidence`: the directory where an audit that found a difference leaves both results.
    """
    reasons = []
    if engine_silence > ENGINE_SILENCE_SECONDS:
        reasons.append(f"the engine's thread has not turned for {engine_silence:.0f} s")
    if loop_lag > LOOP_SILENCE_SECONDS:
        reasons.append(f"the event loop was held up for {loop_lag:.0f} s")
    if _files(evidence):
        reasons.append(f"executors disagreed: explain {evidence}, then move it away")
    return reasons


def _files(directory: Path) -> Sequence[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return ()
