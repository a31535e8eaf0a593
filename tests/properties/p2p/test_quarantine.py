"""A quarantine is compared with a plain dictionary of the same hashes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from p2p.ports import Head
from p2p.quarantine import Quarantine
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32


def name(number: int) -> Hash32:
    return keccak256(number.to_bytes(8, "big"))


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=60), st.integers(8, 40))
def test_knows_what_a_dictionary_knows_of_one_contiguous_range(downwards: list[bool], most: int) -> None:
    quarantine = Quarantine(Head(number=100, hash=name(100)), name(99), most=most)
    for down in downwards:
        lowest, top = quarantine.lowest, quarantine.top
        if down:
            quarantine.extend_down(name(lowest.number - 1))
            assert quarantine.lowest == Head(number=lowest.number - 1, hash=name(lowest.number - 1))
        else:
            quarantine.extend_up(name(top.number + 1))
        assert len(quarantine) <= most
        assert quarantine.top.number - quarantine.lowest.number == len(quarantine) - 1
        known = range(quarantine.lowest.number, quarantine.top.number + 1)
        for number in range(20, 180):
            assert quarantine.hash_at(number) == (name(number) if number in known else None)
