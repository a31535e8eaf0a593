"""Configuration comes from five sources in one order, and whatever is wrong is said at once."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from node.config import L1Config, NodeConfig, Role, load, without_secrets
from node.config.example import SECTIONS, example_toml
from node.config.models import PRESETS
from node.errors import ConfigError

ROOT = Path(__file__).parents[4]
WriteToml = Callable[[str], Path]


@pytest.fixture
def toml(tmp_path: Path) -> WriteToml:
    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text)
        return path

    return write


def load_node(
    toml: Path | None = None, environ: Mapping[str, str] | None = None, preset: str = "production", **flags: object
) -> NodeConfig:
    return load(NodeConfig, section="node", flags=flags, preset=preset, toml=toml, environ=environ or {})


def problems(caught: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [line.removeprefix("  - ") for line in str(caught.value).splitlines()[1:]]


def test_each_source_overrides_the_one_before_it(toml: WriteToml) -> None:
    file = toml("[node]\nl1_poll = 3.0\n")
    environ = {"OPENLEDGER_NODE_L1_POLL": "4.0"}
    assert load_node().l1_poll == 2.0
    assert load_node(preset="devnet").l1_poll == 0.5
    assert load_node(file, preset="devnet").l1_poll == 3.0
    assert load_node(file, environ, preset="devnet").l1_poll == 4.0
    assert load_node(file, environ, preset="devnet", l1_poll="5.0").l1_poll == 5.0


def test_a_flag_that_was_not_given_overrides_nothing(toml: WriteToml) -> None:
    assert load_node(toml("[node]\nrpc_port = 9000\n"), rpc_port=None).rpc_port == 9000


def test_each_process_reads_its_own_section_and_variables(toml: WriteToml) -> None:
    file = toml("[node]\nrpc_port = 9000\n[l1]\nrpc_port = 9001\n")
    environ = {"OPENLEDGER_NODE_LOG_LEVEL": "debug"}
    l1 = load(L1Config, section="l1", flags={}, toml=file, environ=environ)
    assert (l1.rpc_port, l1.log_level) == (9001, "info")
    node = load_node(file, environ)
    assert (node.rpc_port, node.log_level) == (9000, "debug")


def test_a_preset_applies_only_what_the_process_has() -> None:
    l1 = load(L1Config, section="l1", flags={}, preset="devnet", environ={})
    assert l1.block_time == PRESETS["devnet"]["block_time"]


@pytest.mark.parametrize("source", ["config.toml", "environment", "flag"])
def test_an_unknown_key_is_refused_with_its_source_and_the_likely_name(toml: WriteToml, source: str) -> None:
    read: dict[str, Callable[[], NodeConfig]] = {
        "config.toml": lambda: load_node(toml("[node]\nrpc_prot = 1\n")),
        "environment": lambda: load_node(environ={"OPENLEDGER_NODE_RPC_PROT": "1"}),
        "flag": lambda: load_node(rpc_prot="1"),
    }
    with pytest.raises(ConfigError) as caught:
        read[source]()
    (problem,) = problems(caught)
    assert problem.endswith("unknown key 'rpc_prot' (did you mean 'rpc_port'?)")
    assert source in problem


def test_all_problems_are_reported_at_once(toml: WriteToml) -> None:
    file = toml("[node]\nrole = 'king'\nbogus = 1\n[nodes]\n")
    with pytest.raises(ConfigError) as caught:
        load_node(file, {"OPENLEDGER_NODE_RPC_PORT": "70000"}, preset="cheap", log_format="xml")
    texts = problems(caught)
    for expected in ("preset 'cheap'", "[nodes]", "'bogus'", "role", "environment: rpc_port", "flag: log_format"):
        assert any(expected in text for text in texts), expected
    assert len(texts) == 6


@pytest.mark.parametrize(
    ("text", "expected"), [("node = 3", "must be a table"), ("[node", "is no TOML"), (None, "can't be read")]
)
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, toml: WriteToml, text: str | None, expected: str) -> None:
    file = tmp_path / "missing.toml" if text is None else toml(text)
    with pytest.raises(ConfigError, match=expected) as caught:
        load_node(file)
    assert str(file) in str(caught.value)


def test_lists_are_toml_lists_or_texts_with_commas(toml: WriteToml) -> None:
    hosts = ("node.example", "localhost")
    assert load_node(toml('[node]\nrpc_hosts = ["node.example", "localhost"]\n')).rpc_hosts == hosts
    assert load_node(environ={"OPENLEDGER_NODE_RPC_HOSTS": "node.example,localhost"}).rpc_hosts == hosts
    assert load_node(rpc_hosts="node.example, localhost,").rpc_hosts == hosts


def test_hosts_and_origins_are_the_servers_access() -> None:
    access = load_node(rpc_hosts="node.example", rpc_origins="https://wallet.example").access
    assert (access.hosts, access.origins) == (("node.example",), ("https://wallet.example",))


def test_a_configuration_never_changes() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_node().rpc_port = 1


def test_private_keys_are_files_and_never_values() -> None:
    """What is printed of a configuration, in an error or a log, can then hold no key."""
    secret = [name for name in {*NodeConfig.model_fields, *L1Config.model_fields} if name.endswith("key")]
    assert sorted(secret) == ["batcher_key", "p2p_key", "p2p_sequencer_key", "proposer_key"]
    config = load_node(batcher_key="keys/batcher.key", role="sequencer")
    assert config.batcher_key == Path("keys/batcher.key")
    assert config.role is Role.SEQUENCER


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8645", "http://127.0.0.1:8645"),
        ("http://127.0.0.1:8645/", "http://127.0.0.1:8645"),
        ("https://eth.example/v2/SECRET", "https://eth.example/…"),
        ("https://eth.example/?key=SECRET", "https://eth.example/…"),
        ("https://me:SECRET@eth.example:1234", "https://eth.example:1234/…"),
        ("SECRET", "(malformed URL)"),
        ("http://[SECRET", "(malformed URL)"),
    ],
)
def test_urls_are_shown_without_what_may_be_secret_in_them(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_the_example_file_is_made_from_the_models() -> None:
    assert (ROOT / "config.example.toml").read_text() == example_toml(), (
        "run: python -m node.config.example > config.example.toml"
    )


def test_the_example_file_as_it_is_changes_nothing() -> None:
    assert load_node(ROOT / "config.example.toml") == load_node()


@pytest.mark.parametrize("section", SECTIONS)
def test_every_line_of_the_example_that_has_a_default_can_be_uncommented(section: str, tmp_path: Path) -> None:
    model = SECTIONS[section]
    lines = [
        line.removeprefix("#") if line.startswith("#") and line[1:2].isalpha() and not line.endswith('""') else line
        for line in example_toml().splitlines()
    ]
    file = tmp_path / "config.toml"
    file.write_text("\n".join(lines))
    assert tomllib.loads(file.read_text())[section]
    assert load(model, section=section, flags={}, toml=file, environ={}) == load(
        model, section=section, flags={}, environ={}
    )


def test_rates_are_generous_by_default_off_on_a_devnet_and_take_networks() -> None:
    assert (load_node().rates.calls_per_second, load_node().rates.burst) == (1_000, 10_000)
    assert load_node(preset="devnet").rates.calls_per_second == 0
    rates = load_node(rpc_rate_limit="5", rpc_rate_exempt="", rpc_trusted_proxies="10.0.0.0/8, ::1").rates
    assert (rates.calls_per_second, rates.exempt, rates.trusted_proxies) == (5, (), ("10.0.0.0/8", "::1"))
    with pytest.raises(ConfigError, match=r"flag: rpc_trusted_proxies: .*'proxy.example' does not appear to be"):
        load_node(rpc_trusted_proxies="proxy.example")


def test_a_head_may_be_older_on_a_follower_whose_blocks_come_through_l1() -> None:
    assert load_node(role="sequencer").head_age_bound == 60
    assert load_node(role="follower").head_age_bound == 900
    assert load_node(role="follower", max_head_age="30").head_age_bound == 30
