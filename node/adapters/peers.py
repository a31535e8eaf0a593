"""What p2p asks of the node: the chain with the engine behind it, and a few values on disk."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from p2p.ports import Head
from rollup.engine import Engine
from state.blocks import Block, Header
from state.database import ChainDatabase
from state.primitives.types import BlockNumber, Hash32


class EngineChain:
    """p2p's ChainPort. Reads on the event loop, inserts on the engine's thread."""

    def __init__(
        self, engine: Engine, thread: ThreadPoolExecutor, *, may_insert: Callable[[], bool] = lambda: True
    ) -> None:
        """`may_insert`: not while this node builds the blocks itself."""
        self._engine = engine
        self._db = engine.db
        self._thread = thread
        self._may_insert = may_insert

    def unsafe_head(self) -> Head:
        ref = self._engine.unsafe_head
        return Head(number=ref.number, hash=ref.hash)

    def finalized_head(self) -> Head:
        ref = self._engine.finalized_head
        return Head(number=ref.number, hash=ref.hash)

    def first_block(self) -> int:
        return max(self._engine.config.genesis.l2.number, self._db.blocks_from)

    def canonical_hash(self, number: int) -> Hash32 | None:
        return self._db.canonical_hash(BlockNumber(number))

    def header(self, number: int) -> Header | None:
        block_hash = self.canonical_hash(number)
        return None if block_hash is None else self._db.header(block_hash)

    def block(self, number: int) -> tuple[Block, Hash32] | None:
        block_hash = self.canonical_hash(number)
        block = None if block_hash is None else self._db.block(block_hash)
        return None if block is None or block_hash is None else (block, block_hash)

    async def insert(self, block: Block) -> Head | None:
        """Raises InvalidBlock."""
        if not self._may_insert():
            return None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._insert, block)

    def _insert(self, block: Block) -> Head | None:
        if block.header.parent_hash != self._engine.unsafe_head.hash:
            return None
        ref = self._engine.insert_block(block)
        return Head(number=ref.number, hash=ref.hash)


class MetaKeyValues:
    """p2p's KeyValues in one owner's part of the database."""

    def __init__(self, db: ChainDatabase, prefix: bytes) -> None:
        """`prefix` begins with one of the keyspaces of `state.database.schema`."""
        self._db = db
        self._prefix = prefix

    def get(self, key: bytes) -> bytes | None:
        return self._db.get_meta(self._prefix + key)

    def put(self, key: bytes, value: bytes | None) -> None:
        self._db.put_meta(self._prefix + key, value)

    def iterate(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        for key, value in self._db.iterate_meta(self._prefix + prefix):
            yield key[len(self._prefix) :], value
