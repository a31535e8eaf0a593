"""etcd members as processes of a test, which it may stop, kill and start again."""

import json
import shutil
import signal
import subprocess
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ports import free_ports

START_SECONDS = 120.0


def etcd_binary() -> str:
    """etcd's path; the test is skipped with the reason where it isn't installed."""
    found = shutil.which("etcd")
    if found is None:
        pytest.skip("etcd is not installed (Debian: etcd-server)")
    return found


@dataclass
class Member:
    """One member: its ports, its data, its process."""

    name: str
    client_port: int
    peer_port: int
    directory: Path
    running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.client_port}"

    @property
    def peer_url(self) -> str:
        return f"http://127.0.0.1:{self.peer_port}"

    def kill(self) -> None:
        assert self.running is not None
        self.running.kill()
        self.running.wait()

    def pause(self) -> None:
        assert self.running is not None
        self.running.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.running is not None
        self.running.send_signal(signal.SIGCONT)


@dataclass
class EtcdCluster:
    """One member or several under one directory."""

    members: list[Member] = field(default_factory=list)

    @classmethod
    def create(cls, directory: Path, count: int) -> "EtcdCluster":
        binary = etcd_binary()
        assert binary
        ports = free_ports(2 * count)
        directory.mkdir(parents=True, exist_ok=True)
        return cls(
            [
                Member(f"member{index}", ports[2 * index], ports[2 * index + 1], directory / f"member{index}")
                for index in range(count)
            ]
        )

    @property
    def urls(self) -> list[str]:
        return [member.url for member in self.members]

    def start(self) -> None:
        for member in self.members:
            self.start_member(member)
        self.wait_until_writable()

    def start_member(self, member: Member) -> None:
        """Start it, or start it again with what it has on disk."""
        cluster = ",".join(f"{one.name}={one.peer_url}" for one in self.members)
        with member.directory.with_suffix(".log").open("ab") as log:
            member.running = subprocess.Popen(
                [etcd_binary(), f"--name={member.name}", f"--data-dir={member.directory}",
                 f"--listen-client-urls={member.url}", f"--advertise-client-urls={member.url}",
                 f"--listen-peer-urls={member.peer_url}", f"--initial-advertise-peer-urls={member.peer_url}",
                 f"--initial-cluster={cluster}", "--initial-cluster-state=new", "--logger=zap"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def wait_until_writable(self) -> None:
        """Return once a majority takes a write, through each member that runs."""
        from tests.e2e.conftest import wait_until

        for member in self.members:
            if member.running is not None and member.running.poll() is None:
                wait_until(lambda one=member: self._writes(one), f"a write through {member.name}", START_SECONDS)  # type: ignore[misc]

    def _writes(self, member: Member) -> bool:
        body = {"key": _text(b"test"), "value": _text(b"test")}
        return httpx.post(f"{member.url}/v3/kv/put", json=body, timeout=5).status_code == 200

    def leader(self) -> Member:
        """The member that the others follow."""
        for member in self.members:
            answer = _post(member, "maintenance/status", {})
            if answer["leader"] == answer["header"]["member_id"]:
                return member
        raise AssertionError("no member leads")

    def value(self, key: bytes) -> dict[str, Any] | None:
        """What a running member has under a key, without asking the others."""
        for member in self.members:
            if member.running is not None and member.running.poll() is None:
                found = _post(member, "kv/range", {"key": _text(key), "serializable": True}).get("kvs", [None])[0]
                return None if found is None else dict(found)
        raise AssertionError("no member runs")

    def stop(self) -> None:
        for member in self.members:
            if member.running is not None and member.running.poll() is None:
                member.resume()
                member.kill()


def _post(member: Member, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(httpx.post(f"{member.url}/v3/{path}", json=body, timeout=10).content)
    return answer


def _text(data: bytes) -> str:
    return b64encode(data).decode()
