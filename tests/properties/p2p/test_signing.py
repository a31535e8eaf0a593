"""Whatever a sequencer is asked to sign, and however often it restarts, it never equivocates on a chain that stands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2p.errors import SigningRefused
from p2p.signed_block import parse_signed_block
from p2p.signer import BlockSigner
from state.primitives.types import Hash32
from tests.unit.p2p.conftest import CHAIN_ID, KEY
from tests.unit.p2p.networks import MemoryValues, branch

BRANCHES = [branch(12, salt=salt) for salt in range(3)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 11), st.booleans()), max_size=30))
def test_no_height_has_two_signatures_unless_the_first_was_dropped(wishes: list[tuple[int, int, bool]]) -> None:
    store, dropped = MemoryValues(), set[Hash32]()
    signed: dict[int, Hash32] = {}
    for salt, height, drop_first in wishes:
        signer = BlockSigner(  # as after a restart
            chain_id=CHAIN_ID,
            private_key=KEY,
            store=store,
            was_dropped=lambda block_hash, _number: block_hash in dropped,
        )
        if drop_first and (last := signer.last) is not None:
            dropped.add(last.hash)
        made = BRANCHES[salt][height]
        standing = {number for number, kept in signed.items() if kept not in dropped}
        try:
            sent = signer.sign(made, made.header.hash)
        except SigningRefused:
            assert height <= max(standing, default=-1)
            continue
        assert parse_signed_block(sent.compressed()).block() == made
        assert height not in standing or signed[height] == made.header.hash
        signed[height] = made.header.hash


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 11), min_size=1, max_size=12))
def test_ever_higher_blocks_of_one_branch_are_always_signed(heights: list[int]) -> None:
    store = MemoryValues()
    signer = BlockSigner(chain_id=CHAIN_ID, private_key=KEY, store=store, was_dropped=lambda *_: pytest.fail("asked"))
    for height in sorted(set(heights)):
        made = BRANCHES[0][height]
        signer.sign(made, made.header.hash)
        assert signer.last is not None
        assert signer.last.hash == made.header.hash
