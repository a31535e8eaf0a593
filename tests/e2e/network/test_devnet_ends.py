"""How a devnet ends when it is told twice, and when one of its processes dies."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress

from tests.e2e.network.devnets import ENDS_WITHIN, Devnet, wait_for


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_second_signal_is_answered_and_changes_nothing(make_devnet: Callable[..., Devnet]) -> None:
    devnet = make_devnet(followers=0).start()
    assert devnet.process is not None
    sequencer = devnet.description["pids"]["sequencer"]
    os.kill(sequencer, signal.SIGSTOP)  # so that the devnet has something to wait for
    try:
        devnet.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "Stopping ..." in devnet.output(), "the end's beginning")
        devnet.process.send_signal(signal.SIGINT)
        wait_for(lambda: "Still stopping" in devnet.output(), "the answer")
    finally:
        with suppress(ProcessLookupError):  # the devnet waits 20 s for it
            os.kill(sequencer, signal.SIGCONT)
    assert devnet.process.wait(timeout=ENDS_WITHIN) == 0, devnet.output()
    assert devnet.output().rstrip().endswith("Stopped.")
    assert "Traceback" not in devnet.output()
    assert not any(map(_is_running, devnet.description["pids"].values()))


def test_process_that_dies_stops_the_devnet_with_the_end_of_its_log(make_devnet: Callable[..., Devnet]) -> None:
    devnet = make_devnet(followers=0).start()
    assert devnet.process is not None
    os.kill(devnet.description["pids"]["sequencer"], signal.SIGKILL)
    assert devnet.process.wait(timeout=ENDS_WITHIN) == 1
    output = devnet.output()
    assert "error: sequencer was ended by SIGKILL" in output
    assert devnet.log("sequencer").splitlines()[-1] in output
    assert "Traceback" not in output
    assert not any(map(_is_running, devnet.description["pids"].values()))
    assert not (devnet.directory / "devnet.json").exists()
