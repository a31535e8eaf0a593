"""Which output root to claim next, and which games of ours to bring to their end.

A game counts as there if its claim is ours, or if it speaks of a block that we don't have yet. One whose claim differs
from our output root (an L1 reorg changed the chain after it was made) does not stand in the way of the right one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from rollup.errors import L1Rejected, L1Unavailable
from rollup.l1 import L1TransactionSender, Pace, TransactionState
from rollup.l1.client import Tag
from rollup.proposer.games import (
    Game,
    GameFactory,
    GameStatus,
    claim_credit_calldata,
    create_game_calldata,
    resolve_calldata,
)
from rollup.types import L1BlockRef, L2BlockNumber, L2BlockRef
from state.primitives.types import Address, Hash32

log = structlog.get_logger("rollup.proposer")

_CREATE_KEY: Final = b"create"
_RESOLVE_KEY: Final = b"resolve"
_CLAIM_KEY: Final = b"claim"
_MAX_GAMES: Final = 32
"""Newest games that one look considers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposerConfig:
    """When to claim."""

    interval: int = 120
    """L2 blocks between two claims."""
    only_finalized: bool = False
    """True: claim only what L1 has finalized, so that no reorg can prove a claim wrong."""
    resolves: bool = True
    """Resolve our own games once their clock has run out, and take the bonds back."""


class OutputSource(Protocol):
    """The L2 chain as the proposer reads it; `node/wiring.py` adapts engine and database."""

    async def safe_head(self) -> L2BlockRef: ...

    async def finalized_head(self) -> L2BlockRef: ...

    async def output_root(self, number: L2BlockNumber) -> Hash32 | None:
        """The output root of the canonical block; None above the unsafe head or where its state is pruned."""


class L1View(Protocol):
    """What the proposer itself asks of `L1Client`."""

    async def block_ref(self, which: int | Hash32 | Tag) -> L1BlockRef: ...


class Proposer:
    """Claims output roots for one account. One task owns it."""

    def __init__(
        self,
        *,
        l2: OutputSource,
        l1: L1View,
        factory: GameFactory,
        sender: L1TransactionSender,
        config: ProposerConfig | None = None,
    ) -> None:
        """`sender` must hold the key of the permissioned game's proposer, and be used for nothing else."""
        self.proposed = 0
        """Games handed to L1 since start."""
        self._l2 = l2
        self._l1 = l1
        self._factory = factory
        self._sender = sender
        self._config = config or ProposerConfig()
        self._done: set[Address] = set()
        self._warned: set[Address] = set()

    async def run(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Rounds for ever, as soon as L1 or our claimable head has moved, `wait` between the looks at that.

        An L1 that is away or refuses is waited for; all else is raised.
        """
        pace = Pace()
        while True:
            try:
                if pace.is_due((await self._l1.block_ref("latest")).hash, (await self._claimable()).hash):
                    await self.step()
                    pace.done()
            except (L1Unavailable, L1Rejected) as error:
                log.warning("proposer.waits_for_l1", reason=str(error))
            await wait()

    async def step(self) -> None:
        """One round. Raises L1Unavailable or L1Rejected."""
        await self._sender.tend()
        self._settle()
        games = await self._factory.latest(_MAX_GAMES)
        await self._propose(games)
        if self._config.resolves:
            await self._bring_to_an_end(games)

    def _settle(self) -> None:
        """Forget what L1 has decided; a reverted creation is tried again when the next look still finds it missing."""
        for status in self._sender.statuses():
            if status.is_final and status.succeeded is False:
                log.warning("proposer.call_reverted", key=status.key.hex(), transaction=status.hashes[-1].hex())
            self._sender.forget(status.key)

    # -- claiming --------------------------------------------------------------------------------------------

    async def _propose(self, games: list[Game]) -> None:
        if self._in_flight(_CREATE_KEY):
            return
        head = await self._claimable()
        newest = await self._newest_claim(games, head)
        if head.number == 0 or head.number < newest + self._config.interval:
            return
        root = await self._l2.output_root(head.number)
        if root is None:
            return
        key = _CREATE_KEY + head.number.to_bytes(8, "big") + root[:8]
        data = create_game_calldata(self._factory.game_type, root, head.number)
        bond = await self._factory.bond()
        status = await self._sender.submit(
            key, to=self._factory.address, data=data, value=bond, only_if_it_succeeds=True
        )
        self.proposed += 1
        log.info("proposer.proposed", number=head.number, output_root=root.hex(), transaction=status.hashes[-1].hex())

    async def _claimable(self) -> L2BlockRef:
        return await (self._l2.finalized_head() if self._config.only_finalized else self._l2.safe_head())

    async def _newest_claim(self, games: list[Game], head: L2BlockRef) -> int:
        """The highest block number that a game speaks of which we need not contradict; 0 if there is none."""
        numbers = [0]
        for game in games:
            is_ahead = game.l2_number > head.number
            if is_ahead or await self._l2.output_root(L2BlockNumber(game.l2_number)) == game.root_claim:
                numbers.append(game.l2_number)
        return max(numbers)

    def _in_flight(self, prefix: bytes) -> bool:
        return any(
            status.key.startswith(prefix) and status.state is TransactionState.PENDING
            for status in self._sender.statuses()
        )

    # -- ending ----------------------------------------------------------------------------------------------

    async def _bring_to_an_end(self, games: list[Game]) -> None:
        """Resolve our games whose clock has run out, then take back their bonds. Oldest first."""
        now = (await self._l1.block_ref("latest")).timestamp
        for game in reversed(games):
            if game.address in self._done:
                continue
            if await self._factory.creator(game) != self._sender.address:
                self._done.add(game.address)
            elif await self._factory.status(game) is GameStatus.IN_PROGRESS:
                await self._resolve(game, now)
            else:
                await self._take_bond(game)

    async def _resolve(self, game: Game, now: int) -> None:
        """A claim of ours that a reorg made wrong is left to the challenger."""
        if now < await self._factory.clock_ends(game):
            return
        if await self._l2.output_root(L2BlockNumber(game.l2_number)) != game.root_claim:
            if game.address not in self._warned:
                log.warning("proposer.wrong_claim", game=game.address.hex(), number=game.l2_number)
                self._warned.add(game.address)
            return
        key = _RESOLVE_KEY + game.address
        if self._sender.status(key) is None:
            log.info("proposer.resolving", game=game.address.hex(), number=game.l2_number)
            await self._sender.submit(key, to=game.address, data=resolve_calldata(), only_if_it_succeeds=True)

    async def _take_bond(self, game: Game) -> None:
        if await self._factory.credit(game, self._sender.address) == 0:
            self._done.add(game.address)
            return
        data = claim_credit_calldata(self._sender.address)
        await self._sender.submit(_CLAIM_KEY + game.address, to=game.address, data=data, only_if_it_succeeds=True)
