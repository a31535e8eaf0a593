"""A devnet never touches a directory in which another runs, or whose chains have lost their network's files."""

from pathlib import Path

import pytest

from node.devnet.command import DevnetOptions, run_devnet
from node.devnet.lock import directory_lock
from node.errors import StartupError
from state.errors import NodeError


def options(directory: Path) -> DevnetOptions:
    return DevnetOptions(
        demo=False,
        exit_after_demo=False,
        chain_id=161_299,
        block_time=1,
        l1_block_time=1,
        followers=0,
        data_dir=directory,
        rpc_port=0,
        l1_port=0,
        metrics_port=None,
        gas_limit=20_000_000,
        demo_data=None,
    )


def test_second_devnet_in_a_directory_is_refused_and_leaves_the_first_ones_files_alone(tmp_path: Path) -> None:
    kept = {"devnet.json": "{}", "clock.json": '{"pausedSeconds": 5.0}'}
    for name, text in kept.items():
        (tmp_path / name).write_text(text)
    with directory_lock(tmp_path), pytest.raises(StartupError, match=r"running in .* already.*--data-dir"):
        run_devnet(options(tmp_path))
    assert {name: (tmp_path / name).read_text() for name in kept} == kept
    assert not (tmp_path / "stopped-at").exists()


def test_directory_is_free_again_when_its_devnet_has_ended(tmp_path: Path) -> None:
    with directory_lock(tmp_path / "made"):
        pass
    with directory_lock(tmp_path / "made"):
        assert (tmp_path / "made").is_dir()


def test_directory_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match="can't be written"), directory_lock(tmp_path / "file" / "below"):
        pass


@pytest.mark.parametrize("chain", ["l1", "sequencer"])
def test_chains_without_their_rollup_json_are_not_overwritten_by_a_new_network(tmp_path: Path, chain: str) -> None:
    (tmp_path / chain).mkdir()
    (tmp_path / "genesis.json").write_text("{}")
    with pytest.raises(StartupError, match=rf"\({chain}\) but no rollup.json: put the file back"):
        run_devnet(options(tmp_path))
    assert (tmp_path / "genesis.json").read_text() == "{}"


def test_damaged_rollup_json_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "rollup.json").write_text('{"genesis": ')
    with pytest.raises(NodeError, match=r"rollup\.json is malformed"):
        run_devnet(options(tmp_path))
