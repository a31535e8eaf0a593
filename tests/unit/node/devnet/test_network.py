"""A devnet's files are the same for the same flags, and its clock stops while it is stopped."""

import stat
from pathlib import Path

import pytest

from node.devnet.network import create_network
from node.devnet_clock import chain_clock, read_pause, write_pause
from node.files import load_addresses, load_genesis, load_key, load_rollup
from node.network.files import NetworkFiles
from state.execution.port import ChainRules
from state.transition import genesis_record


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> NetworkFiles:
    return create(tmp_path_factory.mktemp("network"))


def create(directory: Path, timestamp: int = 1_700_000_000) -> NetworkFiles:
    return create_network(
        directory, timestamp=timestamp, l2_chain_id=161_299, l1_chain_id=900, block_time=1, gas_limit=20_000_000
    )


def contents(files: NetworkFiles) -> dict[str, bytes]:
    return {
        str(path.relative_to(files.directory)): path.read_bytes()
        for path in files.directory.rglob("*")
        if path.is_file()
    }


def test_the_same_flags_make_the_same_files(network: NetworkFiles, tmp_path: Path) -> None:
    assert contents(create(tmp_path)) == contents(network)


def test_another_start_time_makes_another_network(network: NetworkFiles, tmp_path: Path) -> None:
    other = create(tmp_path, timestamp=1_700_000_001)
    assert load_rollup(other.rollup).genesis.l2.hash != load_rollup(network.rollup).genesis.l2.hash


def test_the_files_agree_with_each_other(network: NetworkFiles) -> None:
    rollup = load_rollup(network.rollup)
    l2 = genesis_record(load_genesis(network.l2_genesis), ChainRules(chain_id=rollup.l2_chain_id, is_optimism=True))
    l1 = genesis_record(load_genesis(network.l1_genesis), ChainRules(chain_id=rollup.l1_chain_id, is_optimism=False))
    assert rollup.genesis.l2.hash == l2.hash
    assert rollup.genesis.l1.hash == l1.hash
    assert load_addresses(network.l1_addresses)["SystemConfig"] == rollup.l1_system_config


def test_key_files_are_for_their_owner_alone(network: NetworkFiles) -> None:
    for role in ("operator", "batcher", "proposer", "unsafe_block_signer"):
        path = network.key(role)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(load_key(path)) == 32


def test_a_network_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    files = create(tmp_path)
    assert files.complete
    files.rollup.unlink()
    assert not files.complete


def test_the_clock_is_behind_by_the_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_000.0)
    rollup = tmp_path / "rollup.json"
    assert chain_clock(rollup)() == 1_000.0
    write_pause(tmp_path, 300.0)
    assert read_pause(tmp_path) == 300.0
    assert chain_clock(rollup)() == 700.0


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pausedSeconds": null}', "\x00"])
def test_a_clock_file_that_is_not_ours_is_no_pause(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock.json").write_text(text)
    assert read_pause(tmp_path) == 0.0
