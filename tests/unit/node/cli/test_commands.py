"""Every command explains itself, and errors are one line."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import typer

from node.cli.application import _COMMANDS

ROOT = Path(__file__).parents[4]
MODULES = {name: module for name, (module, _) in _COMMANDS.items()}


def openledger(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "node", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def leaves(command: click.Command, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], click.Command]]:
    """The command itself, or the commands below it."""
    children = getattr(command, "commands", None)
    if not children:
        return [(path, command)]
    return [leaf for name, child in children.items() for leaf in leaves(child, (*path, name))]


def commands_of(name: str) -> list[tuple[tuple[str, ...], click.Command]]:
    return leaves(typer.main.get_command(importlib.import_module(MODULES[name]).app), (name,))


@pytest.mark.parametrize("name", MODULES)
def test_every_command_and_every_flag_says_what_it_is(name: str) -> None:
    for path, command in commands_of(name):
        assert command.help, f"{' '.join(path)} has no help"
        for parameter in command.params:
            text = getattr(parameter, "help", None)
            assert text, f"{' '.join(path)}: {parameter.name} has no help"


@pytest.mark.parametrize("name", MODULES)
def test_help_prints_every_flag(name: str) -> None:
    for path, command in commands_of(name):
        with click.Context(command, info_name=" ".join(path), terminal_width=400, max_content_width=400) as context:
            text = command.get_help(context)
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert re.search(rf"{re.escape(option)}\b", text), f"{' '.join(path)}: {option}"


def test_the_list_of_commands_needs_none_of_their_modules() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from node.cli import app\n"
        "result = CliRunner().invoke(app, ['--help'])\n"
        "assert result.exit_code == 0, result.output\n"
        "print(result.output)\n"
        "print([name for name in sys.modules if name.startswith('client') or name == 'node.wiring'])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    *listing, loaded = result.stdout.splitlines()
    assert loaded == "[]"
    for name, (_, text) in _COMMANDS.items():
        assert any(line.split()[:1] == [name] for line in listing), name
        assert text.split()[0] in result.stdout


def test_an_expected_error_is_one_line_and_exit_status_one(tmp_path: Path) -> None:
    result = openledger("inspect", str(tmp_path))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == f"error: {tmp_path} holds no chain database\n"


def test_every_problem_of_a_configuration_is_told_at_once(tmp_path: Path) -> None:
    result = openledger("node", "--role", "king", "--rpc-port", "70000")
    assert result.returncode == 1
    assert "flag: role" in result.stderr
    assert "flag: rpc_port" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "rollup.json"
    result = openledger("node", "--rollup", str(missing), "--data-dir", str(tmp_path / "data"))
    assert result.returncode == 1
    assert str(missing) in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("flag", ["--exit-after-demo", "--demo-data=."])
def test_a_sandbox_has_no_demo_to_run(flag: str, tmp_path: Path) -> None:
    result = openledger("devnet", "--sandbox", flag, f"--data-dir={tmp_path}")
    assert result.returncode == 1
    assert "a sandbox runs no demo" in result.stderr


def test_a_flag_that_does_not_exist_is_a_usage_error() -> None:
    result = openledger("devnet", "--folowers", "3")
    assert result.returncode == 2
    assert "--followers" in result.stderr
