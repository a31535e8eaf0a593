"""What L1's open games hold, a pruned node keeps."""

from node.joining import ProvableFrom
from node.provable import ProvableGames
from rollup.errors import L1Unavailable
from rollup.proposer.games import Game, GameStatus
from state.primitives.types import Address, Hash32, UnixSeconds


class FakeGames:
    def __init__(self) -> None:
        self.games: dict[int, GameStatus] = {}
        self.is_away = False
        self.asked = 0

    async def latest(self, count: int) -> list[Game]:
        if self.is_away:
            raise L1Unavailable("away")
        return [
            Game(
                index=index,
                address=Address(bytes([number]) * 20),
                created_at=UnixSeconds(1),
                root_claim=Hash32(bytes(32)),
                l2_number=number,
            )
            for index, number in enumerate(self.games)
        ][:count]

    async def status(self, game: Game) -> GameStatus:
        self.asked += 1
        return self.games[game.l2_number]


async def test_the_oldest_open_game_holds_its_state_and_a_resolved_one_is_not_asked_again() -> None:
    games, provable = FakeGames(), ProvableFrom()
    watch = ProvableGames(games, provable)
    assert provable.number == 0
    games.games = {30: GameStatus.IN_PROGRESS, 20: GameStatus.IN_PROGRESS, 10: GameStatus.DEFENDER_WINS}
    await watch.look()
    assert provable.number == 20
    games.games[20] = GameStatus.CHALLENGER_WINS
    asked = games.asked
    await watch.look()
    assert provable.number == 30
    assert games.asked == asked + 2
    games.games[30] = GameStatus.DEFENDER_WINS
    await watch.look()
    assert provable.number is None


async def test_while_l1_is_away_what_it_said_last_holds() -> None:
    games, provable, rounds = FakeGames(), ProvableFrom(), 0
    watch = ProvableGames(games, provable)
    games.games = {7: GameStatus.IN_PROGRESS}

    class Ended(Exception):
        pass

    async def wait() -> None:
        nonlocal rounds
        rounds += 1
        games.is_away = True
        assert provable.number == 7
        if rounds == 3:
            raise Ended

    try:
        await watch.run(wait)
    except Ended:
        assert rounds == 3
