"""Blocks by hashes that are known, in order: several ranges under way to several peers, and bounded memory.

What is held lies in a window above the block that is due. The block that is due is always asked for, whatever is held.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from p2p.asking import Asking
from p2p.messages import MAX_BLOCKS
from state.blocks import Block
from state.primitives.types import Hash32

RANGES_UNDER_WAY: Final = 4
WINDOW: Final = 2 * RANGES_UNDER_WAY * MAX_BLOCKS
MOST_HELD_BYTES: Final = 64 << 20
_HEADER_BYTES: Final = 1_024


class Bodies:
    """An asynchronous context; outside of it nothing is under way."""

    def __init__(
        self,
        asking: Asking,
        *,
        first: int,
        hash_at: Callable[[int], Hash32 | None],
        have: Callable[[Hash32], Block | None] = lambda _hash: None,
        most_bytes: int = MOST_HELD_BYTES,
    ) -> None:
        """`hash_at` tells what is wanted, None above the last; `have` knows blocks that need not be asked for."""
        self._asking = asking
        self._due = first
        self._hash_at = hash_at
        self._have = have
        self._most_bytes = most_bytes
        self._held: dict[int, Block] = {}
        self._held_bytes = 0
        self._asked: set[int] = set()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._failure: BaseException | None = None
        self._workers: list[asyncio.Task[None]] = []
        self.most_held = 0
        """The most blocks that were held at once."""

    async def __aenter__(self) -> Self:
        self._workers = [asyncio.create_task(self._work(), name="bodies") for _ in range(RANGES_UNDER_WAY)]
        for worker in self._workers:
            worker.add_done_callback(self._on_end)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def next(self) -> Block | None:
        """The block that is due, None after the last. Raises NoPeerLeft."""
        while (expected := self._hash_at(self._due)) is not None:
            block = self._held.pop(self._due, None)
            if block is not None:
                self._held_bytes -= _size(block)
            else:
                block = self._have(expected)
            self._room.set()
            if block is not None:
                self._due += 1
                return block
            if self._failure is not None:
                raise self._failure
            self._arrived.clear()
            await self._arrived.wait()
        return None

    def skip_to(self, number: int) -> None:
        """Go on at a higher block than the one that is due."""
        for passed in range(self._due, number):
            if (block := self._held.pop(passed, None)) is not None:
                self._held_bytes -= _size(block)
        self._due = max(self._due, number)
        self._room.set()

    async def _work(self) -> None:
        while True:
            self._room.clear()
            wanted = self._choose_range()
            if not wanted:
                await self._room.wait()
                continue
            numbers = range(wanted[0][0], wanted[0][0] + len(wanted))
            self._asked.update(numbers)
            try:
                blocks = await self._asking.blocks(numbers[0], [block_hash for _, block_hash in wanted])
            finally:
                self._asked.difference_update(numbers)
            self._hold(blocks)

    def _choose_range(self) -> list[tuple[int, Hash32]]:
        """The lowest run of blocks that are wanted and that nobody was asked for."""
        run: list[tuple[int, Hash32]] = []
        for number in range(self._due, self._due + WINDOW):
            block_hash = self._hash_at(number)
            if block_hash is None or len(run) == MAX_BLOCKS:
                break
            if number not in self._held and number not in self._asked and self._have(block_hash) is None:
                run.append((number, block_hash))
            elif run:
                break
        if run and run[0][0] != self._due and self._held_bytes >= self._most_bytes:
            return []
        return run

    def _hold(self, blocks: list[Block]) -> None:
        for block in blocks:
            number = int(block.header.number)
            if number >= self._due and number not in self._held:
                self._held[number] = block
                self._held_bytes += _size(block)
        self.most_held = max(self.most_held, len(self._held))
        self._arrived.set()
        self._room.set()

    def _on_end(self, worker: asyncio.Task[None]) -> None:
        if not worker.cancelled() and (error := worker.exception()) is not None:
            self._failure = self._failure or error
            self._arrived.set()


def _size(block: Block) -> int:
    """About, in bytes."""
    return _HEADER_BYTES + sum(map(len, block.transactions))
