"""Snapshots: one file with the state of one block, from which another machine goes on without executing the past.

    frames      the file as a row of frames: lengths, compression, checksums, all bounded
    manifest    what a snapshot says it is: chain, block, output root
    preimages   addresses and slots by their hashes, for a trie knows hashes only
    exporting   a stopped node's database -> file
    checking    a file, read once: everything in it is held against the block's header
    claims      that header against the output root on L1
    importing   a checked file -> a data directory

Flow: `exporting` walks the block's trie in key order and writes accounts, slots and code; `checking` builds the trie
again from them in the same order, in little memory, and its root must be the header's. The header's hash and roots make
the output root, and that must be one that a dispute game on L1 claims, or one that the operator names. So nothing in a
file is believed but what L1 vouches for; who made it doesn't matter.

Start reading at `exporting.py`, then `checking.py`. Nothing here knows LevelDB: `state.database` does.
"""

from node.snapshots.claims import ClaimedOutput, TrustedOutput, find_claim
from node.snapshots.errors import SnapshotDamaged, SnapshotMismatch, SnapshotRefused, SnapshotUnproven
from node.snapshots.exporting import export_snapshot
from node.snapshots.importing import import_snapshot
from node.snapshots.manifest import Manifest, Network, load_network
from node.snapshots.verifying import verify_snapshot

__all__ = [
    "ClaimedOutput",
    "Manifest",
    "Network",
    "SnapshotDamaged",
    "SnapshotMismatch",
    "SnapshotRefused",
    "SnapshotUnproven",
    "TrustedOutput",
    "export_snapshot",
    "find_claim",
    "import_snapshot",
    "load_network",
    "verify_snapshot",
]
