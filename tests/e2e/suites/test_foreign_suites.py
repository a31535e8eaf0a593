"""The suites in `../shared/suites`, which web3.py's authors and ethereum/execution-apis wrote, against our nodes.

All of them pass but for the lists in `known.py`. The rollup is asked with keys that the suite holds, the sandbox with
keys that the node holds. Both nodes run at once, for most of the time goes by in waiting for blocks.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.conftest import ProcessGroup
from tests.e2e.suites.known import (
    CLIENT_SIDE,
    FIRST_IN_ITS_BLOCK,
    PENDING_BLOCK,
    SIGNED_BY_THE_SUITE,
    Known,
    outdated,
    unexplained,
)
from tests.e2e.suites.running import SUITES, Node, Verdict, run_openrpc, run_web3py, start_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How one node is started and asked."""

    name: str
    options: tuple[str, ...]
    accounts: str
    """The suite's account mode."""
    known: tuple[Known, ...]


ROLLUP = Setting(
    name="rollup",
    options=("--no-demo", "--followers=0", "--l1-block-time=2"),
    accounts="local",
    known=(*CLIENT_SIDE, *SIGNED_BY_THE_SUITE, *FIRST_IN_ITS_BLOCK),
)
SANDBOX = Setting(name="sandbox", options=("--sandbox",), accounts="node", known=CLIENT_SIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What both suites found on one node."""

    web3py: Verdict
    openrpc: dict[str, Any]


def _examine(node: Node, setting: Setting) -> Found:
    web3py = run_web3py(node, setting.accounts, setting.known)  # first: some of its tests want a fresh chain
    return Found(web3py=web3py, openrpc=run_openrpc(node))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]) -> Iterator[dict[str, Found]]:
    """Both suites' verdicts, by the node's name."""
    if not SUITES.is_dir():
        reason = "web3.py's and OpenRPC's suites do not run: there is no ../shared/suites beside the repository"
        tell(reason)
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("suites")
    processes = ProcessGroup(directory)
    settings = (ROLLUP, SANDBOX)
    try:
        nodes = [start_node(processes, directory, setting.name, setting.options) for setting in settings]
        with ThreadPoolExecutor() as pool:
            verdicts = list(pool.map(_examine, nodes, settings))
        yield {setting.name: verdict for setting, verdict in zip(settings, verdicts, strict=True)}
    finally:
        processes.stop()


@pytest.mark.parametrize("setting", [ROLLUP, SANDBOX], ids=lambda setting: setting.name)
def test_web3py_passes_all_but_what_no_node_can_pass(
    found: dict[str, Found], setting: Setting, tell: Callable[[str], None]
) -> None:
    verdict = found[setting.name].web3py
    passed = verdict.tests - len(verdict.failed)
    tell(f"web3.py on the {setting.name}: {passed} of {verdict.tests}, {len(verdict.healed)} of them later")
    assert verdict.tests >= 701
    assert {test: verdict.failed[test] for test in unexplained(verdict.failed, setting.known)} == {}
    assert outdated(verdict.failed, setting.known) == []


@pytest.mark.parametrize("setting", [ROLLUP, SANDBOX], ids=lambda setting: setting.name)
def test_every_openrpc_case_answers_within_its_schema(
    found: dict[str, Found], setting: Setting, tell: Callable[[str], None]
) -> None:
    cases = found[setting.name].openrpc
    failed = {case: verdict for case, verdict in cases.items() if verdict[0] != "ok"}
    tell(f"OpenRPC on the {setting.name}: {len(cases) - len(failed)} of {len(cases)}")
    assert len(cases) >= 151
    assert {case: verdict for case, verdict in failed.items() if case not in PENDING_BLOCK} == {}
    assert set(failed) == PENDING_BLOCK
