"""`kill -9` of the devnet's own process, whose children nobody stops then."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.network.devnets import Devnet, send, wait_for

pytestmark = pytest.mark.slow


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"  # a zombie that a container's first process has not collected


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_killed_devnet_takes_its_processes_along_and_carries_on_when_started_again(
    make_devnet: Callable[..., Devnet],
) -> None:
    devnet = make_devnet().start()
    receipt = send(devnet.follower, devnet.account(2), to=devnet.account(3).address, value=1)
    assert devnet.process is not None
    children = devnet.description["pids"].values()
    devnet.process.send_signal(signal.SIGKILL)
    devnet.process.wait()
    assert (devnet.directory / "devnet.json").exists(), "nobody could remove it"
    wait_for(lambda: not any(map(_is_running, children)), "the end of the killed devnet's processes")
    (devnet.directory / "devnet.json").rename(devnet.directory / "stale.json")  # start() waits for the new one
    devnet.start()
    for web3 in (devnet.sequencer, devnet.follower):
        wait_for(lambda web3=web3: web3.eth.block_number > receipt["blockNumber"], "the next block")
        assert web3.eth.get_block(receipt["blockNumber"])["hash"] == receipt["blockHash"]
