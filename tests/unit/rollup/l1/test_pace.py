"""Which rounds are made."""

from rollup.l1 import Pace
from state.primitives.types import Hash32

A, B = Hash32(b"a" * 32), Hash32(b"b" * 32)


def test_a_round_is_due_until_it_is_done_and_again_when_a_head_moves() -> None:
    pace = Pace()
    assert pace.is_due(A, A)
    assert pace.is_due(A, A)  # it failed, or is still to be made
    pace.done()
    assert not pace.is_due(A, A)
    assert pace.is_due(A, B)
    pace.done()
    assert not pace.is_due(A, B)
    assert pace.is_due(A, A)


def test_a_head_that_is_back_is_looked_at_again() -> None:
    pace = Pace()
    for head in (A, B, A):
        assert pace.is_due(head)
        pace.done()


def test_no_more_rounds_are_skipped_than_said() -> None:
    pace = Pace(most_skipped=3)
    found = []
    for _ in range(9):
        found.append(pace.is_due(A))
        if found[-1]:
            pace.done()
    assert found == [True, False, False, False, True, False, False, False, True]
