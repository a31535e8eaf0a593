"""The blocks that say `live`, run against a devnet as a reader would run them, ports and directory apart."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests import compared
from tests.docs.blocks import ROOT, Block, blocks
from tests.e2e.conftest import answers_calls, wait_until
from tests.ports import free_ports

START_SECONDS = 300.0
END_SECONDS = 120.0
OPENLEDGER = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m node "$@"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Devnet:
    """A running devnet whose ports are not the default ones, and the shell of somebody beside it."""

    directory: Path
    ports: dict[int, int]
    """Documented port -> this devnet's."""
    process: subprocess.Popen[bytes]

    def stop(self) -> int:
        """Stops the devnet as Ctrl-C does; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(END_SECONDS)

    def adapt(self, text: str) -> str:
        """`text` with this devnet's ports."""
        for documented, port in self.ports.items():
            text = text.replace(f"127.0.0.1:{documented}", f"127.0.0.1:{port}")
        return text

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """The script in a shell that stops at the first failure, with defaults of the commands adapted too."""
        script = "\n".join(self._with_ports(line) for line in script.replace("\\\n", " ").splitlines())
        environment = os.environ | {"PATH": f"{self.directory}:{os.environ['PATH']}"}
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.adapt(script)],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def _with_ports(self, line: str) -> str:
        """A user command's default URLs are the default ports': they are given here, where a reader leaves them out."""
        if line.startswith("openledger") and "--rpc" not in line:
            line += " --rpc http://127.0.0.1:8545"
            if line.split()[1] in {"bridge", "demo"}:
                line += " --l1-rpc http://127.0.0.1:8645"
        return line


@pytest.fixture(scope="module")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    directory = compared.watch(tmp_path_factory.mktemp("docs"))
    (directory / "openledger").write_text(OPENLEDGER)
    (directory / "openledger").chmod(0o755)
    rpc, _, metrics, _, l1, p2p, _ = free_ports(7)
    ports = [f"--rpc-port={rpc}", f"--metrics-port={metrics}", f"--l1-port={l1}", f"--p2p-port={p2p}"]
    command = [str(directory / "openledger"), "devnet", "--no-demo", *ports]
    log = directory / "devnet.log"
    with log.open("wb") as output:
        environment = compared.environment()
        process = subprocess.Popen(command, cwd=directory, stdout=output, stderr=output, env=environment)
    try:
        description = directory / "devnet-data" / "devnet.json"
        deadline = time.monotonic() + START_SECONDS
        while not description.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        assert json.loads(description.read_text())["l2"]["chainId"] == 161299
        for port in (rpc, rpc + 1, l1):
            wait_until(partial(answers_calls, f"http://127.0.0.1:{port}"), "an answer from a reader process")
        devnet = Devnet(
            directory=directory,
            ports={8545: rpc, 8546: rpc + 1, 8645: l1, 7300: metrics, 7301: metrics + 1},
            process=process,
        )
        demo = devnet.run("openledger demo --inferences 40")  # so that there is something to look at
        assert demo.returncode == 0, demo.stdout + demo.stderr
        yield devnet
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        assert process.wait(END_SECONDS) == 0, log.read_text()


def live(language: str) -> list[Block]:
    return [block for block in blocks(language) if block.live]


@pytest.mark.slow
@pytest.mark.parametrize("block", live("bash"), ids=lambda block: block.name)
def test_every_live_shell_block_works(devnet: Devnet, block: Block) -> None:
    result = devnet.run(block.text)
    assert result.returncode == 0, result.stdout + result.stderr
    assert '"error"' not in result.stdout
    assert result.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("block", live("python"), ids=lambda block: block.name)
def test_every_live_python_block_works(devnet: Devnet, block: Block) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", devnet.adapt(block.text)],
        cwd=devnet.directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_the_demo_leaves_an_epoch_that_the_attribution_page_can_rebuild(devnet: Devnet) -> None:
    result = devnet.run("openledger claim status")
    assert "1 final" in result.stdout, result.stdout + result.stderr


@pytest.mark.slow
def test_the_nodes_serve_every_metric_that_the_guide_explains(devnet: Devnet) -> None:
    served: set[str] = set()
    for documented in (7300, 7301):
        answer = devnet.run(f"curl -s http://127.0.0.1:{documented}/metrics")
        served |= set(re.findall(r"^# TYPE (openledger_\w+)", answer.stdout, re.M))  # some have no values yet
    guide = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(openledger_\w+)(?:\{[\w,]+\})?`", guide)) <= served


@pytest.mark.slow
def test_a_node_that_runs_keeps_inspect_away_with_one_line(devnet: Devnet) -> None:
    result = subprocess.run(
        [str(devnet.directory / "openledger"), "inspect", "devnet-data/sequencer"],
        cwd=devnet.directory,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: database devnet-data/sequencer/chain is open in another process")
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("process", ["sequencer", "follower-1"])
def test_what_a_stopped_devnet_leaves_is_whole(devnet: Devnet, process: str) -> None:
    """The last tests here: nothing runs any more after them."""
    assert devnet.stop() == 0
    result = subprocess.run(
        [str(devnet.directory / "openledger"), "inspect", f"devnet-data/{process}", "--verify", "30"],
        cwd=devnet.directory,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "chain id        161299" in result.stdout
    assert "Flat state and state trie are the same" in result.stdout
    assert "executed again by the reference executor: equal" in result.stdout
