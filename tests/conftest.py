"""What holds for all tests: blocks that processes built are compared once everything has stopped."""

from collections.abc import Iterator

import pytest

from tests import compared

_LINE = pytest.StashKey[str]()


@pytest.fixture(scope="session", autouse=True)
def every_block_is_compared(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set up before all other fixtures, and so torn down after them."""
    yield
    found = compared.compare_everything()
    if found.chains:
        request.config.stash[_LINE] = str(found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _LINE in config.stash:
        terminalreporter.write_line(config.stash[_LINE])
