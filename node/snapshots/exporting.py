"""From a stopped node's database to a file.

manifest                  what it is
block, ascending          [header, [raw transaction, …], [receipt, …]]
derived                   [number, L1 number, L1 hash, …]: where the last safe blocks came from
state                     [key, value, key, value, …] in the order of the trie: an account (20-byte address, leaf),
                          then its slots (32 bytes, word); before an account with code not sent yet: ("", code)
end
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from node.snapshots.errors import SnapshotRefused
from node.snapshots.frames import FrameWriter
from node.snapshots.manifest import Manifest, Network, rollup_hash
from node.snapshots.preimages import Preimages
from rollup.codec.output_root import output_root
from rollup.codec.references import l2_block_ref
from rollup.driver.safe_index import SafeIndex
from state.blocks import Header
from state.database import BlockRecord, ChainDatabase
from state.primitives.crypto import KECCAK_EMPTY
from state.primitives.types import BlockNumber, Hash32
from state.trie import iterate_leaves
from state.world.accounts import decode_account

BLOCKHASH_WINDOW: Final = 256
_FRAME_BYTES: Final = 1 << 20

Progress = Callable[[str, int, int | None], None]
"""(what is being done, how far, of how many if that is known)."""


def export_snapshot(
    db: ChainDatabase, network: Network, number: int, out: Path, progress: Progress = lambda *_: None
) -> Manifest:
    """Writes the snapshot of canonical block `number` to `out`, which appears when it is whole.

    Raises SnapshotRefused for a block that isn't there, isn't safe, or is too old.
    """
    header, block_hash = _exportable(db, number)
    partial = out.with_name(out.name + ".partial")
    try:
        with (
            tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch,
            Preimages(Path(scratch)) as preimages,
            partial.open("wb") as stream,
        ):
            preimages.gather(db, number, lambda read: progress("Reading keys", read, None))
            manifest = _manifest(db, network, header, block_hash, preimages.accounts)
            _write(db, manifest, header, preimages, FrameWriter(stream), progress)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(out)
    except OSError as error:
        raise SnapshotRefused(f"{out} can't be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return manifest


def _exportable(db: ChainDatabase, number: int) -> tuple[Header, Hash32]:
    safe = db.require_header(db.heads().safe).number
    block_hash = db.canonical_hash(BlockNumber(number))
    if not 0 < number <= safe or block_hash is None:
        raise SnapshotRefused(f"block {number} can't be exported: expected a block from 1 to the safe head, {safe}")
    if number < db.states_from:
        raise SnapshotRefused(
            f"block {number} can't be exported: this node keeps the states from block {db.states_from} on"
        )
    return db.require_header(block_hash), block_hash


def _manifest(db: ChainDatabase, network: Network, header: Header, block_hash: Hash32, accounts: int) -> Manifest:
    return Manifest(
        chain_id=network.config.l2_chain_id,
        genesis_hash=network.genesis.hash,
        rollup_hash=rollup_hash(network.config),
        number=header.number,
        block_hash=block_hash,
        output_root=output_root(header, block_hash),
        first_block=_first_block(db, network, header.number),
        accounts=accounts,
    )


def _first_block(db: ChainDatabase, network: Network, number: int) -> int:
    """The lowest block that a node needs that goes on from `number`: for BLOCKHASH, and for derivation, which begins a
    channel time-out of L1 blocks before the last L1 block but one that gave blocks."""
    cursor = _derivation_cursor(SafeIndex(db), number)
    wanted = max(_l1_origin(db, network, cursor) - network.config.channel_timeout, network.config.genesis.l1.number)
    base = cursor
    while base > 1 and _l1_origin(db, network, base) > wanted:
        base -= 1
    return max(1, min(base, number - BLOCKHASH_WINDOW))


def _derivation_cursor(index: SafeIndex, number: int) -> int:
    """The last block that an earlier L1 block gave than the one that gave `number`."""
    newest = index.derived_from(number)
    cursor, found = number, newest
    while newest is not None and found is not None and cursor > 0 and found.number >= newest.number:
        cursor -= 1
        found = index.derived_from(cursor)
    if newest is None or (found is None and cursor > 0):
        raise SnapshotRefused(
            f"block {number} is too old: where it was derived from is no longer kept; choose a newer block"
        )
    return cursor


def _l1_origin(db: ChainDatabase, network: Network, number: int) -> int:
    record = _record(db, number)
    return l2_block_ref(record.header, record.hash, record.transactions, network.config).l1_origin.number


def _record(db: ChainDatabase, number: int) -> BlockRecord:
    block_hash = db.canonical_hash(BlockNumber(number))
    record = None if block_hash is None else db.block_record(block_hash)
    if record is None:
        raise SnapshotRefused(f"block {number} is missing: the node was itself made from too new a snapshot")
    return record


def _write(
    db: ChainDatabase,
    manifest: Manifest,
    header: Header,
    preimages: Preimages,
    frames: FrameWriter,
    progress: Progress,
) -> None:
    frames.write("manifest", manifest.encode())
    for number in range(manifest.first_block, manifest.number + 1):
        record = _record(db, number)
        receipts = [receipt.encode() for receipt in record.receipts]
        frames.write("block", record.header.encode(), list(record.transactions), receipts)
        progress("Writing blocks", number - manifest.first_block, manifest.number - manifest.first_block + 1)
    notes: list[int | bytes] = []
    for number, block in SafeIndex(db).entries():
        if manifest.first_block <= number <= manifest.number:
            notes += (number, block.number, block.hash)
    frames.write("derived", notes)
    for records in _bounded(_state(db, header.state_root, preimages, manifest.accounts, progress)):
        frames.write("state", records)
    frames.end()


def _state(
    db: ChainDatabase, root: Hash32, preimages: Preimages, total: int, progress: Progress
) -> Iterator[tuple[bytes, bytes]]:
    sent: set[Hash32] = set()
    for done, (hashed, leaf) in enumerate(iterate_leaves(db, root)):
        account = decode_account(leaf)
        if account.code_hash != KECCAK_EMPTY and account.code_hash not in sent:
            sent.add(account.code_hash)
            yield b"", db.code(account.code_hash)
        yield preimages.find(hashed, "an account"), leaf
        for slot, word in iterate_leaves(db, account.storage_root):
            yield preimages.find(slot, "a storage slot"), word
        progress("Writing accounts", done, total)


def _bounded(records: Iterator[tuple[bytes, bytes]]) -> Iterator[list[bytes]]:
    """Frames' worth of records."""
    row: list[bytes] = []
    size = 0
    for key, value in records:
        row += (key, value)
        size += len(key) + len(value)
        if size >= _FRAME_BYTES:
            yield row
            row, size = [], 0
    if row:
        yield row
