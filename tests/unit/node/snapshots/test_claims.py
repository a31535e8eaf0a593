"""An output root is believed if a game on L1 claims it that nobody has won against, and else the text says why not."""

from typing import Any

import pytest

from node.snapshots import Manifest, SnapshotUnproven
from node.snapshots.claims import _require_game
from rollup.proposer.games import Game, GameStatus
from state.primitives.types import Address, Hash32, UnixSeconds

RIGHT, WRONG = Hash32(b"\x01" * 32), Hash32(b"\x02" * 32)
MANIFEST = Manifest(
    chain_id=1, genesis_hash=RIGHT, rollup_hash=RIGHT, number=30, block_hash=RIGHT, output_root=RIGHT, first_block=1,
    accounts=1,
)  # fmt: skip


class Factory:
    def __init__(self, *games: tuple[int, Hash32, GameStatus]) -> None:
        self._games = games

    async def latest(self, count: int) -> list[Game]:
        return [
            Game(index=at, address=Address(bytes([at]) * 20), created_at=UnixSeconds(1), root_claim=root, l2_number=n)
            for at, (n, root, _) in enumerate(self._games)
        ][:count]

    async def status(self, game: Game) -> GameStatus:
        return self._games[game.index][2]


async def asked(*games: tuple[int, Hash32, GameStatus]) -> str:
    factory: Any = Factory(*games)
    return await _require_game(factory, MANIFEST)


async def test_a_game_that_claims_the_root_vouches_for_it_open_or_won() -> None:
    assert "is open" in await asked((20, RIGHT, GameStatus.IN_PROGRESS), (30, RIGHT, GameStatus.IN_PROGRESS))
    assert "is resolved for it" in await asked(
        (30, WRONG, GameStatus.DEFENDER_WINS), (30, RIGHT, GameStatus.DEFENDER_WINS)
    )


@pytest.mark.parametrize(
    ("games", "words"),
    [
        ([], "none of the newest 256 games on L1 is about block 30"),
        ([(29, RIGHT, GameStatus.DEFENDER_WINS)], "none of the newest 256 games"),
        ([(30, WRONG, GameStatus.DEFENDER_WINS)], f"L1 claims 0x{WRONG.hex()} for block 30"),
        ([(30, RIGHT, GameStatus.CHALLENGER_WINS)], "was lost"),
    ],
)
async def test_anything_else_is_refused_with_the_reason(
    games: list[tuple[int, Hash32, GameStatus]], words: str
) -> None:
    with pytest.raises(SnapshotUnproven, match=words):
        await asked(*games)
