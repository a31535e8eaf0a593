"""From a snapshot to a data directory that a node starts on.

Everything goes into a database beside the one that a node would open; its name changes when all is checked and on disk.
Whatever ends an import before that leaves a directory that the next import removes and that no node reads.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from node.snapshots.checking import Progress
from node.snapshots.claims import Vouching
from node.snapshots.errors import SnapshotRefused
from node.snapshots.manifest import Network
from node.snapshots.verifying import Checked, check_snapshot, open_snapshot
from rollup.driver.safe_index import put_note
from state.database import ImportWriter, LevelDBStore, WriteBatch

UNFINISHED: Final = "chain.importing"
_NOT_DATA: Final = frozenset((UNFINISHED, "lost+found"))
"""What an empty data directory may hold: what a killed import left, and what a fresh file system has."""


def import_snapshot(
    file: Path, data_dir: Path, network: Network, vouching: Vouching, progress: Progress = lambda *_: None
) -> Checked:
    """What was imported. Raises SnapshotRefused, -Damaged, -Mismatch, -Unproven, L1Unavailable or StorageError."""
    with open_snapshot(file) as stream:
        unfinished = _prepare(data_dir)
        try:
            store = LevelDBStore(unfinished)
            try:
                writer = ImportWriter(store)
                checked = check_snapshot(stream, network, vouching, writer, progress)
                _finish(writer, checked, network)
            finally:
                store.close()
            unfinished.rename(data_dir / "chain")
            _sync_directory(data_dir)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return checked


def _prepare(data_dir: Path) -> Path:
    """The directory to write into, empty. Raises SnapshotRefused for a data directory that holds anything."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        found = sorted(entry.name for entry in data_dir.iterdir() if entry.name not in _NOT_DATA)
        if found:
            raise SnapshotRefused(
                f"data directory {data_dir} is not empty ({', '.join(found[:5])}): a snapshot goes into a new one"
            )
        unfinished = data_dir / UNFINISHED
        if unfinished.exists():
            LevelDBStore(unfinished).close()  # DatabaseLocked while another import is at it
            shutil.rmtree(unfinished)
    except OSError as error:
        raise SnapshotRefused(f"data directory {data_dir} can't be written: {error.strerror}") from error
    return unfinished


def _finish(writer: ImportWriter, checked: Checked, network: Network) -> None:
    batch = WriteBatch()
    for number, block in checked.notes:
        put_note(number, block, batch)
    writer.meta(batch)
    manifest = checked.manifest
    writer.finish(network.genesis, manifest.block_hash, first_block=manifest.first_block, state=manifest.number)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
