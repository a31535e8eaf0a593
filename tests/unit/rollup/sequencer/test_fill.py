"""The soft fill limit follows the machine, never the protocol's gas limit beyond."""

from rollup.sequencer import FillLimit


def test_never_goes_above_the_gas_limit_of_the_block() -> None:
    fill = FillLimit(block_time=2.0, initial_gas_per_second=10**12)
    assert fill.limit(20_000_000) == 20_000_000


def test_slow_blocks_lower_it_and_fast_ones_raise_it() -> None:
    fill = FillLimit(block_time=2.0, initial_gas_per_second=10_000_000)
    before = fill.limit(10**9)
    fill.record(10_000_000, 10.0)
    lowered = fill.limit(10**9)
    fill.record(100_000_000, 1.0)
    assert lowered < before < fill.limit(10**9)


def test_always_leaves_room_for_one_transfer() -> None:
    fill = FillLimit(block_time=1.0, initial_gas_per_second=1)
    assert fill.limit(20_000_000) == 21_000


def test_does_not_learn_from_nearly_empty_blocks() -> None:
    fill = FillLimit(block_time=1.0, initial_gas_per_second=10_000_000)
    fill.record(21_000, 5.0)
    assert fill.gas_per_second == 10_000_000


def test_meets_a_burst_within_three_blocks_of_what_the_machine_can_do() -> None:
    fill = FillLimit(block_time=1.0, initial_gas_per_second=10_000_000)
    for _ in range(3):
        fill.record(fill.limit(10**9), fill.limit(10**9) / 100_000_000)
    assert fill.gas_per_second > 88_000_000


def test_learns_again_from_small_blocks_where_they_are_all_that_fits() -> None:
    fill = FillLimit(block_time=1.0, initial_gas_per_second=60_000)
    full = fill.limit(10**9)
    fill.record(full, 0.01)
    assert fill.limit(10**9) > full
