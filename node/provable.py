"""Which states a pruned node keeps because output roots on L1 may still be disputed or proven against."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from node.joining import ProvableFrom
from rollup.errors import L1Rejected, L1Unavailable
from rollup.proposer.games import Game, GameStatus
from state.primitives.types import Address

log = structlog.get_logger("node.provable")

GAMES_SECONDS: Final = 30.0
"""Between two looks."""
WATCHED_GAMES: Final = 256
"""Newest games that are looked at: older ones hold no state."""


class Games(Protocol):
    """What is asked of the dispute-game factory; `GameFactory` answers."""

    async def latest(self, count: int) -> list[Game]: ...

    async def status(self, game: Game) -> GameStatus: ...


class ProvableGames:
    """Keeps `provable` at the oldest L2 block that an open game is about.

    From the start until L1 has answered once, nothing may go.
    """

    def __init__(self, games: Games, provable: ProvableFrom) -> None:
        self._games = games
        self._provable = provable
        self._resolved: set[Address] = set()
        provable.number = 0

    async def run(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Looks for ever, `wait` between two looks. While L1 is away what it said last holds."""
        while True:
            try:
                await self.look()
            except (L1Unavailable, L1Rejected) as error:
                log.warning("provable.waits_for_l1", reason=str(error))
            await wait()

    async def look(self) -> None:
        """Asks once. Raises L1Unavailable or L1Rejected."""
        found = await self._games.latest(WATCHED_GAMES)
        self._resolved &= {game.address for game in found}
        numbers = []
        for game in found:
            if game.address in self._resolved:
                continue
            if await self._games.status(game) is GameStatus.IN_PROGRESS:
                numbers.append(game.l2_number)
            else:
                self._resolved.add(game.address)
        self._provable.number = min(numbers, default=None)
