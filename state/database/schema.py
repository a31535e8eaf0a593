"""The keyspace, in one table. Every key starts with one byte that says what it is.

    byte  after it                              value
    00    name                                  the database itself: version u32; sequence, begins of 0f, 08, states
    01    address 20                            account at the flat head: rlp([nonce, balance, storage root, code hash])
    02    address 20, slot 32                   storage at the flat head: rlp(value), never zero
    03    node hash 32                          trie node (RLP), of every state since genesis
    04    code hash 32                          contract code
    05    block hash 32                         header (RLP)
    06    block hash 32                         body: rlp([hashes, senders, [raw transaction, …]])
    07    block hash 32                         receipts: rlp([[receipt, …], [extras, …]])
    08    number 8                              canonical block hash
    09    transaction hash 32                   canonical place: block hash 32, index u32
    0a    address 20, number 8                  log positions of this address in this canonical block
    0b    topic position 1, topic 32, number 8  log positions of this topic at this position in this canonical block
    0c    number 8                              log positions of all logs in this canonical block
    0d    "heads"                               unsafe, safe, finalized and flat head: four block hashes, joined
    0e    number 8                              reverse diff: the write batch that undoes this block's flat state
    0f    address 20, number 8                  indexes u32 of the transactions of this address in this canonical block
    10    node hash 32                          count u32 of this trie node if more than 1; see `pruning`
    11    number 8                              trie nodes that this block placed and displaced; see `pruning`
    20    owner's choice                        L1 view (rollup.l1, derivation's resumption point)
    21    owner's choice                        batcher outbox
    22    owner's choice                        sequencer, last signed block
    23    owner's choice                        proposer
    24    owner's choice                        engine
    25    owner's choice                        simulated L1
    26    owner's choice                        p2p

A log position is three u32: transaction index, the log's index in its block, the log's index in its receipt; a value
is a row of them in order. All numbers are big-endian, so that key order is numeric order.

Hash-keyed data (03 to 07) stays for ever, but for 03 in a pruned database; 01, 02, 08 to 0c, 0e, 0f and 11 describe the
canonical chain up to the flat head and are rewound on a reorg.
"""

from collections.abc import Callable, Mapping
from typing import Final

from state.database.stores import KeyValueStore, WriteBatch
from state.errors import StorageError
from state.primitives.types import Address, Hash32

DATABASE: Final = b"\x00"
ACCOUNT: Final = b"\x01"
STORAGE: Final = b"\x02"
NODE: Final = b"\x03"
CODE: Final = b"\x04"
HEADER: Final = b"\x05"
BODY: Final = b"\x06"
RECEIPTS: Final = b"\x07"
CANONICAL: Final = b"\x08"
TRANSACTION: Final = b"\x09"
LOG_ADDRESS: Final = b"\x0a"
LOG_TOPIC: Final = b"\x0b"
LOG_BLOCK: Final = b"\x0c"
HEAD: Final = b"\x0d"
REVERSE_DIFF: Final = b"\x0e"
ADDRESS_TRANSACTIONS: Final = b"\x0f"
NODE_COUNT: Final = b"\x10"
NODE_JOURNAL: Final = b"\x11"

META_L1_VIEW: Final = b"\x20"
META_BATCHER: Final = b"\x21"
META_SEQUENCER: Final = b"\x22"
META_PROPOSER: Final = b"\x23"
META_ENGINE: Final = b"\x24"
META_SIMULATOR: Final = b"\x25"
META_P2P: Final = b"\x26"
META_KEYSPACES: Final = frozenset(
    (META_L1_VIEW, META_BATCHER, META_SEQUENCER, META_PROPOSER, META_ENGINE, META_SIMULATOR, META_P2P)
)

SCHEMA_VERSION: Final = 1
VERSION_KEY: Final = DATABASE + b"version"
SEQUENCE_KEY: Final = DATABASE + b"sequence"
"""Counts every batch that was written: what a reader process compares to know how far it lags."""

ADDRESSES_FROM_KEY: Final = DATABASE + b"addresses"
"""The block from which on all canonical ones are in the address index; absent where it isn't kept."""

BLOCKS_FROM_KEY: Final = DATABASE + b"blocks"
"""The block from which on all canonical ones are here, genesis aside; absent where all are: see `import_writer`."""

STATES_FROM_KEY: Final = DATABASE + b"states"
"""The block from which on the states of all canonical ones are here; absent where all are."""

PRUNING_KEY: Final = DATABASE + b"pruning"
"""`full` where states are let go; absent in an archive."""

HEADS_KEY: Final = HEAD + b"heads"
"""One key, so that nobody reads a safe head of one moment with an unsafe head of another."""


class SchemaMismatch(StorageError):
    """The database was written by another version of this software, and no migration leads here."""


class MissingData(StorageError):
    """Something that other data on disk refers to is not there: the database lost it, or it was never whole."""


def number_key(prefix: bytes, number: int) -> bytes:
    """`prefix` and the number as u64."""
    return prefix + number.to_bytes(8, "big")


def account_key(address: Address) -> bytes:
    """Where the flat account lies."""
    return ACCOUNT + address


def storage_key(address: Address, slot: bytes) -> bytes:
    """Where the flat storage word of a 32-byte slot (not hashed) lies."""
    return STORAGE + address + slot


def log_topic_prefix(position: int, topic: Hash32) -> bytes:
    """What the block number follows in the topic index."""
    return LOG_TOPIC + bytes((position,)) + topic


def prefix_end(prefix: bytes) -> bytes:
    """The first key after all that start with `prefix`, whose last byte is not 0xff."""
    return prefix[:-1] + bytes((prefix[-1] + 1,))


Migration = Callable[[KeyValueStore], WriteBatch]
MIGRATIONS: Final[Mapping[int, Migration]] = {}
"""From version n: the batch that makes it n + 1."""


def open_schema(store: KeyValueStore, migrations: Mapping[int, Migration] = MIGRATIONS) -> None:
    """Marks a fresh store with the schema version, or migrates an older one step by step, each step atomic.

    Raises SchemaMismatch for a newer version, or an older one that no migration leads from.
    """
    stored = store.get(VERSION_KEY)
    if stored is None:
        store.write(_version_batch(WriteBatch(), SCHEMA_VERSION), sync=True)
        return
    version = int.from_bytes(stored, "big")
    while version < SCHEMA_VERSION and version in migrations:
        store.write(_version_batch(migrations[version](store), version + 1), sync=True)
        version += 1
    if version != SCHEMA_VERSION:
        raise SchemaMismatch(
            f"database has schema version {version}, this release reads {SCHEMA_VERSION}: use the release that wrote "
            "it, or move the directory away and start again from L1"
        )


def _version_batch(batch: WriteBatch, version: int) -> WriteBatch:
    batch.put(VERSION_KEY, version.to_bytes(4, "big"))
    return batch
