"""Who vouches for a snapshot's output root: a dispute game on L1, or the operator.

A game counts while nobody has won against it. Its claim is final once it is resolved; until then it is the proposer's
word, with a bond on it and open to challenge, which is what a follower's safe head rests on as well.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

import httpx

from node.config import without_secrets
from node.errors import StartupError
from node.files import load_addresses
from node.snapshots.errors import SnapshotMismatch, SnapshotUnproven
from node.snapshots.manifest import Manifest
from rollup.l1 import L1Client, RetryPolicy
from rollup.proposer.games import Game, GameFactory, GameStatus
from rollup.types import BlockId, RollupConfig
from state.primitives.types import Address, Hash32

SEARCHED_GAMES: Final = 256
"""Newest games that are looked through."""
L1_SECONDS: Final = 20.0

T = TypeVar("T")


class Vouching(Protocol):
    """Says whether a snapshot may be believed."""

    def require(self, manifest: Manifest, config: RollupConfig) -> str:
        """Words on who vouches for it. Raises SnapshotUnproven."""

    def require_l1_block(self, block: BlockId) -> None:
        """Raises SnapshotUnproven for a block that L1 doesn't have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedOutput:
    """The operator's word for one output root."""

    root: Hash32

    def require(self, manifest: Manifest, config: RollupConfig) -> str:
        """Raises SnapshotUnproven for another root."""
        del config
        if manifest.output_root != self.root:
            raise SnapshotUnproven(
                f"output root: the snapshot has 0x{manifest.output_root.hex()}, you trust 0x{self.root.hex()}"
            )
        return "the output root is the one that you trust"

    def require_l1_block(self, block: BlockId) -> None:
        """Nothing: there is no L1 to ask."""


class ClaimedOutput:
    """L1's word, by JSON-RPC."""

    def __init__(self, url: str, addresses: Path) -> None:
        self._url = url
        self._factory = factory_address(addresses)

    def require(self, manifest: Manifest, config: RollupConfig) -> str:
        """Raises SnapshotUnproven without a game, SnapshotMismatch for another L1, L1Unavailable."""

        async def ask(l1: L1Client) -> str:
            await _require_same_l1(l1, config, self._url)
            return await _require_game(GameFactory(l1, self._factory), manifest)

        return _with_l1(self._url, ask)

    def require_l1_block(self, block: BlockId) -> None:
        """Raises SnapshotUnproven for another block of that number, L1Unavailable."""

        async def ask(l1: L1Client) -> None:
            found = await l1.block_ref(block.number)
            if found.hash != block.hash:
                raise SnapshotUnproven(
                    f"derived: L1 block {block.number} is 0x{found.hash.hex()}, the snapshot says 0x{block.hash.hex()}"
                )

        _with_l1(self._url, ask)


def factory_address(addresses: Path) -> Address:
    """The dispute-game factory in l1-addresses.json. Raises StartupError."""
    factory = load_addresses(addresses).get("DisputeGameFactory")
    if factory is None:
        raise StartupError(f"L1 addresses {addresses} lack DisputeGameFactory, which snapshots are checked against")
    return factory


def find_claim(
    url: str, addresses: Path, config: RollupConfig, output_root: Callable[[int], Hash32 | None]
) -> int | None:
    """The newest L2 block number with a game whose claim is `output_root` of it; None without one.

    `output_root` answers None for blocks that are not to be considered. Raises SnapshotMismatch or L1Unavailable.
    """
    factory = factory_address(addresses)

    async def ask(l1: L1Client) -> int | None:
        await _require_same_l1(l1, config, url)
        games = await GameFactory(l1, factory).latest(SEARCHED_GAMES)
        numbers = [game.l2_number for game in games if output_root(game.l2_number) == game.root_claim]
        return max(numbers, default=None)

    return _with_l1(url, ask)


async def _require_game(factory: GameFactory, manifest: Manifest) -> str:
    games = [game for game in await factory.latest(SEARCHED_GAMES) if game.l2_number == manifest.number]
    for game in games:
        if game.root_claim == manifest.output_root:
            return await _require_standing(factory, game, manifest)
    if games:
        claimed = ", ".join(f"0x{game.root_claim.hex()}" for game in games)
        raise SnapshotUnproven(
            f"output root: L1 claims {claimed} for block {manifest.number}, the snapshot has "
            f"0x{manifest.output_root.hex()}"
        )
    raise SnapshotUnproven(
        f"output root: none of the newest {SEARCHED_GAMES} games on L1 is about block {manifest.number}; "
        "export a block that one is about, or name the root with --trust-output-root"
    )


async def _require_standing(factory: GameFactory, game: Game, manifest: Manifest) -> str:
    status = await factory.status(game)
    if status is GameStatus.CHALLENGER_WINS:
        raise SnapshotUnproven(f"output root: game 0x{game.address.hex()} for block {manifest.number} was lost")
    state = "is resolved for it" if status is GameStatus.DEFENDER_WINS else "is open"
    return f"dispute game 0x{game.address.hex()} on L1 claims the output root and {state}"


async def _require_same_l1(l1: L1Client, config: RollupConfig, url: str) -> None:
    shown = without_secrets(url)
    chain_id = await l1.chain_id()
    if chain_id != config.l1_chain_id:
        raise SnapshotMismatch(f"L1: {shown} is chain {chain_id}, rollup.json expects {config.l1_chain_id}")
    origin = await l1.block_ref(config.genesis.l1.number)
    if origin.hash != config.genesis.l1.hash:
        raise SnapshotMismatch(f"L1: {shown} has another block {origin.number} than rollup.json begins at")


def _with_l1(url: str, ask: Callable[[L1Client], Awaitable[T]]) -> T:
    async def run() -> T:
        async with httpx.AsyncClient(timeout=httpx.Timeout(L1_SECONDS)) as http:
            return await ask(L1Client(url, http, retry=RetryPolicy(jitter=random.random)))

    return asyncio.run(run())
