"""A devnet that is killed leaves nothing behind that would stop or mislead the next one."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from node.devnet.command import _stopped_at

PARENT = """
import sys
from pathlib import Path
from node.devnet import processes
real = processes.subprocess.Popen
processes.subprocess.Popen = lambda command, **settings: real([sys.executable, "-c", command[3]], **settings)
child = processes.Processes(Path(sys.argv[1])).start("l1", ["import time; time.sleep(600)"])
print(child.process.pid, flush=True)
child.process.wait()
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"  # a zombie that a container's first process has not collected


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_processes_end_with_a_devnet_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    deadline = time.monotonic() + 60
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_clock_of_a_killed_devnet_stopped_with_the_last_write_of_its_l1(tmp_path: Path) -> None:
    (tmp_path / "l1" / "chain").mkdir(parents=True)
    for name, seconds in (("CURRENT", 1_000_000), ("000003.log", 2_000_000)):
        file = tmp_path / "l1" / "chain" / name
        file.write_text("")
        os.utime(file, (seconds, seconds))
    assert _stopped_at(tmp_path) == 2_000_000
    (tmp_path / "stopped-at").write_text("3000000.500\n")
    assert _stopped_at(tmp_path) == 3_000_000.5


def test_network_that_never_ran_has_not_paused(tmp_path: Path) -> None:
    assert _stopped_at(tmp_path) == pytest.approx(time.time(), abs=60)
