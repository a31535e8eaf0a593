"""What the documentation shows exists: commands, flags, files, settings, errors, metrics, links."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from node.cli.application import _COMMANDS
from node.config.example import SECTIONS
from tests.docs.blocks import PAGES, ROOT, Block, blocks

PACKAGES = ("node", "rollup", "state", "rpc", "contracts", "client")
OPERATING = ROOT / "docs" / "operating.md"
KNOWN_PROGRAMS = {"openledger", "make", "curl", "docker-compose"}
COMPOSED = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def by_name(block: Block) -> str:
    return block.name


def parse_openledger(words: list[str]) -> None:
    """Parses the words as the command would. Raises for what it would refuse."""
    name, *rest = words
    command = typer.main.get_command(importlib.import_module(_COMMANDS[name][0]).app)
    while getattr(command, "commands", None):
        child, *rest = rest
        command = command.commands[child]  # type: ignore[attr-defined]
    command.make_context(name, rest)


def parse_compose(words: list[str]) -> None:
    """Fails for a profile or a service that docker-compose.yml doesn't have."""
    profiles = {name for service in COMPOSED.values() for name in service.get("profiles", ())}
    while words[0] == "--profile":
        assert words[1] in profiles
        words = words[2:]
    verb, *rest = words
    assert verb in {"up", "down", "ps", "logs", "stop"}
    assert {word for word in rest if not word.startswith("--")} <= set(COMPOSED)


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))


def test_there_is_something_to_check() -> None:
    assert len(blocks("bash", "console")) > 8
    assert len(blocks("python")) > 2
    assert len(PAGES) > 8


@pytest.mark.parametrize("block", blocks("bash", "console"), ids=by_name)
def test_every_command_that_is_shown_parses(block: Block) -> None:
    commands = block.commands()
    assert commands, "a block without a command"
    for words in commands:
        program, *rest = words
        assert program in KNOWN_PROGRAMS, f"{program} is nothing that this product or its needs install"
        if program == "openledger":
            parse_openledger(rest)
        elif program == "docker-compose":
            parse_compose(rest)
        elif program == "make":
            assert rest[0] in make_targets()
            arguments = [word.removeprefix("ARGS=") for word in rest[1:]]
            if rest[0] == "devnet":
                parse_openledger(["devnet", *(part for word in arguments for part in word.split())])


@pytest.mark.parametrize("block", [one for one in blocks("python") if not (one.live or one.sandbox)], ids=by_name)
def test_every_python_block_runs(block: Block) -> None:
    exec(compile(block.text, block.name, "exec"), {"__name__": "docs"})  # noqa: S102 - our own documentation


@pytest.mark.parametrize("block", blocks("toml"), ids=by_name)
def test_every_toml_block_is_a_configuration(block: Block, tmp_path: Path) -> None:
    from node.config import load

    file = tmp_path / "config.toml"
    file.write_text(block.text)
    for section in tomllib.loads(block.text):
        load(SECTIONS[section], section=section, flags={}, toml=file, environ={})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        destination = (page.parent / path).resolve() if path else page
        assert destination.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(destination), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_of_ours_that_is_named_is_there(page: Path) -> None:
    named = re.findall(rf"`((?:{'|'.join(PACKAGES)}|tests|docs)/[\w/.-]+)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def sources() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8") for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    )


def error_texts() -> list[str]:
    section = OPERATING.read_text(encoding="utf-8").split("## What the errors mean")[1]
    rows = [row for row in section.splitlines() if row.startswith("| ")][1:]
    return [text for row in rows for text in re.findall(r"`([^`]+)`", row.split("|")[1])]


@pytest.mark.parametrize("text", error_texts())
def test_every_error_that_is_explained_is_one_of_ours(text: str) -> None:
    joined = re.sub(r'"\s*\n\s*f?"', "", sources())
    for part in (piece.strip() for piece in text.split("…")):
        assert part in joined, f"no source says {part!r}"


def test_every_metric_is_explained_and_every_explained_metric_exists() -> None:
    names = ("readings.py", "peer_readings.py", "metrics.py", "pools.py")
    source = "".join((ROOT / "node" / name).read_text() for name in names)
    existing = set(re.findall(r'"(openledger_\w+)"', source))
    explained = set(re.findall(r"`(openledger_\w+?)(?:_total)?(?:\{[\w,]+\})?`", OPERATING.read_text(encoding="utf-8")))
    assert explained == existing


def test_ports_in_the_docs_are_the_defaults() -> None:
    from node.config import L1Config, NodeConfig

    text = OPERATING.read_text(encoding="utf-8")
    assert f"| {NodeConfig().rpc_port}," in text
    assert f"| {L1Config().rpc_port} |" in text


def test_the_readme_answers_a_newcomers_questions() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for needed in ("make devnet", "make test", "What it is not yet", "docs/operating.md", "docs/attribution.md"):
        assert needed in text
    transcript = next(block for block in blocks("console") if block.page.name == "README.md")
    for line in ("Who earned what", "difference (wei)", "bytes per transaction on L1", "Stopped."):
        assert line in transcript.text
