"""A reader of a pruned node hears of what goes, and answers as the node would."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from node.readers import ReaderPool
from state.database import BlockRecord, ChainDatabase, Heads, LevelDBStore, PrunedState, Retention
from state.primitives.types import Hash32
from state.queries.proofs import verify_account_proof
from state.trie import MissingNode
from tests.unit.node.readers.conftest import RICH, GrowingChain

KEPT = 2


@pytest.fixture
def chain(tmp_path: Path) -> GrowingChain:
    store = LevelDBStore(tmp_path / "main")
    chain = GrowingChain(ChainDatabase(store, full=True, retention=Retention(states=KEPT)))
    chain.grow()
    return chain


async def balance(pool: ReaderPool, block_hash: Hash32) -> int:
    account = await pool.query("account", {"block_hash": block_hash, "address": RICH})
    return int(account.balance)


async def test_states_inside_the_window_are_proven_and_those_outside_refused_with_a_reason(
    chain: GrowingChain, start_pool: Callable[..., Awaitable[ReaderPool]]
) -> None:
    pool = await start_pool()
    assert await balance(pool, chain.records[0].hash) == 1
    chain.grow(5)
    assert await balance(pool, chain.records[0].hash) == 1  # nothing is final yet
    grow_finally(chain, 3)
    assert chain.db.states_from == 6
    for record in chain.records:
        number, question = record.header.number, {"block_hash": record.hash, "address": RICH, "slots": (1,)}
        if number >= 6:
            verify_account_proof(record.header.state_root, await pool.query("proof", question))
            assert await balance(pool, record.hash) == number + 1
            continue
        with pytest.raises(PrunedState, match="keeps the states from block 6 on") as caught:
            await pool.query("proof", question)
        assert caught.value.rpc_code == -32000
        with pytest.raises(PrunedState):
            await balance(pool, record.hash)


async def test_the_state_of_a_block_that_was_reorganised_away_is_gone(
    chain: GrowingChain, start_pool: Callable[..., Awaitable[ReaderPool]]
) -> None:
    pool = await start_pool()
    orphan = chain.grow(3)
    assert await balance(pool, orphan.hash) == 4
    chain.rewind(1)
    chain.grow(3, salt=b"other branch")
    assert [await balance(pool, record.hash) for record in chain.records] == [1, 2, 3, 4, 5]
    # Both branches make the same states here; one that no block has any more is missing.
    lonely = chain.grow(2)
    chain.rewind(3)
    with pytest.raises(MissingNode, match="state is not available"):
        await pool.query("proof", {"block_hash": lonely.hash, "address": RICH, "slots": ()})


def grow_finally(chain: GrowingChain, blocks: int) -> None:
    """Each block is final before the next one comes."""
    commit = chain.db.commit_block

    def commit_on_final(record: BlockRecord, heads: Heads) -> None:
        parent = record.header.parent_hash
        commit(record, Heads(unsafe=heads.unsafe, safe=parent, finalized=parent))

    chain.db.commit_block = commit_on_final  # type: ignore[method-assign, assignment]
    chain.grow(blocks)
    del chain.db.commit_block
