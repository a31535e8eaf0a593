"""The chain of this candidate, as the conductor reads and extends it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from p2p.ports import Head
from rollup.codec.references import l2_block_ref
from rollup.engine import Engine
from rollup.errors import EngineError
from rollup.sequencer import L1Source
from state.blocks import Block
from state.primitives.types import BlockNumber, Hash32


class Chain(Protocol):
    """Called on the event loop."""

    def unsafe_head(self) -> Head: ...

    def safe_number(self) -> int:
        """At or below it L1 has decided."""

    def canonical_hash(self, number: int) -> Hash32 | None:
        """None above the unsafe head."""

    def block(self, number: int) -> Block | None:
        """The canonical block; None for genesis, which everybody has."""

    async def insert(self, block: Block) -> bool:
        """Whether the block is canonical now, be it by this call; False where another is the unsafe head's child.

        Raises InvalidBlock; nothing is changed then.
        """

    async def stands_on_l1(self, block: Block) -> bool:
        """Whether the block's L1 origin is canonical. Raises L1Unavailable, also while L1 is not that far."""


class CandidateChain:
    """Chain over the engine, which works on its own thread."""

    def __init__(self, engine: Engine, thread: ThreadPoolExecutor, l1: L1Source) -> None:
        self._engine = engine
        self._thread = thread
        self._l1 = l1

    def unsafe_head(self) -> Head:
        head = self._engine.unsafe_head
        return Head(number=head.number, hash=head.hash)

    def safe_number(self) -> int:
        return self._engine.safe_head.number

    def canonical_hash(self, number: int) -> Hash32 | None:
        return self._engine.db.canonical_hash(BlockNumber(number))

    def block(self, number: int) -> Block | None:
        block_hash = self.canonical_hash(number)
        is_genesis = number <= self._engine.config.genesis.l2.number
        return None if block_hash is None or is_genesis else self._engine.db.block(block_hash)

    async def insert(self, block: Block) -> bool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._insert, block)

    def _insert(self, block: Block) -> bool:
        if self.canonical_hash(block.header.number) == block.header.hash:
            return True  # gossip was faster
        try:
            self._engine.insert_block(block)
        except EngineError:
            return False
        return True

    async def stands_on_l1(self, block: Block) -> bool:
        ref = l2_block_ref(block.header, block.header.hash, block.transactions, self._engine.config)
        return (await self._l1.block_ref(ref.l1_origin.number)).hash == ref.l1_origin.hash
