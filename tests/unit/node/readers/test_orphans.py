"""A reader never outlives its node."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


def ended_within(process_id: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = Path(f"/proc/{process_id}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.02)
    os.kill(process_id, 9)
    return False


@pytest.mark.parametrize(("state", "seconds"), [("idle", 60.0), ("busy", 120.0)])
def test_a_reader_ends_after_its_node_was_killed(tmp_path: Path, state: str, seconds: float) -> None:
    command = [sys.executable, "-m", "tests.unit.node.readers.die_with_reader", str(tmp_path), state]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as node:
        assert node.stdout is not None
        process_id = int(node.stdout.readline())
        time.sleep(0.1)  # long enough for the question to have begun
        node.kill()
        assert ended_within(process_id, seconds)
