"""One devnet for all attacks. When they are over it must be what it was: see `_is_unharmed`."""

import resource
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.e2e.network.devnets import Devnet, wait_for
from tests.hostile.target import MEBIBYTE, Target, Watch, call

MOST_RESIDENT: Final = 1_024 * MEBIBYTE
"""Of any of the node's processes, whatever it was sent."""
IDLE_SECONDS: Final = 3.0
RESTS_WITHIN: Final = 300.0
FILES: Final = 8_192
"""Open files of the attacker and of the node that it starts: more than a thousand connections are made at once."""


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]) -> Iterator[Target]:
    devnet = Devnet(tmp_path_factory.mktemp("hostile"), followers=0)
    _allow_many_files()
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


def _allow_many_files() -> None:
    """As many as the system lets us, where it began with fewer than are needed."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


@pytest.fixture
def reader(target: Target) -> None:
    """A reader process that answers: one that was ended with an attacker's question is soon replaced."""
    question = call("eth_call", {"to": "0x" + "99" * 20}, "latest")
    wait_for(lambda: "result" in target.ask(question), "an answer from a reader process")


def _is_unharmed(target: Target, watch: Watch) -> None:
    """Builds blocks, answers about state, is healthy, has met no bug, took no more memory than it may, and rests."""
    assert not target.devnet.process_ended(), target.devnet.output()
    target.wait_for_a_block()
    assert int(target.result("eth_getBalance", "0x" + "99" * 20, "latest"), 16) >= 0
    wait_for(lambda: target.http.get(target.url + "healthz").status_code == 200, "health", RESTS_WITHIN)
    log = target.devnet.log("sequencer")
    assert "rpc.bug" not in log, log[log.index("rpc.bug") :][:3_000]
    assert "Traceback" not in log, log[log.index("Traceback") :][:3_000]
    assert max(watch.peaks.values()) < MOST_RESIDENT, watch
    wait_for(lambda: _is_idle(watch), "a process family at rest", RESTS_WITHIN)


def _is_idle(watch: Watch) -> bool:
    """No process of the family keeps half a core for three seconds."""
    before = watch.cpu_seconds()
    time.sleep(IDLE_SECONDS)
    return all(used - before.get(pid, 0.0) < IDLE_SECONDS / 2 for pid, used in watch.cpu_seconds().items())
