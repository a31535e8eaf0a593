"""A node made from a snapshot goes on from L1 as if it had executed all, and says what it does not have."""

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from node.inspection import verify_flat_state
from node.snapshots import (
    Manifest,
    Network,
    SnapshotDamaged,
    SnapshotMismatch,
    SnapshotRefused,
    SnapshotUnproven,
    TrustedOutput,
    export_snapshot,
    import_snapshot,
    verify_snapshot,
)
from node.snapshots.frames import FrameWriter, read_frames
from rollup.codec.output_root import output_root
from rollup.driver.safe_index import SafeIndex
from state.database import ChainDatabase, LevelDBStore, PrunedHistory, PrunedState, WriteBatch, schema
from state.execution.fast import FastExecutor
from state.execution.port import ChainRules
from state.primitives.types import Address, Hash32
from state.queries import StateQueries
from state.transition import genesis_record
from tests.actions.chain.world import World
from tests.actions.network.world import Node

RICH = Address(b"\x22" * 20)


@pytest.fixture
async def grown(world: World) -> World:
    """Twenty safe blocks in several epochs, with transfers, a deposit and a contract among them."""
    for epoch in range(6):
        world.send(epoch % 3, to=RICH, value=5)
        world.send(1, to=None, data=bytes.fromhex("600a600c600039600a6000f3602a60005560005460005260206000f3")[:22])
        await world.act_epoch(blocks=3)
    await world.act_safe()
    return world


def network_of(world: World) -> Network:
    rules = ChainRules(chain_id=world.rollup.l2_chain_id, is_optimism=True)
    genesis = genesis_record(world.genesis, rules)
    return Network(config=world.rollup, rules=rules, genesis=genesis, spec=world.genesis)


def trusted(db: ChainDatabase, number: int) -> TrustedOutput:
    block_hash = db.canonical_hash(number)
    assert block_hash is not None
    return TrustedOutput(root=output_root(db.require_header(block_hash), block_hash))


@pytest.fixture
def exported(grown: World, tmp_path: Path) -> tuple[Path, Manifest]:
    """A snapshot of a safe block some way below the follower's head."""
    db = grown.follower.db
    number = grown.follower.engine.safe_head.number - 4
    return tmp_path / "snapshot", export_snapshot(db, network_of(grown), number, tmp_path / "snapshot")


@pytest.fixture
def imported(grown: World, exported: tuple[Path, Manifest], tmp_path: Path) -> Iterator[Node]:
    """A node on the imported snapshot."""
    file, manifest = exported
    vouching = trusted(grown.follower.db, manifest.number)
    import_snapshot(file, tmp_path / "data", network_of(grown), vouching)
    with closing(LevelDBStore(tmp_path / "data" / "chain")) as store:
        yield Node(grown, store, sequences=False)  # type: ignore[arg-type]  # a World has what a Node needs


async def test_a_follower_goes_on_from_a_snapshot_to_the_same_heads(grown: World, imported: Node) -> None:
    assert imported.engine.safe_head.number == grown.follower.engine.safe_head.number - 4
    await imported.derive()
    assert imported.engine.safe_head == grown.follower.engine.safe_head
    grown.send(0, to=RICH, value=7)
    await grown.act_epoch(blocks=3)
    await grown.act_safe()
    await imported.derive()
    ours, others = imported.db.heads(), grown.follower.db.heads()
    assert (ours.unsafe, ours.safe) == (others.unsafe, others.safe)
    assert verify_flat_state(imported.db) == verify_flat_state(grown.follower.db)
    assert imported.driver.resets == 0


async def test_what_a_snapshot_brings_of_blocks_is_what_its_exporter_had(
    grown: World, exported: tuple[Path, Manifest], imported: Node
) -> None:
    manifest = exported[1]
    for number in (0, *range(manifest.first_block, manifest.number + 1)):
        block_hash = grown.follower.db.canonical_hash(number)
        assert block_hash is not None
        assert imported.db.canonical_hash(number) == block_hash
        assert imported.db.block_record(block_hash) == grown.follower.db.block_record(block_hash)
    index, copied = SafeIndex(grown.follower.db), SafeIndex(imported.db)
    assert copied.derived_from(manifest.number) == index.derived_from(manifest.number) is not None


async def test_states_below_a_snapshot_are_refused_in_words_that_name_what_is_kept(
    grown: World, exported: tuple[Path, Manifest], imported: Node
) -> None:
    manifest = exported[1]
    queries = StateQueries(imported.db, FastExecutor(), network_of(grown).rules)
    assert queries.account(manifest.block_hash, RICH).balance > 0
    parent = imported.db.require_header(manifest.block_hash).parent_hash
    for question in (lambda: queries.account(parent, RICH), lambda: queries.proof(parent, RICH, [0])):
        with pytest.raises(PrunedState, match=f"keeps the states from block {manifest.number} on"):
            question()


async def test_logs_below_the_first_block_are_refused_and_not_left_out(
    grown: World, exported: tuple[Path, Manifest], imported: Node
) -> None:
    first = exported[1].first_block
    assert first == 1  # such a short chain comes whole
    assert imported.db.search_logs(0, 100, [], [], 1_000) is not None
    with_history(imported.db, 5)
    with pytest.raises(PrunedHistory, match="blocks from 5 on"):
        imported.db.search_logs(0, 100, [], [], 1_000)
    assert imported.db.search_logs(5, 100, [], [], 1_000) is not None
    with pytest.raises(PrunedHistory) as found:
        imported.db.require_blocks(4, 4)
    assert found.value.rpc_code == 4444
    imported.db.require_blocks(0, 0)


def with_history(db: ChainDatabase, first: int) -> None:
    batch = WriteBatch()
    batch.put(schema.BLOCKS_FROM_KEY, first.to_bytes(8, "big"))
    db.store.write(batch, sync=False)


async def test_another_root_than_the_trusted_one_is_refused(
    grown: World, exported: tuple[Path, Manifest], tmp_path: Path
) -> None:
    with pytest.raises(SnapshotUnproven, match="output root"):
        verify_snapshot(exported[0], network_of(grown), TrustedOutput(root=Hash32(bytes(32))))


async def test_a_snapshot_of_another_chain_is_refused(
    grown: World, exported: tuple[Path, Manifest], tmp_path: Path
) -> None:
    network = network_of(grown)
    other = dataclasses.replace(network, config=dataclasses.replace(network.config, block_time=7))
    with pytest.raises(SnapshotMismatch, match="rollup configuration"):
        import_snapshot(exported[0], tmp_path / "data", other, trusted(grown.follower.db, exported[1].number))
    assert not list((tmp_path / "data").iterdir())


def rewrite(file: Path, change: Callable[[list[object]], list[object] | None]) -> None:
    """The file's frames, changed or dropped one by one, with right checksums."""
    with file.open("rb") as stream:
        frames = list(read_frames(stream))
    with file.open("wb") as out:
        writer = FrameWriter(out)
        for frame in frames:
            changed = change(frame)
            if changed is not None:
                writer.write(*changed)  # type: ignore[arg-type]  # damage is what is tested
        writer.end()


def richer(frame: list[object]) -> list[object]:
    """One account's balance is another."""
    if frame[0] == "state":
        records = frame[1]
        assert isinstance(records, list)
        at = next(index for index, value in enumerate(records) if index % 2 == 0 and value == RICH)
        leaf = records[at + 1]
        records[at + 1] = leaf[:4] + bytes([leaf[4] ^ 1]) + leaf[5:]
    return frame


def without_slots(frame: list[object]) -> list[object]:
    if frame[0] == "state":
        records = frame[1]
        assert isinstance(records, list)
        kept = [records[at : at + 2] for at in range(0, len(records), 2) if len(records[at]) != 32]
        frame[1] = [value for pair in kept for value in pair]
    return frame


def without_code(frame: list[object]) -> list[object]:
    if frame[0] == "state":
        records = frame[1]
        assert isinstance(records, list)
        kept = [records[at : at + 2] for at in range(0, len(records), 2) if len(records[at])]
        frame[1] = [value for pair in kept for value in pair]
    return frame


def twisted_receipts(frame: list[object]) -> list[object]:
    if frame[0] == "block":
        receipts = frame[3]
        assert isinstance(receipts, list)
        receipts[0] = receipts[0][:-1] + bytes([receipts[0][-1] ^ 1])
    return frame


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (richer, "state"),
        (without_slots, "state root"),
        (without_code, "code"),
        (twisted_receipts, "receipts"),
        (lambda frame: None if frame[0] == "state" else frame, "state root"),
        (lambda frame: None if frame[0] == "block" else frame, "format"),
        (lambda frame: None if frame[0] == "derived" else frame, "format"),
    ],
)
async def test_a_forged_snapshot_with_right_checksums_fails_on_a_root_and_leaves_nothing(
    grown: World,
    exported: tuple[Path, Manifest],
    tmp_path: Path,
    change: Callable[[list[object]], list[object] | None],
    words: str,
) -> None:
    rewrite(exported[0], change)
    vouching = trusted(grown.follower.db, exported[1].number)
    with pytest.raises((SnapshotUnproven, SnapshotDamaged), match=words):
        import_snapshot(exported[0], tmp_path / "data", network_of(grown), vouching)
    assert not list((tmp_path / "data").iterdir())


async def test_damage_anywhere_is_noticed_and_leaves_nothing(
    grown: World, exported: tuple[Path, Manifest], tmp_path: Path
) -> None:
    whole = exported[0].read_bytes()
    vouching = trusted(grown.follower.db, exported[1].number)
    places = [0, 5, 20, 21, 25, 40, *range(60, len(whole), max(1, len(whole) // 40)), len(whole) - 1]
    for place in places:
        exported[0].write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        with pytest.raises((SnapshotDamaged, SnapshotMismatch)):
            import_snapshot(exported[0], tmp_path / "data", network_of(grown), vouching)
        exported[0].write_bytes(whole[:place])
        with pytest.raises(SnapshotDamaged):
            import_snapshot(exported[0], tmp_path / "data", network_of(grown), vouching)
        assert not list((tmp_path / "data").iterdir())
    exported[0].write_bytes(whole + b"\0")
    with pytest.raises(SnapshotDamaged, match="follow"):
        verify_snapshot(exported[0], network_of(grown), vouching)


async def test_what_a_killed_import_left_is_removed_and_a_used_directory_is_refused(
    grown: World, exported: tuple[Path, Manifest], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    left = LevelDBStore(data / "chain.importing")
    left.close()
    vouching = trusted(grown.follower.db, exported[1].number)
    import_snapshot(exported[0], data, network_of(grown), vouching)
    assert [entry.name for entry in data.iterdir()] == ["chain"]
    with pytest.raises(SnapshotRefused, match="not empty"):
        import_snapshot(exported[0], data, network_of(grown), vouching)


async def test_blocks_that_are_not_safe_or_not_there_are_not_exported(grown: World, tmp_path: Path) -> None:
    safe = grown.sequencer.engine.safe_head.number
    await grown.act_sequence(2)
    for number in (0, safe + 1, safe + 100):
        with pytest.raises(SnapshotRefused, match="safe head"):
            export_snapshot(grown.sequencer.db, network_of(grown), number, tmp_path / "out")
    assert not [name for name in os.listdir(tmp_path) if "out" in name]


async def test_a_block_whose_state_is_gone_is_not_exported(grown: World, imported: Node, tmp_path: Path) -> None:
    with pytest.raises(SnapshotRefused, match="keeps the states from block"):
        export_snapshot(imported.db, network_of(grown), imported.engine.safe_head.number - 1, tmp_path / "out")


async def test_a_snapshot_can_be_made_of_a_node_that_was_made_from_one(
    grown: World, exported: tuple[Path, Manifest], imported: Node, tmp_path: Path
) -> None:
    await imported.derive()
    number = imported.engine.safe_head.number
    again = export_snapshot(imported.db, network_of(grown), number, tmp_path / "again")
    original = export_snapshot(grown.follower.db, network_of(grown), number, tmp_path / "original")
    assert again == original
    assert (tmp_path / "again").read_bytes() == (tmp_path / "original").read_bytes()
