"""Sequencer, batcher, L1, derivation and a follower together, without accidents."""

from tests.actions.network.world import Network


async def test_follower_reaches_the_sequencers_safe_head_from_l1_alone(network: Network) -> None:
    await network.seconds(20, load=3)
    await network.settle()
    assert len(network.sent) == 60
    assert network.follower.engine.safe_head.number >= 20
    network.assert_no_range_twice()


async def test_quiet_chain_becomes_safe_and_final(network: Network) -> None:
    await network.seconds(60)
    engine = network.sequencer.engine
    assert engine.unsafe_head.number == 60
    assert engine.safe_head.number >= 50
    assert engine.finalized_head.number >= 20
    network.assert_no_range_twice()


async def test_sequencer_never_has_to_reorganise_its_own_blocks(network: Network) -> None:
    hashes: dict[int, bytes] = {}
    for _ in range(40):
        await network.second(load=1)
        head = network.sequencer.engine.unsafe_head
        hashes[head.number] = head.hash
    await network.settle()
    for number, expected in hashes.items():
        assert network.sequencer.db.canonical_hash(number) == expected


async def test_output_roots_are_claimed_and_resolved(network: Network) -> None:
    await network.seconds(75)
    games = await network.sequencer.proposer._factory.latest(10)
    assert len(games) >= 2
    statuses = [await network.sequencer.proposer._factory.status(game) for game in games]
    assert statuses[-1] == 2


async def test_l1_that_is_away_for_a_while_costs_nothing_but_time(network: Network) -> None:
    await network.seconds(10, load=1)
    network.l1.away = True
    await network.seconds(15, load=1)
    network.l1.away = False
    await network.settle()
    network.assert_no_range_twice()
