"""What holds for all tests: blocks that processes built are compared once everything has stopped.

Tests that start processes run on two workers of pytest-xdist (`make test`). Those that share a devnet or a folder of
npm's packages are one group, which one worker runs from its first test to its last.

The processes of both workers share what cores there are, and so a test of them has `BUSY_SECONDS`.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests import compared

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # properties are judged by what they find: a busy machine makes any example slow

TOGETHER: Final = ("e2e/suites", "hostile", "byzantine", "e2e/clients", "e2e/wallets", "e2e/network", "e2e/sandbox")
"""Folders whose tests share what runs, or (wallets, with clients) what clients have started. They take longest, and so
they are begun first, in this order."""
OF_PROCESSES: Final = ("e2e/", "chaos/", "docs/", "hostile/", "byzantine/", "actions/network/")
BUSY_SECONDS: Final = 1_800
"""For a test that starts processes, its fixtures' devnets among them, unless it names its own limit: only what hangs
shall end here, not what a busy machine is slow with."""
_LINES: Final = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    for name in ("NO_PROXY", "no_proxy"):  # what tests start is on this machine, whatever proxy leads out of it
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
    config.stash[_LINES] = []
    config.pluginmanager.register(_Shared(), "shared")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _turn(_group(item.nodeid)))
    if config.getvalue("timeout") is None:  # the command line's holds for all
        for item in items:
            is_of_processes = _place(item.nodeid).startswith(OF_PROCESSES)
            if is_of_processes and item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(BUSY_SECONDS))


def _place(nodeid: str) -> str:
    """The test's file, below this folder."""
    return nodeid.partition("::")[0].removeprefix("tests/")


def _group(nodeid: str) -> str:
    """The folder whose tests share what runs, or the test's file."""
    path = _place(nodeid)
    folder = next((one for one in TOGETHER if path.startswith(f"{one}/")), path)
    return folder.replace("wallets", "clients")


def _turn(group: str) -> int:
    """pytest orders by path what its arguments name twice, and so the order is made here."""
    return TOGETHER.index(group) if group in TOGETHER else len(TOGETHER)


class _Groups(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types for its schedulers
    """Which tests one worker runs together: `--dist=loadscope`, with groups of our own."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Groups | None:
    return _Groups(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line to the summary at the end of the run, whichever worker found it."""
    return request.config.stash[_LINES].append


@pytest.fixture(scope="session", autouse=True)
def every_block_is_compared(tell: Callable[[str], None]) -> Iterator[None]:
    """Set up before all other fixtures, and so torn down after them."""
    yield
    found = compared.compare_everything()
    if found.chains:
        tell(str(found))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    if nextitem is None:  # the comparison of all blocks takes its time; it isn't the last test's
        item.config.hook.pytest_timeout_cancel_timer(item=item)
    yield


class _Shared:
    """Session fixtures of the folders, of which pytest itself thinks that the session needs them to its end.

    A plugin of its own: pytest asks no conftest.py about session fixtures but that of the root.
    """

    def __init__(self) -> None:
        self._fixtures: dict[pytest.FixtureDef[Any], None] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        if fixturedef.scope == "session" and fixturedef.baseid.startswith("tests/"):
            self._fixtures[fixturedef] = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
        """What a group's tests shared ends with the last of them, so that no devnet runs beside other groups' tests."""
        yield
        if nextitem is None or _group(nextitem.nodeid) == _group(item.nodeid):
            return
        while self._fixtures:
            fixture, _ = self._fixtures.popitem()
            fixture.finish(item._request)  # type: ignore[attr-defined]  # every item that is a function has one


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["lines"] = session.config.stash[_LINES]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """On the controller of pytest-xdist, with what the worker's `pytest_sessionfinish` left."""
    node.config.stash[_LINES] += getattr(node, "workeroutput", {}).get("lines", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash[_LINES]:
        terminalreporter.write_line(line)
