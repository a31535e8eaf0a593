"""LevelDB's failures as typed errors that say what to do, and the port's promises on both stores."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import Barrier, Thread

import pytest

from state.database import (
    DatabaseCorrupt,
    DatabaseLocked,
    KeyValueStore,
    LevelDBStore,
    MemoryStore,
    SchemaMismatch,
    WriteBatch,
    WriteBatchError,
    schema,
)
from state.errors import StorageError

HOLD = """
import sys, plyvel
db = plyvel.DB(sys.argv[1], create_if_missing=True)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["leveldb", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyValueStore]:
    opened: KeyValueStore = LevelDBStore(tmp_path / "db") if request.param == "leveldb" else MemoryStore()
    yield opened
    opened.close()


def batch_of(*pairs: tuple[bytes, bytes | None]) -> WriteBatch:
    batch = WriteBatch()
    batch.operations.update(pairs)
    return batch


def test_a_batch_is_visible_whole_and_the_last_operation_on_a_key_wins(store: KeyValueStore) -> None:
    batch = batch_of((b"a", b"1"), (b"b", b"2"))
    batch.put(b"a", b"3")
    batch.delete(b"b")
    batch.delete(b"never there")
    store.write(batch, sync=True)
    assert store.get(b"a") == b"3"
    assert store.get(b"b") is None
    store.write(batch_of((b"a", None)), sync=False)
    assert list(store.iterate()) == []


def test_iterates_in_key_order_between_bounds_and_backwards(store: KeyValueStore) -> None:
    store.write(batch_of((b"c", b"3"), (b"a", b"1"), (b"b", b"2"), (b"d", b"4")), sync=False)
    assert [key for key, _ in store.iterate()] == [b"a", b"b", b"c", b"d"]
    assert list(store.iterate(start=b"b", stop=b"d")) == [(b"b", b"2"), (b"c", b"3")]
    assert [key for key, _ in store.iterate(start=b"b", stop=b"d", reverse=True)] == [b"c", b"b"]


def test_an_iteration_shows_the_moment_at_which_it_began(store: KeyValueStore) -> None:
    store.write(batch_of((b"a", b"1"), (b"b", b"2")), sync=False)
    pairs = store.iterate()
    assert next(pairs) == (b"a", b"1")
    store.write(batch_of((b"b", None), (b"c", b"3")), sync=False)
    assert list(pairs) == [(b"b", b"2")]


def test_a_database_held_by_another_process_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DatabaseLocked, match="stop that process, or choose another data directory"):
            LevelDBStore(path)
        holder.communicate("")


def test_a_database_held_by_this_process_is_locked_too(tmp_path: Path) -> None:
    store = LevelDBStore(tmp_path / "db")
    with pytest.raises(DatabaseLocked):
        LevelDBStore(tmp_path / "db")
    store.close()


def test_a_damaged_manifest_is_refused_and_not_repaired(tmp_path: Path) -> None:
    path = tmp_path / "db"
    LevelDBStore(path).close()
    (path / "CURRENT").write_text("nonsense")
    with pytest.raises(DatabaseCorrupt, match="damaged"):
        LevelDBStore(path)
    assert (path / "CURRENT").read_text() == "nonsense"


def test_a_flipped_byte_in_the_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "db"
    store = LevelDBStore(path)
    for number in range(50):
        store.write(batch_of((b"key%d" % number, bytes(2_000))), sync=True)
    store.close()
    log = max(path.glob("*.log"), key=lambda file: file.stat().st_size)
    data = bytearray(log.read_bytes())
    data[20_000] ^= 0xFF
    log.write_bytes(data)
    with pytest.raises(DatabaseCorrupt):
        LevelDBStore(path)


def test_a_flipped_byte_in_a_table_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "db"
    store = LevelDBStore(path)
    store.write(batch_of(*((b"key%04d" % number, b"%04d" % number * 300) for number in range(400))), sync=True)
    store.close()
    LevelDBStore(path).close()  # opening again turns the log into a table
    table = max(path.glob("*.ldb"), key=lambda file: file.stat().st_size)
    data = bytearray(table.read_bytes())
    for offset in range(200, len(data) // 2, 1_000):
        data[offset] ^= 0xFF
    table.write_bytes(data)
    store = LevelDBStore(path)
    with pytest.raises(DatabaseCorrupt):
        list(store.iterate())
    with pytest.raises(DatabaseCorrupt):
        store.get(b"key0000")
    store.close()


def test_a_path_that_is_no_directory_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="can't be used"):
        LevelDBStore(tmp_path / "file")


def test_a_closed_store_is_a_storage_error(tmp_path: Path) -> None:
    store = LevelDBStore(tmp_path / "db")
    store.close()
    store.close()
    with pytest.raises(StorageError):
        store.get(b"a")
    with pytest.raises(StorageError):
        store.write(batch_of((b"a", b"1")), sync=False)
    with pytest.raises(StorageError):
        list(store.iterate())


def repeat_for_ever(action: Callable[[LevelDBStore], object], store: LevelDBStore) -> None:
    while True:
        action(store)


def test_closing_under_other_threads_ends_them_with_a_storage_error_and_not_the_process(tmp_path: Path) -> None:
    filled = LevelDBStore(tmp_path / "db")
    filled.write(batch_of(*((b"%06d" % number, bytes(300)) for number in range(20_000))), sync=False)
    filled.close()
    for _ in range(5):
        store = LevelDBStore(tmp_path / "db")
        began, endings = Barrier(5), []

        def until_closed(
            action: Callable[[LevelDBStore], object],
            store: LevelDBStore = store,
            began: Barrier = began,
            endings: list[str] = endings,
        ) -> None:
            began.wait()
            with pytest.raises(StorageError, match="is closed"):
                repeat_for_ever(action, store)
            endings.append("closed")

        actions = [lambda opened: list(opened.iterate()), lambda opened: opened.get(b"000100")] * 2
        threads = [Thread(target=until_closed, args=(action,)) for action in actions]
        for thread in threads:
            thread.start()
        began.wait()
        store.close()
        for thread in threads:
            thread.join()
        assert endings == ["closed"] * 4


def test_the_encoded_batch_comes_back_and_other_bytes_are_refused() -> None:
    batch = batch_of((b"a", b"1"), (b"b", None), (b"", b""))
    assert WriteBatch.decode(batch.encode()).operations == batch.operations
    for broken in (
        b"",
        b"\xc1",
        b"\x93\xc4\x01a\xc4\x01b\xc4\x01c",
        b"\x92\xa1a\xc4\x011",
        b"\xdd\xff\xff\xff\xff",
        b"\x01",
    ):
        with pytest.raises(WriteBatchError):
            WriteBatch.decode(broken)
    with pytest.raises(WriteBatchError):
        WriteBatch.decode(batch.encode() + b"\x00")


def test_a_newer_schema_is_refused_and_an_older_one_migrated_step_by_step() -> None:
    store = MemoryStore()
    schema.open_schema(store)
    assert store.get(schema.VERSION_KEY) == schema.SCHEMA_VERSION.to_bytes(4, "big")
    store.write(batch_of((schema.VERSION_KEY, (99).to_bytes(4, "big"))), sync=False)
    with pytest.raises(SchemaMismatch, match="schema version 99"):
        schema.open_schema(store)
    store.write(batch_of((schema.VERSION_KEY, (0).to_bytes(4, "big"))), sync=False)
    with pytest.raises(SchemaMismatch, match="schema version 0"):
        schema.open_schema(store)
    schema.open_schema(store, {0: lambda _store: batch_of((b"migrated", b"yes"))})
    assert store.get(b"migrated") == b"yes"
    assert store.get(schema.VERSION_KEY) == schema.SCHEMA_VERSION.to_bytes(4, "big")


def test_every_keyspace_byte_is_in_the_table_and_stands_for_one_thing() -> None:
    constants = {
        name: value
        for name, value in vars(schema).items()
        if name.isupper() and isinstance(value, bytes) and len(value) == 1
    }
    assert len(set(constants.values())) == len(constants)
    documented = {line.split()[0] for line in (schema.__doc__ or "").splitlines() if line.startswith("    ")}
    assert {value.hex() for value in constants.values()} == documented - {"byte"}


def test_statistics_tell_size_and_levels_and_end_with_the_database(tmp_path: Path) -> None:
    store = LevelDBStore(tmp_path / "db")
    random = Random(1)
    for number in range(40):  # more than one write buffer, so that there are tables
        pairs = [(random.randbytes(32), random.randbytes(1_000)) for _ in range(1_000)]
        store.write(batch_of(*pairs, (b"number", bytes([number]))), sync=False)
    found = store.statistics()
    while not 30_000_000 < found.disk_bytes < 60_000_000:  # 40 MB, once no compaction is under way
        time.sleep(0.05)
        found = store.statistics()
    assert found.memory_bytes > 0
    assert all(
        min(level.files, level.megabytes_written, level.compaction_seconds) >= 0 for level in found.levels.values()
    )
    store.close()
    reopened = LevelDBStore(tmp_path / "db")
    assert sum(level.files for level in reopened.statistics().levels.values()) >= 1
    reopened.close()
    with pytest.raises(StorageError, match="is closed"):
        reopened.statistics()
