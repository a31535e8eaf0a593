"""Hardhat and Forge as programs, in copies of their projects with npm's packages in them."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECTS = Path(__file__).parent / "projects"


def binary(packages: Path, pattern: str) -> str:
    """The program in node_modules; skips where npm has none for this platform."""
    found = list((packages / "node_modules").glob(pattern))
    if not found:
        pytest.skip(f"npm has no {pattern.rpartition('/')[2]} for this platform")
    return str(found[0])


def project(name: str, packages: Path, directory: Path) -> Path:
    """A copy of a project, with the contracts."""
    shutil.copytree(PROJECTS / name, directory)
    shutil.copytree(PROJECTS / "contracts", directory / "contracts")
    (directory / "node_modules").symlink_to(packages / "node_modules")
    (directory / "package.json").write_text('{"type": "module"}')
    return directory


def run_tool(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Standard output of a tool whose home is empty, so that it neither reads nor leaves settings."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardhat:
    """Hardhat in a project, by the node.js 22 that it asks for."""

    folder: Path
    node: str
    environment: dict[str, str]

    def run(self, *arguments: str) -> str:
        """Standard output of `hardhat <arguments>`."""
        return run_tool([self.node, "node_modules/hardhat/dist/src/cli.js", *arguments], self.folder, self.environment)
