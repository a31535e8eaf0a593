"""One devnet for all attacks. When they are over it must be what it was: see `_is_unharmed`."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.e2e.network.devnets import Devnet, wait_for
from tests.hostile.target import MEBIBYTE, Target, Watch

MOST_RESIDENT: Final = 1_024 * MEBIBYTE
"""Of any of the node's processes, whatever it was sent."""
IDLE_SECONDS: Final = 3.0


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]) -> Iterator[Target]:
    devnet = Devnet(tmp_path_factory.mktemp("hostile"), followers=0)
    try:
        found = Target(devnet.start())
        watch = Watch(devnet.description["pids"]["sequencer"])
        watch.start()
        yield found
        watch.end()
        tell(f"peak resident memory under attack: {watch}")
        _is_unharmed(found, watch)
        found.http.close()
    finally:
        if devnet.process is not None and not devnet.process_ended():
            devnet.stop()


def _is_unharmed(target: Target, watch: Watch) -> None:
    """Builds blocks, answers about state, is healthy, has met no bug, took no more memory than it may, and rests."""
    assert not target.devnet.process_ended(), target.devnet.output()
    target.wait_for_a_block()
    assert int(target.result("eth_getBalance", "0x" + "99" * 20, "latest"), 16) >= 0
    assert target.http.get(target.url + "healthz").status_code == 200
    log = target.devnet.log("sequencer")
    assert "rpc.bug" not in log, log[log.index("rpc.bug") :][:3_000]
    assert "Traceback" not in log, log[log.index("Traceback") :][:3_000]
    assert max(watch.peaks.values()) < MOST_RESIDENT, watch
    wait_for(lambda: _is_idle(watch), "a process family at rest", 120)


def _is_idle(watch: Watch) -> bool:
    """No process of the family keeps half a core for three seconds."""
    before = watch.cpu_seconds()
    time.sleep(IDLE_SECONDS)
    return all(used - before.get(pid, 0.0) < IDLE_SECONDS / 2 for pid, used in watch.cpu_seconds().items())
