"""Blocks that reach a follower before L1 has them: the unsafe chain, which derivation confirms or drops."""

from dataclasses import replace
from typing import Any

import pytest

from rollup.errors import EngineError
from rollup.types import PayloadAttributes
from state.blocks import Block
from state.errors import InvalidBlock
from state.primitives.types import Address, BlockNumber, Hash32, UnixSeconds
from state.trie.ordered import ordered_root
from tests.actions.network.world import Network


def block_of(network: Network, number: int) -> Block:
    """The sequencer's block."""
    block_hash = network.sequencer.db.canonical_hash(BlockNumber(number))
    assert block_hash is not None
    block = network.sequencer.db.block(block_hash)
    assert block is not None
    return block


def changed(block: Block, transactions: tuple[bytes, ...] | None = None, **header: Any) -> Block:
    """The block with a header that fits its other transactions."""
    raws = block.transactions if transactions is None else transactions
    return Block(
        header=replace(block.header, transactions_root=ordered_root(raws), **header),
        transactions=raws,
    )


async def test_gossiped_blocks_are_the_followers_unsafe_chain_and_derivation_confirms_them(network: Network) -> None:
    await network.seconds(20, load=2)
    engine, sequencer = network.follower.engine, network.sequencer.engine
    for number in range(1, sequencer.unsafe_head.number + 1):
        assert engine.insert_block(block_of(network, number)).number == number
    gossiped = engine.unsafe_head
    assert gossiped == sequencer.unsafe_head
    assert engine.safe_head.number == 0
    await network.follower.derive()
    assert engine.safe_head == sequencer.safe_head
    assert engine.safe_head.number > 0
    assert engine.unsafe_head == gossiped
    await network.settle()


async def test_what_l1_contradicts_is_dropped(network: Network) -> None:
    """A block that was signed, gossiped and never posted gives way to the batch that was."""
    await network.seconds(6, load=1)
    engine, posted = network.follower.engine, block_of(network, 1)
    sibling = engine.start_payload(
        engine.unsafe_head,
        PayloadAttributes(
            timestamp=posted.header.timestamp,
            prev_randao=posted.header.prev_randao,
            fee_recipient=posted.header.fee_recipient,
            parent_beacon_block_root=posted.header.parent_beacon_block_root,
            transactions=posted.transactions[:1],
            no_tx_pool=True,
            gas_limit=posted.header.gas_limit,
            eip1559_params=bytes(8),
        ),
    ).seal()
    gossiped = engine.insert_block(Block(header=sibling.record.header, transactions=sibling.record.transactions))
    assert gossiped.hash != posted.header.hash
    await network.settle()
    assert engine.db.canonical_hash(BlockNumber(1)) == posted.header.hash


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda block: changed(block, timestamp=UnixSeconds(block.header.timestamp + 1)), "has timestamp"),
        (lambda block: changed(block, fee_recipient=Address(bytes(20))), "pays its fees"),
        (lambda block: changed(block, ()), "L1 attributes are missing"),
        (lambda block: changed(block, block.transactions[1:]), "first transaction"),
        (lambda block: changed(block, (*block.transactions, block.transactions[0])), "deposit behind another"),
        (lambda block: changed(block, block.transactions[:1] * 2), "deposits in the middle of an epoch"),
        (lambda block: changed(block, number=block.header.number + 1), "is no child of the head"),
        (lambda block: changed(block, state_root=Hash32(bytes(32))), "state_root"),
    ],
)
async def test_no_signature_makes_a_block_of_what_derivation_could_never_give(
    network: Network, forge: Any, reason: str
) -> None:
    await network.seconds(5, load=2)
    engine = network.follower.engine
    engine.insert_block(block_of(network, 1))
    with pytest.raises(InvalidBlock, match=reason):
        engine.insert_block(forge(block_of(network, 2)))
    assert engine.unsafe_head.number == 1
    assert engine.db.heads().unsafe == engine.unsafe_head.hash
    assert engine.insert_block(block_of(network, 2)).number == 2


async def test_a_block_that_is_no_child_of_the_head_is_not_looked_at(network: Network) -> None:
    await network.seconds(5)
    with pytest.raises(EngineError, match="no child of the unsafe head 0"):
        network.follower.engine.insert_block(block_of(network, 2))
