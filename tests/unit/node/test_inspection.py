"""`openledger inspect` tells what is there, and notices what is not as it should be."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from node.errors import StartupError
from node.inspection import (
    KEYSPACES,
    IntegrityError,
    open_stopped,
    rules_of,
    summarise,
    verify_blocks,
    verify_flat_state,
)
from state.database import ChainDatabase, DatabaseLocked, LevelDBStore, SchemaMismatch, WriteBatch, schema
from state.execution.errors import ExecutionDivergence
from state.execution.port import Executor
from state.primitives.types import Wei
from state.trie import MissingNode
from state.world.accounts import encode_account
from state.world.types import Account
from tests.compared import both_executors
from tests.unit.state.transition.network import L2, SENDER, Network, genesis_json
from tests.unit.state.transition.test_audit import Twisted


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """A data directory with `blocks` blocks of one transfer each, closed."""

    def make(blocks: int = 3, executor: Executor | None = None) -> Path:
        network = Network(L2, executor or both_executors())
        network.db = ChainDatabase(LevelDBStore(tmp_path / "data" / "chain"))
        network.db.initialise(network.genesis)
        for _ in range(blocks):
            network.commit(network.seal([network.sign()]))
        network.db.close()
        return tmp_path / "data"

    return make


def damage(directory: Path, change: Callable[[WriteBatch], None]) -> None:
    store = LevelDBStore(directory / "chain")
    batch = WriteBatch()
    change(batch)
    store.write(batch, sync=True)
    store.close()


def test_the_summary_counts_what_is_there(make: Callable[..., Path]) -> None:
    db = open_stopped(make(blocks=3))
    summary = summarise(db, L2)
    assert summary.head_numbers == {"unsafe": 3, "safe": 0, "finalized": 0}
    assert summary.flat_number == 3
    assert summary.chain_id == L2.chain_id
    assert {space.name: space.keys for space in summary.keyspaces}["headers"] == 4
    assert summary.outbox == ()
    db.close()


def test_every_keyspace_of_the_schema_has_a_name() -> None:
    prefixes = {value for name, value in vars(schema).items() if isinstance(value, bytes) and len(value) == 1}
    assert set(KEYSPACES) == prefixes


def test_a_whole_database_passes_every_check(make: Callable[..., Path], tmp_path: Path) -> None:
    db = open_stopped(make(blocks=4))
    seen: list[int] = []
    accounts = {space.name: space.keys for space in summarise(db, L2).keyspaces}["flat accounts"]
    assert verify_flat_state(db) == accounts > 2
    assert verify_blocks(db, L2, tmp_path / "divergence", count=2, progress=seen.append) == (3, 4)
    assert seen == [3, 4]
    assert verify_blocks(db, L2, tmp_path / "divergence", count=99, progress=seen.append) == (1, 4)
    assert not (tmp_path / "divergence").exists()
    db.close()


def test_a_changed_flat_account_is_noticed(make: Callable[..., Path]) -> None:
    directory = make()
    richer = encode_account(Account(balance=Wei(1)))
    damage(directory, lambda batch: batch.put(schema.account_key(SENDER), richer))
    db = open_stopped(directory)
    with pytest.raises(IntegrityError, match="flat accounts give root"):
        verify_flat_state(db)
    db.close()


def test_flat_storage_of_an_account_without_any_is_noticed(make: Callable[..., Path]) -> None:
    directory = make()
    damage(directory, lambda batch: batch.put(schema.storage_key(SENDER, bytes(32)), b"\x05"))
    db = open_stopped(directory)
    with pytest.raises(IntegrityError, match=f"flat storage of 0x{SENDER.hex()}"):
        verify_flat_state(db)
    db.close()


def test_a_hole_in_the_trie_is_noticed(make: Callable[..., Path]) -> None:
    directory = make()
    db = open_stopped(directory)
    root = db.require_header(db.flat_head()).state_root
    db.close()
    damage(directory, lambda batch: batch.delete(schema.NODE + root))
    db = open_stopped(directory)
    with pytest.raises(MissingNode):
        verify_flat_state(db)
    db.close()


def test_blocks_of_a_wrong_executor_are_noticed(make: Callable[..., Path], tmp_path: Path) -> None:
    db = open_stopped(make(blocks=1, executor=Twisted("changes")))
    with pytest.raises(ExecutionDivergence, match="divergence"):
        verify_blocks(db, L2, tmp_path / "divergence", count=1, progress=lambda _number: None)
    assert list((tmp_path / "divergence").iterdir())
    db.close()


def test_a_running_node_keeps_its_database_to_itself(make: Callable[..., Path]) -> None:
    directory = make()
    store = LevelDBStore(directory / "chain")
    with pytest.raises(DatabaseLocked, match="stop that process"):
        open_stopped(directory)
    store.close()


def test_a_directory_above_the_data_directories_is_answered_with_a_hint(make: Callable[..., Path]) -> None:
    directory = make()
    with pytest.raises(StartupError, match=f"did you mean one of {directory}"):
        open_stopped(directory.parent)


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="holds no chain database"):
        open_stopped(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def test_another_schema_version_is_left_as_it_is(make: Callable[..., Path]) -> None:
    directory = make()
    damage(directory, lambda batch: batch.put(schema.VERSION_KEY, (99).to_bytes(4, "big")))
    with pytest.raises(SchemaMismatch, match="99"):
        open_stopped(directory)


def test_a_genesis_of_another_chain_is_not_believed(make: Callable[..., Path]) -> None:
    directory = make()
    other = genesis_json(chain_id=5, alloc={"22" * 20: {"balance": "0x1"}})
    (directory / "genesis.json").write_text(json.dumps(other))
    db = open_stopped(directory)
    assert rules_of(db, directory) is None
    db.close()
