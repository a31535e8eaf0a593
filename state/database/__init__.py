"""The chain on disk: LevelDB, its keyspace, and one atomic write a block.

What flows in: sealed blocks as `BlockRecord` (encoded state changes included) and heads. What flows out: blocks,
receipts and logs by hash, number or index, the flat state of the head, trie nodes, and every write batch in order
(`on_batch`), which is what reader processes are fed.

    stores      KeyValueStore port, LevelDBStore, MemoryStore, WriteBatch
    schema      the one table of the keyspace, key builders, the schema version
    records     BlockRecord, StateDelta, Heads and how a block lies on disk
    chain       ChainDatabase: commit, rewind, heads; reading: all that is read
    block_batches   what a block's commit writes and its rewinding undoes
    import_writer  a chain that begins in its middle, from a snapshot
    pruning     which trie nodes may be deleted, where only newer states are kept
    log_index   where logs are found, and the search; address_index: where accounts appear, if a node is told to know

After `kill -9` at any instant the database is at the last committed block: a block's data, its indexes, the flat
state and the heads are one batch, synced. Block data keyed by hash stays after a reorg; the canonical indexes and the
flat state are rewound by reverse diffs. An archive never deletes a trie node, a pruned database does (`pruning`).

Start reading at `chain.py`, with `schema.py` beside it. The only room that imports plyvel; imports nothing of ours but
`blocks`, `primitives` and `errors`; above all not `trie`.
"""

from state.database.address_index import AddressRow
from state.database.chain import AnotherChain, ChainDatabase, InconsistentHeads, NotOnFlatHead
from state.database.import_writer import ImportWriter
from state.database.leveldb import DatabaseCorrupt, DatabaseLocked, LevelDBStore, LevelStatistics, StoreStatistics
from state.database.log_index import LogEntry, TooManyLogs
from state.database.pruning import PruningMismatch, Retention
from state.database.reading import ChainReads, NotInitialised, PrunedHistory, PrunedState, UnknownBlock
from state.database.records import BlockRecord, Heads, StateDelta
from state.database.schema import MissingData, SchemaMismatch
from state.database.stores import KeyValueStore, MemoryStore, WriteBatch, WriteBatchError

__all__ = [
    "AddressRow",
    "AnotherChain",
    "BlockRecord",
    "ChainDatabase",
    "ChainReads",
    "DatabaseCorrupt",
    "DatabaseLocked",
    "Heads",
    "ImportWriter",
    "InconsistentHeads",
    "KeyValueStore",
    "LevelDBStore",
    "LevelStatistics",
    "LogEntry",
    "MemoryStore",
    "MissingData",
    "NotInitialised",
    "NotOnFlatHead",
    "PrunedHistory",
    "PrunedState",
    "PruningMismatch",
    "Retention",
    "SchemaMismatch",
    "StateDelta",
    "StoreStatistics",
    "TooManyLogs",
    "UnknownBlock",
    "WriteBatch",
    "WriteBatchError",
]
