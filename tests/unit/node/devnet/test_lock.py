"""Two devnets never share a directory."""

from pathlib import Path

import pytest

from node.devnet.command import DevnetOptions, run_devnet
from node.devnet.lock import directory_lock
from node.errors import StartupError


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
