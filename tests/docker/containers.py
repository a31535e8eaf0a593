"""A network in containers, under a project name and on ports of its own, that never outlives the test."""

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import requests
from web3 import Web3

from tests.ports import free_ports

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
DOCKER_UP: Final = ROOT.parent / "shared" / "tools" / "docker-up"
"""Makes an engine and the base image on machines that reach no image registry."""
COMES_WITHIN: Final = 240.0
HOST: Final = "127.0.0.1"
EDGE: Final = ("l1", "sequencer", "follower-1", "follower-2")
"""Services that the host talks to."""
LOG_LINES: Final = 150


class NoEngine(Exception):
    """Why there is no Docker here."""


def run(*command: str, timeout: float = 900, environment: Mapping[str, str] | None = None, check: bool = True) -> str:
    """The output of a command, both streams. Fails with it unless `check` is off."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0 or not check, f"{' '.join(command)}: {done.stdout[-4000:]}"
    return done.stdout


def find_engine() -> None:
    """Returns once an engine answers. Raises NoEngine where none can be had."""
    if _answers():
        return
    if DOCKER_UP.exists():
        done = subprocess.run([str(DOCKER_UP)], capture_output=True, text=True, timeout=900, check=False)
        if done.returncode == 0 and _answers():
            return
        raise NoEngine(f"no Docker engine answers, and {DOCKER_UP.name} could not make one: {done.stderr[-300:]}")
    raise NoEngine("no Docker engine answers here")


def _answers() -> bool:
    if shutil.which("docker") is None or not compose_command():
        return False
    return subprocess.run(["docker", "info"], capture_output=True, timeout=60, check=False).returncode == 0


def compose_command() -> list[str]:
    """Compose as a plugin of the client, or the older program; empty where there is neither."""
    plugin = ["docker", "compose"]
    if (
        shutil.which("docker")
        and subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode == 0
    ):
        return plugin
    return ["docker-compose"] if shutil.which("docker-compose") else []


def wait_for(reached: Callable[[], Any], what: str, seconds: float = COMES_WITHIN) -> Any:
    """What `reached` gives once it is true; that nothing answers counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := reached():
                return found
        except (requests.RequestException, Unanswered):
            pass
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:.0f} s"
        time.sleep(0.2)


class Unanswered(Exception):
    """A node answered with an error, or not in JSON."""


@dataclass
class Containers:
    """One Compose project."""

    profile: str = "single"
    files: tuple[Path, ...] = ()
    """Beside docker-compose.yml."""
    environment: dict[str, str] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"openledger-test-{os.getpid()}-{secrets.token_hex(3)}")
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        l1, sequencer, first, second, prometheus = free_ports(5)
        self.ports = {"l1": l1, "sequencer": sequencer, "sequencer-1": sequencer, "follower-1": first}
        self.ports |= {"follower-2": second, "prometheus": prometheus}
        self.environment |= {
            "OPENLEDGER_L1_PORT": str(l1),
            "OPENLEDGER_RPC_PORT": str(sequencer),
            "OPENLEDGER_FOLLOWER_1_PORT": str(first),
            "OPENLEDGER_FOLLOWER_2_PORT": str(second),
            "OPENLEDGER_PROMETHEUS_PORT": str(prometheus),
        }

    def compose(self, *arguments: str, check: bool = True, timeout: float = 600) -> str:
        """`docker-compose <arguments>` for this project; its output."""
        files = [part for path in (ROOT / "docker-compose.yml", *self.files) for part in ("--file", str(path))]
        place = ["--project-name", self.name, "--project-directory", str(ROOT), "--profile", self.profile]
        command = [*compose_command(), *files, *place, *arguments]
        return run(*command, environment=self.environment, check=check, timeout=timeout)

    def up(self, *services: str) -> None:
        self.compose("up", "--detach", "--no-build", *services)

    def remove(self) -> None:
        """Containers, volumes and networks of the project, whatever state they are in."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "1", check=False)
        label = f"label=com.docker.compose.project={self.name}"
        left = run("docker", "ps", "--all", "--quiet", "--filter", label).split()
        if left:
            run("docker", "rm", "--force", "--volumes", *left)
        for kind in ("volume", "network"):
            names = run("docker", kind, "ls", "--quiet", "--filter", label).split()
            if names:
                run("docker", kind, "rm", *names)

    def logs(self) -> str:
        """The end of every container's log, and which state each is in."""
        states = self.compose("ps", check=False)
        return states + self.compose("logs", "--no-color", f"--tail={LOG_LINES}", check=False)

    def container(self, service: str) -> str:
        """The id of a service's container, running or not."""
        labels = [f"label=com.docker.compose.project={self.name}", f"label=com.docker.compose.service={service}"]
        found = run("docker", "ps", "--all", "--quiet", "--filter", labels[0], "--filter", labels[1]).split()
        assert len(found) == 1, f"{service} has the containers {found}"
        return found[0]

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        """The output of a command in a service's container."""
        return run("docker", "exec", self.container(service), *command, check=check)

    def state(self, service: str) -> dict[str, Any]:
        """What `docker inspect` says about its state."""
        state: dict[str, Any] = json.loads(run("docker", "inspect", self.container(service)))[0]["State"]
        return state

    def health(self, service: str) -> str:
        return str(self.state(service).get("Health", {}).get("Status"))

    def url(self, service: str) -> str:
        return f"http://{HOST}:{self.ports[service]}"

    def web3(self, service: str) -> Web3:
        return Web3(Web3.HTTPProvider(self.url(service), request_kwargs={"timeout": 20}))

    def call(self, service: str, method: str, *params: Any, timeout: float = 20) -> Any:
        """The result of a call from the host. Raises Unanswered or requests' errors."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        response = requests.post(self.url(service), json=body, timeout=timeout)
        try:
            answer = response.json()
        except ValueError as error:
            raise Unanswered(response.text[:200]) from error
        if "result" not in answer:
            raise Unanswered(str(answer.get("error")))
        return answer["result"]

    def block(self, service: str, which: str) -> dict[str, Any]:
        """A block by tag or hexadecimal number, without transactions. Raises Unanswered if there is none."""
        block = self.call(service, "eth_getBlockByNumber", which, False)
        if block is None:
            raise Unanswered(f"{service} has no block {which}")
        found: dict[str, Any] = block
        return found

    def height(self, service: str, which: str = "latest") -> int:
        return int(self.block(service, which)["number"], 16)
