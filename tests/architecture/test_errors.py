"""Every expected error says what it is, how bad, whose doing, and one JSON-RPC code (DESIGN.md section 8)."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from state.errors import Blame, NodeError, Severity


def _all_errors() -> Iterator[type[NodeError]]:
    for package in ("state", "rollup", "rpc", "node", "p2p"):
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    queue = [NodeError]
    while queue:
        error = queue.pop()
        yield error
        queue.extend(error.__subclasses__())


@pytest.mark.parametrize("error", sorted(set(_all_errors()), key=lambda e: e.__qualname__), ids=lambda e: e.__name__)
def test_error_says_what_it_is(error: type[NodeError]) -> None:
    assert error.__doc__
    assert "__doc__" in error.__dict__
    assert isinstance(error.severity, Severity)
    assert isinstance(error.blame, Blame)
    assert isinstance(error.rpc_code, int)
    assert error.rpc_code not in {-32603}
