"""A snapshot checked, and nothing kept of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from node.snapshots.checking import Discard, Frames, Progress, Sink, check_contents
from node.snapshots.claims import Vouching
from node.snapshots.errors import SnapshotRefused
from node.snapshots.frames import read_frames
from node.snapshots.manifest import Manifest, Network
from rollup.types import BlockId


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A snapshot in which everything is right."""

    manifest: Manifest
    vouched: str
    """Who says that its output root is the chain's."""
    notes: list[tuple[int, BlockId]]
    """L2 block number and the L1 block that it was derived from."""


def verify_snapshot(file: Path, network: Network, vouching: Vouching, progress: Progress = lambda *_: None) -> Checked:
    """What the snapshot is. Raises SnapshotRefused, -Damaged, -Mismatch, -Unproven or L1Unavailable."""
    with open_snapshot(file) as stream:
        return check_snapshot(stream, network, vouching, Discard(), progress)


def open_snapshot(file: Path) -> BinaryIO:
    """The open file. Raises SnapshotRefused."""
    try:
        return file.open("rb")
    except OSError as error:
        raise SnapshotRefused(f"snapshot {file} can't be read: {error.strerror}") from error


def check_snapshot(stream: BinaryIO, network: Network, vouching: Vouching, sink: Sink, progress: Progress) -> Checked:
    """The cheap checks first: whose chain it is and who vouches for it, then all that is in it."""
    frames: Frames = read_frames(stream)
    manifest = Manifest.decode(next(frames, []))
    manifest.require_network(network)
    vouched = vouching.require(manifest, network.config)
    notes = check_contents(frames, manifest, network, sink, progress)
    vouching.require_l1_block(notes[-1][1])
    return Checked(manifest=manifest, vouched=vouched, notes=notes)
