"""EconomyPort over the reader processes."""

from collections.abc import Mapping
from typing import Any, Final

from node.readers import ReaderPool
from rollup.indexer import StillRebuilding
from state.primitives.types import Hash32

ROUNDS: Final = 6
"""How often a question whose history is still being added up is asked before the client hears of it."""


class ReaderEconomy:
    """Each question goes to a reader; one that says it isn't done yet is asked again, where it goes on."""

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool

    async def ask(self, question: str, block_hash: Hash32, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = {"question": question, "block_hash": block_hash, "arguments": dict(arguments)}
        for _ in range(ROUNDS - 1):
            try:
                return await self._answer(asked)
            except StillRebuilding:
                continue
        return await self._answer(asked)

    async def _answer(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = await self._pool.query("economy", asked)
        return answer
