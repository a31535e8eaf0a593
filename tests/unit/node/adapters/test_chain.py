"""Heads are asked for by nearly every call."""

import pytest

from node.adapters.chain import DatabaseChain
from state.blocks import Header
from state.primitives.types import Hash32, Wei
from tests.compared import both_executors
from tests.unit.state.transition.network import L2, Network


def test_headers_are_looked_up_only_when_a_head_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(L2, both_executors())
    chain = DatabaseChain(network.db, next_base_fee=lambda _header: Wei(1))
    looked_up: list[Hash32] = []
    real = network.db.require_header

    def require_header(block_hash: Hash32) -> Header:
        looked_up.append(block_hash)
        return real(block_hash)

    monkeypatch.setattr(network.db, "require_header", require_header)
    for _ in range(5):
        assert chain.heads().unsafe.number == 0
    assert looked_up == [network.genesis.hash] * 3
    monkeypatch.undo()
    network.commit(network.seal([network.sign()]))
    heads = chain.heads()
    assert (heads.unsafe.number, heads.safe.number, heads.finalized.number) == (1, 0, 0)
    assert heads.unsafe.hash == network.head
