"""The proposer against the real contracts on the simulated L1."""

from typing import Any

import pytest

from rollup.errors import L1Rejected
from rollup.proposer import GameStatus
from state.primitives.crypto import private_key_to_address

Settlement = Any
BATCHER, PROPOSER = b"\x02" * 32, b"\x03" * 32


async def test_claims_the_safe_head_with_the_bond(settlement: Settlement) -> None:
    settlement.l2.safe = 12
    await settlement.rounds(settlement.proposer(), 2)
    games = await settlement.factory.latest(10)
    assert [(game.l2_number, game.index) for game in games] == [(12, 0)]
    assert games[0].root_claim == await settlement.l2.output_root(12)
    assert await settlement.factory.credit(games[0], private_key_to_address(PROPOSER)) == 10**17


async def test_waits_for_its_interval(settlement: Settlement) -> None:
    proposer = settlement.proposer()
    claimed = []
    for safe in (3, 9, 10, 15, 19, 20, 37):
        settlement.l2.safe = safe
        await settlement.rounds(proposer, 4)
        claimed.append([game.l2_number for game in await settlement.factory.latest(10)])
    assert claimed == [[], [], [10], [10], [10], [20, 10], [37, 20, 10]]


async def test_claims_only_finalized_blocks_where_it_is_told_to(settlement: Settlement) -> None:
    proposer = settlement.proposer(only_finalized=True)
    settlement.l2.safe, settlement.l2.finalized = 30, 5
    await settlement.rounds(proposer, 3)
    assert await settlement.factory.latest(10) == []
    settlement.l2.finalized = 15
    await settlement.rounds(proposer, 3)
    assert [game.l2_number for game in await settlement.factory.latest(10)] == [15]


async def test_never_claims_the_same_twice_after_restarts(settlement: Settlement) -> None:
    settlement.l2.safe = 12
    for _ in range(6):
        await settlement.proposer().step()
        await settlement.proposer().step()
        settlement.slot()
    assert len(await settlement.factory.latest(10)) == 1
    assert await settlement.l1.nonce(private_key_to_address(PROPOSER)) == 1


async def test_claims_again_when_a_reorg_proved_its_claim_wrong(settlement: Settlement) -> None:
    proposer = settlement.proposer()
    settlement.l2.safe = 12
    await settlement.rounds(proposer, 4)
    settlement.l2.salt = b"other branch"
    await settlement.rounds(proposer, 4)
    roots = [game.root_claim for game in await settlement.factory.latest(10)]
    assert len(set(roots)) == 2
    assert roots[0] == await settlement.l2.output_root(12)


async def test_resolves_after_the_clock_and_takes_the_bond_back(settlement: Settlement) -> None:
    proposer = settlement.proposer()
    settlement.l2.safe = 12
    await settlement.rounds(proposer, 3)
    (game,) = await settlement.factory.latest(10)
    assert await settlement.factory.status(game) is GameStatus.IN_PROGRESS
    await settlement.rounds(proposer, 10)
    assert await settlement.factory.status(game) is GameStatus.DEFENDER_WINS
    await settlement.rounds(proposer, 6)
    assert await settlement.factory.credit(game, private_key_to_address(PROPOSER)) == 0
    balance = await settlement.l1.balance(private_key_to_address(PROPOSER))
    assert 10**21 - 10**16 < balance < 10**21, "only gas is gone"


async def test_leaves_a_wrong_claim_of_its_own_to_the_challenger(settlement: Settlement) -> None:
    proposer = settlement.proposer()
    settlement.l2.safe = 12
    await settlement.rounds(proposer, 3)
    settlement.l2.salt = b"other branch"
    await settlement.rounds(proposer, 16)
    statuses = [await settlement.factory.status(game) for game in await settlement.factory.latest(10)]
    assert statuses == [GameStatus.DEFENDER_WINS, GameStatus.IN_PROGRESS]


async def test_claim_and_resolution_survive_an_l1_reorg(settlement: Settlement) -> None:
    proposer = settlement.proposer()
    settlement.l2.safe = 12
    await settlement.rounds(proposer, 2)
    settlement.chain.reorg(2)
    settlement.now += 12
    await settlement.rounds(proposer, 16)
    games = await settlement.factory.latest(10)
    assert [game.l2_number for game in games] == [12]
    assert await settlement.factory.status(games[0]) is GameStatus.DEFENDER_WINS


async def test_pays_nothing_for_a_claim_that_would_revert(settlement: Settlement) -> None:
    settlement.l2.safe = 12
    stranger = settlement.proposer(key=BATCHER)
    with pytest.raises(L1Rejected, match="revert"):
        await stranger.step()
    assert await settlement.l1.nonce(private_key_to_address(BATCHER)) == 0


async def test_rounds_are_made_when_a_head_has_moved(settlement: Settlement, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the heads every time; all else only when one of them is another than at the last round."""
    proposer = settlement.proposer()
    plain, rounds = proposer.step, []

    async def step() -> None:
        rounds.append(settlement.l2.safe)
        await plain()

    async def wait() -> None:
        waits.append(len(rounds))
        match len(waits):
            case 3:
                settlement.slot()
            case 5:
                settlement.l2.safe = 12
            case 7:
                raise _Enough

    waits: list[int] = []
    monkeypatch.setattr(proposer, "step", step)
    with pytest.raises(_Enough):
        await proposer.run(wait)
    assert waits == [1, 1, 1, 2, 2, 3, 3]
    assert len(rounds) == 3
    assert proposer.proposed == 1


class _Enough(Exception):
    pass
