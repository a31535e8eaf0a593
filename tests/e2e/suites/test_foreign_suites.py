"""The suites in `../shared/suites`, which web3.py's authors and ethereum/execution-apis wrote, against our nodes.

All of them pass but for the lists in `known.py`. The rollup is asked with keys that the suite holds, the sandbox with
keys that the node holds, and nightly the other way round. Both nodes run at
once, for most of the time goes by in waiting for blocks.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
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


ON_ROLLUP = ("--no-demo", "--followers=0", "--l1-block-time=2")
ROLLUP = Setting(
    name="rollup",
    options=ON_ROLLUP,
    accounts="local",
    known=(*CLIENT_SIDE, *SIGNED_BY_THE_SUITE, *FIRST_IN_ITS_BLOCK),
)
SANDBOX = Setting(name="sandbox", options=("--sandbox",), accounts="node", known=CLIENT_SIDE)
OTHER_WAY_ROUND = (
    Setting(name="rollup", options=ON_ROLLUP, accounts="node", known=(*CLIENT_SIDE, *FIRST_IN_ITS_BLOCK)),
    Setting(name="sandbox", options=("--sandbox",), accounts="local", known=(*CLIENT_SIDE, *SIGNED_BY_THE_SUITE)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What both suites found on one node."""

    web3py: Verdict
    openrpc: dict[str, Any]


def _examine(node: Node, setting: Setting) -> Found:
    web3py = run_web3py(node, setting.accounts, setting.known)  # first: some of its tests want a fresh chain
    return Found(web3py=web3py, openrpc=run_openrpc(node))


def _found(directory: Path, tell: Callable[[str], None], *settings: Setting) -> dict[str, Found]:
    """Both suites' verdicts, by the node's name."""
    if not SUITES.is_dir():
        reason = "web3.py's and OpenRPC's suites do not run: there is no ../shared/suites beside the repository"
        tell(reason)
        pytest.skip(reason)
    processes = ProcessGroup(directory)
    try:
        nodes = [start_node(processes, directory, setting.name, setting.options) for setting in settings]
        with ThreadPoolExecutor() as pool:
            verdicts = list(pool.map(_examine, nodes, settings))
    finally:
        processes.stop()
    found = {setting.name: verdict for setting, verdict in zip(settings, verdicts, strict=True)}
    for setting in settings:
        web3py, openrpc = found[setting.name].web3py, found[setting.name].openrpc
        passed, answered = web3py.tests - len(web3py.failed), len(openrpc) - len(_failed(openrpc))
        tell(
            f"{setting.name}, {setting.accounts} accounts: web3.py {passed} of {web3py.tests}, "
            f"{len(web3py.healed)} of them later; OpenRPC {answered} of {len(openrpc)}"
        )
    return found


def _failed(cases: dict[str, Any]) -> dict[str, Any]:
    return {case: verdict for case, verdict in cases.items() if verdict[0] != "ok"}


def _judge_web3py(verdict: Verdict, known: tuple[Known, ...]) -> None:
    assert verdict.tests >= 701
    assert {test: verdict.failed[test] for test in unexplained(verdict.failed, known)} == {}
    assert outdated(verdict.failed, known) == []


def _judge_openrpc(cases: dict[str, Any]) -> None:
    assert len(cases) >= 151
    failed = _failed(cases)
    assert {case: verdict for case, verdict in failed.items() if case not in PENDING_BLOCK} == {}
    assert set(failed) == PENDING_BLOCK


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]) -> dict[str, Found]:
    return _found(tmp_path_factory.mktemp("suites"), tell, ROLLUP, SANDBOX)


@pytest.mark.parametrize("setting", [ROLLUP, SANDBOX], ids=lambda setting: setting.name)
def test_web3py_passes_all_but_what_no_node_can_pass(found: dict[str, Found], setting: Setting) -> None:
    _judge_web3py(found[setting.name].web3py, setting.known)


@pytest.mark.parametrize("setting", [ROLLUP, SANDBOX], ids=lambda setting: setting.name)
def test_every_openrpc_case_answers_within_its_schema(found: dict[str, Found], setting: Setting) -> None:
    _judge_openrpc(found[setting.name].openrpc)


@pytest.mark.nightly
def test_both_suites_pass_with_the_other_account_modes_too(tmp_path: Path, tell: Callable[[str], None]) -> None:
    found = _found(tmp_path, tell, *OTHER_WAY_ROUND)
    for setting in OTHER_WAY_ROUND:
        _judge_web3py(found[setting.name].web3py, setting.known)
        _judge_openrpc(found[setting.name].openrpc)
