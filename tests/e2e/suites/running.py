"""A node for other people's suites, and one run of each suite against it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from tests.e2e.conftest import ProcessGroup, answers_calls, wait_until
from tests.e2e.suites.known import Known, unexplained
from tests.ports import free_ports

SUITES: Final = Path(__file__).parents[4] / "shared" / "suites"
"""Beside the repository; they are nobody's to copy."""
CHAIN_ID: Final = 131_277_322_940_537
"""The one that web3.py's classes name."""
TRANSPORTS: Final = ("TestHttp", "TestAsyncHttp", "TestWs")
ATTEMPTS: Final = 5
SUITE_SECONDS: Final = 1_200
"""Of one run; on an idle machine of two cores it takes one minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A fresh chain under test."""

    name: str
    rpc: str
    ws: str
    keys: tuple[str, ...]
    """Of prefunded accounts, which the node holds too."""
    directory: Path


def start_node(processes: ProcessGroup, directory: Path, name: str, options: Iterable[str]) -> Node:
    """`openledger devnet`, once it says that all answers."""
    first_port = free_ports(4)[0]
    data = directory / name
    ports = [f"--rpc-port={first_port}", f"--l1-port={first_port + 1}", f"--p2p-port={first_port + 2}"]
    command = ["devnet", *options, f"--chain-id={CHAIN_ID}", "--block-time=1", f"--data-dir={data}", *ports]
    processes.openledger(name, *command)

    def described() -> bool:
        processes.check()
        return (data / "devnet.json").exists()

    wait_until(described, "devnet.json")
    described_as = json.loads((data / "devnet.json").read_text())
    rpc = described_as["l2"]["sequencer"]["rpc"]
    wait_until(lambda: answers_calls(rpc), "an answer from a reader process")
    return Node(
        name=name,
        rpc=rpc,
        ws=described_as["l2"]["sequencer"]["ws"],
        keys=tuple(account["privateKey"] for account in described_as["accounts"]),
        directory=directory,
    )


@dataclass(slots=True)
class Verdict:
    """What the web3.py suite found."""

    tests: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """`Class::test[parameters]` to the last words of its failure, of those that no further attempt healed."""
    healed: list[str] = field(default_factory=list)


def run_web3py(node: Node, accounts: str, known: tuple[Known, ...]) -> Verdict:
    """The whole suite, one test after the other, then what failed without a known reason again.

    The suite sends from one account, mostly without waiting, to a chain that seals a block each second. A test that
    replaces a pending transaction or reads the head twice now and then loses to the next block; one that delegates its
    account finds what the same test of another transport left there. So each further attempt has accounts of its own.
    """
    verdict = Verdict(failed=_finish(_start(node, accounts, "all", first_key=0)))
    verdict.tests = _count(node.directory / f"{node.name}-all.xml")
    for attempt in range(1, ATTEMPTS):
        again = unexplained(verdict.failed, known)
        running = {
            transport: _start(node, accounts, f"{transport}-{attempt}", first_key=3 * attempt + place, only=tests)
            for place, transport in enumerate(TRANSPORTS)
            if (tests := [test for test in again if test.startswith(transport)])
        }
        still = {test: why for run in running.values() for test, why in _finish(run).items()}
        verdict.healed += [test for test in again if test not in still]
        verdict.failed = {test: why for test, why in verdict.failed.items() if test not in again} | still
    return verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    process: subprocess.Popen[bytes]
    report: Path
    output: Path


def _start(node: Node, accounts: str, label: str, *, first_key: int, only: Iterable[str] = ()) -> _Run:
    report, output = (node.directory / f"{node.name}-{label}.{kind}" for kind in ("xml", "txt"))
    keys = [node.keys[(first_key + place) % len(node.keys)] for place in range(3)]
    mine = {"RPC_URL": node.rpc, "WS_URL": node.ws, "KEYS": ",".join(keys), "ACCOUNTS": accounts}
    tests = [f"test_web3py.py::{test}" for test in only]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "--tb=line", f"--junitxml={report}", *tests],
            cwd=SUITES / "web3py",
            env=_environment() | mine | {"EXTRA_NS": "debug,txpool"},
            stdout=file,
            stderr=file,
        )
    return _Run(process=process, report=report, output=output)


def _environment() -> dict[str, str]:
    """Ours, without what this pytest run says to its own processes, and writing nothing into the suites' folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return inherited | {"PYTHONDONTWRITEBYTECODE": "1"}


def _finish(run: _Run) -> dict[str, str]:
    """The failed tests, once the run has ended."""
    try:
        run.process.wait(timeout=SUITE_SECONDS)
    finally:
        run.process.kill()
        run.process.wait()
    assert run.report.exists(), run.output.read_text(errors="replace")[-3000:]
    failed = {}
    for case in ElementTree.parse(run.report).iter("testcase"):  # noqa: S314 - pytest has just written it
        problem = case.find("failure")
        problem = case.find("error") if problem is None else problem
        if problem is not None:
            failed[f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"] = problem.get("message", "")
    return failed


def _count(report: Path) -> int:
    return sum(1 for _ in ElementTree.parse(report).iter("testcase"))  # noqa: S314 - as above


def run_openrpc(node: Node) -> dict[str, Any]:
    """The OpenRPC suite: each case to its verdict and why."""
    report = node.directory / f"{node.name}-openrpc.json"
    done = subprocess.run(
        [sys.executable, "run_schema.py", "-v", "--json", str(report)],
        cwd=SUITES / "openrpc",
        env=_environment() | {"RPC_URL": node.rpc, "KEYS": node.keys[9]},
        capture_output=True,
        text=True,
        timeout=SUITE_SECONDS,
        check=False,
    )
    assert report.exists(), done.stdout[-1500:] + done.stderr[-1500:]
    cases: dict[str, Any] = json.loads(report.read_text())
    return cases
