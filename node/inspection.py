"""What a stopped node's database holds, and whether it is whole.

    open_stopped      the database, if no process has it and nothing would have to be migrated
    summarise         schema, chain, heads, keyspaces, outbox
    verify_flat_state the flat tables give the head's state root, and every trie node under it is there
    verify_blocks     the last blocks, executed again by the reference executor

Nothing is written but what LevelDB does by itself when it opens (it replays its log).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from node.errors import StartupError
from node.files import read_text
from rollup.batcher import Outbox
from state.blocks import EMPTY_TRIE_ROOT
from state.database import ChainDatabase, Heads, LevelDBStore, SchemaMismatch, schema
from state.errors import StorageError
from state.execution.port import ChainRules
from state.execution.reference import ReferenceExecutor
from state.primitives.crypto import keccak256
from state.primitives.types import Address, Hash32
from state.transition import GenesisSpec, audit_block, genesis_record
from state.trie import iterate_leaves, update_trie
from state.world.accounts import decode_account

KEYSPACES: Final = {
    schema.DATABASE: "database itself",
    schema.ACCOUNT: "flat accounts",
    schema.STORAGE: "flat storage",
    schema.NODE: "trie nodes",
    schema.CODE: "code",
    schema.HEADER: "headers",
    schema.BODY: "bodies",
    schema.RECEIPTS: "receipts",
    schema.CANONICAL: "number to hash",
    schema.TRANSACTION: "transaction places",
    schema.LOG_ADDRESS: "logs by address",
    schema.LOG_TOPIC: "logs by topic",
    schema.LOG_BLOCK: "logs by block",
    schema.HEAD: "heads",
    schema.REVERSE_DIFF: "reverse diffs",
    schema.ADDRESS_TRANSACTIONS: "transactions by address",
    schema.NODE_COUNT: "trie node counts",
    schema.NODE_JOURNAL: "trie node journals",
    schema.META_L1_VIEW: "L1 view",
    schema.META_BATCHER: "batcher outbox",
    schema.META_SEQUENCER: "sequencer",
    schema.META_PROPOSER: "proposer",
    schema.META_ENGINE: "engine",
    schema.META_SIMULATOR: "simulated L1",
    schema.META_P2P: "p2p",
}
NETWORK_FILES: Final = ("genesis.json", "../genesis.json", "../l1-genesis.json")
"""Where the genesis of a data directory is looked for: beside it as `openledger devnet` lays it out."""


class IntegrityError(StorageError):
    """The flat state and the state trie of the head are not the same, or one of them is incomplete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyspace:
    """What lies under one first byte."""

    name: str
    keys: int
    size: int
    """Bytes of keys and values, before LevelDB's compression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What `openledger inspect` prints."""

    schema_version: int
    batches: int
    genesis: Hash32
    chain_id: int | None
    """None where no genesis.json beside the directory belongs to this chain."""
    heads: Heads
    head_numbers: dict[str, int]
    flat_head: Hash32
    flat_number: int
    is_full: bool
    """Whether old states are let go; otherwise it is an archive."""
    states_from: int
    """The oldest block whose state is kept."""
    blocks_from: int
    """The oldest block that is kept, genesis aside; 0 where all are."""
    keyspaces: tuple[Keyspace, ...]
    outbox: tuple[tuple[int, int, int], ...]
    """Channels that are not safe yet: first block, last block, bytes."""


def open_stopped(directory: Path) -> ChainDatabase:
    """The database in a node's data directory. Raises StartupError, DatabaseLocked, DatabaseCorrupt, SchemaMismatch."""
    path = directory / "chain"
    if not (path / "CURRENT").exists():
        inside = sorted(found.parent.parent.name for found in directory.glob("*/chain/CURRENT"))
        hint = f": did you mean one of {', '.join(str(directory / name) for name in inside)}?" if inside else ""
        raise StartupError(f"{directory} holds no chain database{hint}")
    store = LevelDBStore(path)
    version = int.from_bytes(store.get(schema.VERSION_KEY) or b"", "big")
    if version != schema.SCHEMA_VERSION:
        store.close()
        raise SchemaMismatch(f"database has schema version {version}, this release inspects {schema.SCHEMA_VERSION}")
    db = ChainDatabase(store)
    if not db.is_initialised:
        db.close()
        raise StartupError(f"{directory} holds an empty chain database: the node has never started")
    return db


def rules_of(db: ChainDatabase, directory: Path, genesis: Path | None = None) -> ChainRules | None:
    """The rules of the chain, from the genesis.json that gives its first block; None if none does."""
    for path in [genesis] if genesis is not None else [directory / name for name in NETWORK_FILES]:
        if genesis is None and not path.exists():
            continue
        document: dict[str, Any] = json.loads(read_text(path, "genesis"))
        spec = GenesisSpec.from_json(document)
        rules = ChainRules(chain_id=spec.chain_id, is_optimism="optimism" in document.get("config", {}))
        if genesis_record(spec, rules).hash == db.canonical_hash(0):
            return rules
    return None


def summarise(db: ChainDatabase, rules: ChainRules | None) -> Summary:
    """Reads every key once, to count them."""
    heads = db.heads()
    named = {"unsafe": heads.unsafe, "safe": heads.safe, "finalized": heads.finalized}
    outbox = Outbox(db, schema.META_BATCHER + b"out/")
    return Summary(
        schema_version=schema.SCHEMA_VERSION,
        batches=db.sequence,
        genesis=db.canonical_hash(0) or Hash32(bytes(32)),
        chain_id=None if rules is None else rules.chain_id,
        heads=heads,
        head_numbers={name: db.require_header(block_hash).number for name, block_hash in named.items()},
        flat_head=db.flat_head(),
        flat_number=db.require_header(db.flat_head()).number,
        is_full=db.is_full,
        states_from=db.states_from,
        blocks_from=db.blocks_from,
        keyspaces=tuple(_keyspaces(db)),
        outbox=tuple((record.first, record.last, record.size) for record in outbox.records()),
    )


def _keyspaces(db: ChainDatabase) -> Iterator[Keyspace]:
    for prefix, name in KEYSPACES.items():
        keys = size = 0
        for key, value in db.store.iterate(start=prefix, stop=schema.prefix_end(prefix)):
            keys += 1
            size += len(key) + len(value)
        if keys:
            yield Keyspace(name=name, keys=keys, size=size)


class _NoNodes:
    """The source of a trie that is built from nothing."""

    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        return None


def verify_flat_state(db: ChainDatabase) -> int:
    """How many accounts the flat head has. Raises IntegrityError, or MissingNode for a hole in the trie."""
    head = db.require_header(db.flat_head())
    leaves: dict[bytes, bytes] = {}
    for key, leaf in db.store.iterate(start=schema.ACCOUNT, stop=schema.prefix_end(schema.ACCOUNT)):
        address = Address(key[1:])
        leaves[keccak256(address)] = leaf
        expected = decode_account(leaf).storage_root
        _expect(f"flat storage of 0x{address.hex()}", _flat_storage_root(db, address), expected)
        _expect_whole(db, expected)
    _expect("flat accounts", _root(leaves), head.state_root)
    _expect_whole(db, head.state_root)
    return len(leaves)


def _flat_storage_root(db: ChainDatabase, address: Address) -> Hash32:
    prefix = schema.STORAGE + address
    slots = db.store.iterate(start=prefix, stop=prefix + b"\xff" * 33)
    return _root({keccak256(key[len(prefix) :]): value for key, value in slots})


def _root(leaves: dict[bytes, bytes]) -> Hash32:
    return update_trie(_NoNodes(), EMPTY_TRIE_ROOT, leaves).root


def _expect(what: str, got: Hash32, expected: Hash32) -> None:
    if got != expected:
        raise IntegrityError(
            f"{what} give root 0x{got.hex()}, expected 0x{expected.hex()}: the database is damaged; "
            "restore a backup, or move the directory away and start again from L1"
        )


def _expect_whole(db: ChainDatabase, root: Hash32) -> None:
    if root != EMPTY_TRIE_ROOT:
        for _ in iterate_leaves(db, root):
            pass


def verify_blocks(
    db: ChainDatabase, rules: ChainRules, evidence: Path, *, count: int, progress: Callable[[int], None]
) -> tuple[int, int]:
    """First and last number of the blocks that were executed again and came out equal.

    Raises ExecutionDivergence, with both results under `evidence`; `progress` is told each number.
    """
    last = db.require_header(db.flat_head()).number
    first = max(1, db.states_from + 1, last - count + 1)
    executor = ReferenceExecutor()
    for number in range(first, last + 1):
        block_hash = db.canonical_hash(number)
        if block_hash is None:
            raise IntegrityError(f"canonical block {number} is missing below the flat head {last}")
        audit_block(db, executor, rules, block_hash, evidence)
        progress(number)
    return first, last
