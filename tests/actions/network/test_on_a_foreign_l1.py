"""The same rollup on Anvil instead of our own L1: nothing but the URL and the deployment differ."""

from tests.actions.network.anvil_world import AnvilNetwork


async def test_batches_outputs_and_follower_work_unchanged_on_anvil(anvil_network: AnvilNetwork) -> None:
    await anvil_network.seconds(45, load=1)
    await anvil_network.settle()
    engine = anvil_network.sequencer.engine
    assert engine.finalized_head.number > 20
    assert len(await anvil_network.sequencer.proposer._factory.latest(10)) >= 1


async def test_an_anvil_reorg_costs_no_transaction(anvil_network: AnvilNetwork) -> None:
    await anvil_network.seconds(24, load=1)
    await anvil_network.rpc("anvil_reorg", 3, [])
    await anvil_network.rpc("anvil_dropAllTransactions")
    await anvil_network.seconds(9, load=1)
    await anvil_network.settle(120)
