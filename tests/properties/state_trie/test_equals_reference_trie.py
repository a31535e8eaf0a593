"""Our trie beside py-evm's `trie` package: same roots, same values, proofs that the other side accepts."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives import rlp
from state.primitives.crypto import keccak256
from state.primitives.types import Hash32
from state.trie import InvalidProof, get_value, iterate_leaves, ordered_root, prove, update_trie, verify_proof


class Nodes(dict[Hash32, bytes]):
    def get_node(self, node_hash: Hash32, /) -> bytes | None:
        return self.get(node_hash)


class BothTries:
    def __init__(self) -> None:
        self.nodes = Nodes()
        self.root = EMPTY_TRIE_ROOT
        self.model: dict[bytes, bytes] = {}
        self.reference = HexaryTrie({})

    def apply(self, batch: Mapping[bytes, bytes]) -> None:
        update = update_trie(self.nodes, self.root, batch)
        assert not (update.root == self.root and update.nodes)
        self.nodes.update(update.nodes)
        self.root = update.root
        for key, value in batch.items():
            self.reference[key] = value
            self.model[key] = value
        self.model = {key: value for key, value in self.model.items() if value}
        assert self.root == self.reference.root_hash


# Few distinct nibbles make shared prefixes, splits and collapses common; hashed keys hardly ever have them.
crowded_keys = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xFF]), min_size=4, max_size=4).map(
    lambda tail: bytes(tail) + bytes(28)
)
late_keys = st.lists(st.sampled_from([0x00, 0x01, 0x10]), min_size=3, max_size=3).map(
    lambda tail: bytes(29) + bytes(tail)
)
hashed_keys = st.integers(0, 60).map(lambda number: bytes(keccak256(number.to_bytes(2, "big"))))
keys = st.one_of(crowded_keys, late_keys, hashed_keys)
# Short values make nodes below 32 bytes, which are embedded.
values = st.one_of(st.just(b""), st.binary(min_size=1, max_size=3), st.binary(min_size=33, max_size=80))
batches = st.lists(st.dictionaries(keys, values, max_size=24), min_size=1, max_size=8)


@settings(max_examples=250, deadline=None)
@given(batches)
def test_every_batch_of_inserts_and_deletes_gives_the_reference_root(rows: list[dict[bytes, bytes]]) -> None:
    tries = BothTries()
    for batch in rows:
        tries.apply(batch)
    assert dict(iterate_leaves(tries.nodes, tries.root)) == tries.model
    assert [key for key, _ in iterate_leaves(tries.nodes, tries.root)] == sorted(tries.model)


@settings(max_examples=100, deadline=None)
@given(batches)
def test_history_does_not_matter_and_deleting_everything_leaves_the_empty_root(rows: list[dict[bytes, bytes]]) -> None:
    tries = BothTries()
    for batch in rows:
        tries.apply(batch)
    assert update_trie(Nodes(), EMPTY_TRIE_ROOT, tries.model).root == tries.root
    tries.apply(dict.fromkeys(tries.model, b""))
    assert tries.root == EMPTY_TRIE_ROOT


@settings(max_examples=150, deadline=None)
@given(batches, keys)
def test_each_key_is_proven_present_or_absent(rows: list[dict[bytes, bytes]], asked: bytes) -> None:
    tries = BothTries()
    for batch in rows:
        tries.apply(batch)
    for key in [asked, *list(tries.model)[:5]]:
        proof = prove(tries.nodes, tries.root, key)
        assert verify_proof(tries.root, key, proof) == tries.model.get(key) == get_value(tries.nodes, tries.root, key)
        if proof:
            nodes = [rlp.decode(node) for node in proof]
            assert HexaryTrie.get_from_proof(tries.root, key, nodes) == tries.model.get(key, b"")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(keys, st.binary(min_size=1, max_size=40), min_size=2, max_size=20), st.data())
def test_a_proof_with_any_byte_changed_is_refused(leaves: dict[bytes, bytes], data: st.DataObject) -> None:
    update = update_trie(Nodes(), EMPTY_TRIE_ROOT, leaves)
    key = data.draw(st.sampled_from(sorted(leaves)))
    proof = prove(Nodes(update.nodes), update.root, key)
    position = data.draw(st.integers(0, len(proof) - 1))
    offset = data.draw(st.integers(0, len(proof[position]) - 1))
    broken = bytearray(proof[position])
    broken[offset] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidProof):
        verify_proof(update.root, key, [*proof[:position], bytes(broken), *proof[position + 1 :]])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=600), max_size=5), st.booleans())
def test_any_bytes_as_a_proof_end_in_an_answer_or_invalid_proof(proof: list[bytes], chained: bool) -> None:
    root = keccak256(proof[0]) if proof and chained else keccak256(b"another root")
    with pytest.raises(InvalidProof):
        verify_proof(root, bytes(32), proof)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=120), max_size=300))
def test_ordered_root_equals_the_reference_over_rlp_indexes(items: list[bytes]) -> None:
    reference = HexaryTrie({})
    for index, item in enumerate(items):
        reference[rlp.encode_int(index)] = item
    assert ordered_root(items) == reference.root_hash
