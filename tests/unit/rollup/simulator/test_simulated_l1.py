"""The simulated L1: pace, heads, pool, reorgs, restarts."""

from collections.abc import Callable
from typing import Any

import pytest

from rollup.simulator import ReorgTooDeep, SimulatedL1, SimulatorConfig
from rollup.txpool.errors import ReplacementUnderpriced
from state.database import ChainDatabase
from state.execution.reference import ReferenceExecutor
from state.transition import execute_block

Bench = Any


def test_builds_one_block_a_slot_and_leaves_missed_slots_empty(bench: Bench) -> None:
    assert bench.l1.tick() is None
    bench.now += 3
    assert bench.l1.tick() is not None
    assert bench.l1.tick() is None
    assert bench.l1.seconds_to_next_slot() == 3
    bench.now += 10
    assert bench.l1.seconds_to_next_slot() == 0
    bench.l1.tick()
    assert bench.number() == 2
    header = bench.l1.db.header_by_number(2)
    assert header.timestamp == bench.now - 1
    assert (header.timestamp - bench.l1.db.header_by_number(0).timestamp) % 3 == 0


def test_heads_follow_at_their_distances_and_finality_never_goes_back(bench: Bench) -> None:
    bench.l1.mine(20)

    def numbers() -> list[int]:
        heads = bench.l1.db.heads()
        return [bench.l1.db.require_header(h).number for h in (heads.unsafe, heads.safe, heads.finalized)]

    assert numbers() == [20, 16, 12]
    bench.l1.set_finality_distance(15)
    bench.l1.mine()
    assert numbers() == [21, 17, 12]
    bench.l1.set_finality_distance(2)
    bench.l1.mine()
    assert numbers() == [22, 20, 20]


def test_header_carries_randomness_and_beacon_root_that_the_seed_repeats(
    make_bench: Callable[[SimulatorConfig], Bench],
) -> None:
    chains = [make_bench(SimulatorConfig(seed=seed)) for seed in (b"one", b"one", b"two")]
    headers = []
    for chain in chains:
        chain.l1.mine(3)
        headers.append(chain.l1.db.header_by_number(3))
    assert headers[0] == headers[1]
    assert headers[0].prev_randao != headers[2].prev_randao
    assert headers[0].parent_beacon_block_root != headers[2].parent_beacon_block_root
    assert len({chains[0].l1.db.header_by_number(n).prev_randao for n in range(4)}) == 4


def test_includes_by_tip_and_in_nonce_order(bench: Bench) -> None:
    low = [bench.transfer(n, tip=10**9) for n in (0, 1)]
    high = bench.transfer(0, sender=1, tip=2 * 10**9)
    for raw in (low[1], low[0], high):
        bench.l1.submit(raw)
    bench.l1.mine()
    assert bench.transactions() == [high, *low]


def test_replaces_a_waiting_transaction_only_for_ten_percent_more(bench: Bench) -> None:
    bench.l1.submit(bench.transfer(0, tip=10**9))
    with pytest.raises(ReplacementUnderpriced):
        bench.l1.submit(bench.transfer(0, tip=109 * 10**7))


def test_base_fee_falls_while_blocks_are_empty(bench: Bench) -> None:
    bench.l1.mine(2)
    fees = [bench.l1.db.header_by_number(n).base_fee_per_gas for n in range(3)]
    assert fees == [10**9, 875 * 10**6, 765_625_000]


@pytest.mark.parametrize("depth", range(1, 9))
def test_reorg_replaces_blocks_and_brings_transactions_back(bench: Bench, depth: int) -> None:
    bench.l1.mine(8)
    raws = [bench.transfer(n) for n in range(8)]
    for raw in raws:
        bench.l1.submit(raw)
        bench.l1.mine()
    before = [bench.l1.db.canonical_hash(n) for n in range(17)]
    new = bench.l1.reorg(depth)
    assert len(new) == depth + 1
    assert bench.number() == 17
    after = [bench.l1.db.canonical_hash(n) for n in range(17)]
    assert after[: 17 - depth] == before[: 17 - depth]
    assert not set(after[17 - depth :]) & set(before)
    assert bench.transactions() == raws
    assert all(bench.l1.db.block(h) is not None for h in before), "the old branch stays readable"


def test_reorg_never_crosses_the_finalized_block(bench: Bench) -> None:
    bench.l1.mine(20)
    with pytest.raises(ReorgTooDeep, match="12"):
        bench.l1.reorg(9)
    with pytest.raises(ReorgTooDeep):
        bench.l1.reorg(0)
    assert bench.number() == 20


def test_two_reorgs_of_the_same_blocks_give_three_branches(bench: Bench) -> None:
    bench.l1.mine(5)
    first = bench.l1.db.canonical_hash(5)
    second = bench.l1.reorg(1)[0]
    bench.l1.reorg(2)
    third = bench.l1.db.canonical_hash(5)
    assert len({first, second, third}) == 3


def test_restart_goes_on_with_blocks_pool_and_settings(bench: Bench) -> None:
    bench.l1.mine(3)
    bench.l1.set_finality_distance(1)
    bench.l1.reorg(1)
    bench.l1.submit(bench.transfer(0))
    head = bench.l1.db.heads()
    bench.start()  # no close: as after kill -9
    assert bench.l1.db.heads() == head
    assert bench.l1.branch == 1
    assert bench.l1.finality_distance == 1
    bench.l1.mine()
    assert len(bench.transactions()) == 1


def test_kill_in_the_middle_of_a_reorg_loses_no_transaction(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.l1.mine()
    raws = [bench.transfer(n) for n in range(3)]
    for raw in raws:
        bench.l1.submit(raw)
        bench.l1.mine()

    class KilledNow(BaseException):
        pass

    def die(self: SimulatedL1, raws: list[bytes]) -> None:
        raise KilledNow

    with monkeypatch.context() as patch:
        patch.setattr(SimulatedL1, "_take_back", die)
        with pytest.raises(KilledNow):
            bench.l1.reorg(3)
    (bench.path / "pool.journal").unlink()
    bench.start()
    assert bench.number() == 1
    bench.l1.mine()
    assert bench.transactions() == raws


def test_impossible_transaction_is_dropped_and_the_block_goes_on(bench: Bench) -> None:
    bench.l1.submit(bench.transfer(0, value=10**21 - 10**19))
    bench.l1.submit(bench.transfer(1, value=10**18))
    bench.l1.submit(bench.transfer(0, sender=1))
    bench.l1.mine()
    assert len(bench.transactions()) == 3
    assert bench.l1.pool.status().executable == 0


def test_tells_listeners_of_every_new_head(bench: Bench) -> None:
    heard: list[bytes] = []
    bench.l1.subscribe(heard.append)
    mined = bench.l1.mine(2) + bench.l1.reorg(1)
    assert tuple(heard) == mined


def test_reference_executor_agrees_with_every_block(bench: Bench) -> None:
    for nonce in range(3):
        bench.l1.submit(bench.transfer(nonce))
        bench.l1.mine()
    bench.l1.reorg(2)
    db: ChainDatabase = bench.l1.db
    for number in range(1, bench.number() + 1):
        block_hash = db.canonical_hash(number)
        assert block_hash is not None
        block = db.block(block_hash)
        assert block is not None
        assert execute_block(db, ReferenceExecutor(), bench.l1.rules, block).record.hash == block_hash
