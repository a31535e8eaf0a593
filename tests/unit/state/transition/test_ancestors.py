"""BLOCKHASH's source, on and off the canonical chain."""

import dataclasses

from state.blocks import Header
from state.execution.fast import FastExecutor
from state.primitives.types import Hash32
from state.transition.ancestors import Ancestors
from tests.unit.state.transition.network import L1, Network


class Chain:
    """Headers by hash, with one canonical branch; counts how often it is asked."""

    def __init__(self, template: Header, length: int) -> None:
        self.headers: dict[Hash32, Header] = {}
        self.canonical: dict[int, Hash32] = {}
        self.asked = 0
        self.tip = dataclasses.replace(template, number=0)
        self.canonical[0] = self._add(self.tip)
        for _ in range(length):
            block_hash = self.extend(b"canonical")
            self.canonical[self.tip.number] = block_hash

    def _add(self, header: Header) -> Hash32:
        self.headers[header.hash] = header
        return header.hash

    def extend(self, extra_data: bytes, parent: Header | None = None) -> Hash32:
        parent = parent or self.tip
        self.tip = dataclasses.replace(parent, parent_hash=parent.hash, number=parent.number + 1, extra_data=extra_data)
        return self._add(self.tip)

    def header(self, block_hash: Hash32) -> Header | None:
        self.asked += 1
        return self.headers.get(block_hash)

    def canonical_hash(self, number: int) -> Hash32 | None:
        return self.canonical.get(number)


def make_chain(length: int = 20) -> Chain:
    return Chain(Network(L1, FastExecutor()).genesis.header, length)


def test_canonical_ancestors_are_looked_up_by_number() -> None:
    chain = make_chain()
    ancestors = Ancestors(chain, chain.tip.hash, chain.tip)
    assert [ancestors(number) for number in (20, 19, 0)] == [chain.canonical[number] for number in (20, 19, 0)]
    assert chain.asked == 0


def test_side_branch_sees_its_own_hashes_down_to_the_fork() -> None:
    chain = make_chain()
    fork = chain.headers[chain.canonical[17]]
    side = [chain.extend(b"side", fork), chain.extend(b"side"), chain.extend(b"side")]
    ancestors = Ancestors(chain, chain.tip.hash, chain.tip)
    assert [ancestors(number) for number in (18, 19, 20)] == side
    assert ancestors(17) == chain.canonical[17]
    assert ancestors(3) == chain.canonical[3]


def test_there_is_nothing_above_the_parent_or_below_genesis() -> None:
    chain = make_chain()
    ancestors = Ancestors(chain, chain.tip.hash, chain.tip)
    assert ancestors(21) is None
    assert ancestors(-1) is None


def test_a_gap_in_the_headers_ends_the_walk() -> None:
    chain = make_chain()
    fork = chain.headers[chain.canonical[17]]
    lost = chain.extend(b"side", fork)
    chain.extend(b"side")
    del chain.headers[lost]
    ancestors = Ancestors(chain, chain.tip.hash, chain.tip)
    assert ancestors(18) == lost
    assert ancestors(17) is None
