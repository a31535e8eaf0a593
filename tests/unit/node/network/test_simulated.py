"""`openledger network create`: files and keys of a network whose processes are started one by one."""

import json
import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from node.cli.network import app
from node.devnet.accounts import user_accounts
from node.devnet_clock import read_pause
from node.errors import StartupError
from node.files import load_addresses, load_genesis, load_key, load_rollup
from node.network.files import NetworkFiles
from state.execution.port import ChainRules
from state.primitives.crypto import private_key_to_address
from state.transition import genesis_record


def create(directory: Path, *options: str) -> Result:
    result = CliRunner().invoke(app, ["create", "--dir", str(directory / "network"), *options])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with encrypted keys and the devnet's accounts."""
    made = tmp_path_factory.mktemp("simulated")
    places = ["--keys", str(made / "keys"), "--keystore-password", str(made / "password" / "keystore")]
    create(made, *places, "--dev-accounts", "--chain-id=4711", "--block-time=2")
    return made


def contents(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_files_agree_with_each_other_and_with_the_flags(directory: Path) -> None:
    files = NetworkFiles(directory=directory / "network")
    rollup = load_rollup(files.rollup)
    l2 = genesis_record(load_genesis(files.l2_genesis), ChainRules(chain_id=4711, is_optimism=True))
    l1 = genesis_record(load_genesis(files.l1_genesis), ChainRules(chain_id=900, is_optimism=False))
    assert (rollup.l2_chain_id, rollup.block_time) == (4711, 2)
    assert (rollup.genesis.l2.hash, rollup.genesis.l1.hash) == (l2.hash, l1.hash)
    assert load_addresses(files.l1_addresses)["SystemConfig"] == rollup.l1_system_config


def test_the_keystores_are_the_operators_that_the_rollup_names_and_nobody_elses(directory: Path) -> None:
    batcher = load_key(directory / "keys" / "batcher.json", directory / "password" / "keystore")
    config = json.loads((directory / "network" / "rollup.json").read_text())["genesis"]["system_config"]
    assert config["batcherAddr"] == "0x" + private_key_to_address(batcher).hex()
    for path in contents(directory):
        assert batcher.hex() not in path.read_text(), path
    roles = sorted(path.stem for path in (directory / "keys").iterdir())
    assert roles == ["batcher", "operator", "proposer", "unsafe_block_signer"]


def test_dev_accounts_and_operators_have_coin(directory: Path) -> None:
    files = NetworkFiles(directory=directory / "network")
    l2, l1 = (
        {bytes.fromhex(who.removeprefix("0x").rjust(40, "0")): int(one["balance"], 0) for who, one in alloc.items()}
        for alloc in (json.loads(path.read_text())["alloc"] for path in (files.l2_genesis, files.l1_genesis))
    )
    for account in user_accounts():
        assert l2[account.address] == l1[account.address] == 10_000 * 10**18
    batcher = load_key(directory / "keys" / "batcher.json", directory / "password" / "keystore")
    assert l1[private_key_to_address(batcher)] > 0


def test_the_second_start_changes_nothing(directory: Path) -> None:
    before = contents(directory)
    assert "Carrying on" in create(directory, "--chain-id=4711").stdout
    assert contents(directory) == before


def test_a_network_that_was_cut_off_is_made_with_the_keys_that_are_there(tmp_path: Path) -> None:
    create(tmp_path)
    keys = contents(tmp_path / "network" / "keys")
    assert len(keys) == 4
    (tmp_path / "network" / "rollup.json").unlink()
    create(tmp_path)
    assert contents(tmp_path / "network" / "keys") == keys


def test_no_network_is_made_for_a_chain_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "l1").mkdir()
    (tmp_path / "l1" / "CURRENT").touch()
    with pytest.raises(StartupError, match="holds a chain"):
        create(tmp_path, "--chain", str(tmp_path / "l1"))


def test_others_may_be_funded_and_nobody_else_is(tmp_path: Path) -> None:
    create(tmp_path, "--fund", f"0x{'ab' * 20}=7")
    alloc = json.loads((tmp_path / "network" / "genesis.json").read_text())["alloc"]
    balances = {who.removeprefix("0x").lower(): int(account["balance"], 0) for who, account in alloc.items()}
    assert balances["ab" * 20] == 7 * 10**18
    assert user_accounts()[0].address.hex() not in balances


@pytest.mark.parametrize(("ages", "expected"), [((3600, 3600), 3600), ((3600, 10), 0), ((60, 60), 0)])
def test_the_clock_is_set_back_once_every_chain_stood_still(
    directory: Path, tmp_path: Path, ages: tuple[int, int], expected: int
) -> None:
    chains = [tmp_path / "l1", tmp_path / "sequencer"]
    for chain, age in zip(chains, ages, strict=True):
        chain.mkdir()
        (chain / "000003.log").touch()
        os.utime(chain / "000003.log", (time.time() - age,) * 2)
    (directory / "network" / "clock.json").unlink(missing_ok=True)
    create(directory, *(f"--chain={chain}" for chain in chains))
    assert read_pause(directory / "network") == pytest.approx(expected, abs=100)
