"""A trie from sorted leaves is the trie that updates make, node for node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.blocks import EMPTY_TRIE_ROOT
from state.primitives.types import Hash32
from state.trie import LeavesOutOfOrder, SortedTrie, update_trie

# Few different nibbles, so that long shared paths, extensions and embedded nodes come up all the time.
KEYS = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xF0, 0xFF]), min_size=4, max_size=4).map(bytes)
LEAVES = st.dictionaries(KEYS | st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=40), max_size=40)


class Nothing:
    def get_node(self, _hash: Hash32, /) -> None:
        return None


@given(LEAVES)
def test_sorted_leaves_make_the_same_root_and_the_same_nodes_as_an_update(leaves: dict[bytes, bytes]) -> None:
    nodes: dict[Hash32, bytes] = {}
    trie = SortedTrie(nodes.update)
    for key in sorted(leaves):
        trie.add(key, leaves[key])
    expected = update_trie(Nothing(), EMPTY_TRIE_ROOT, leaves)
    assert trie.root() == expected.root
    assert nodes == expected.nodes


@pytest.mark.parametrize("second", [(b"\x01\x02", b"v"), (b"\x01\x01", b"v"), (b"\x02", b"v"), (b"\x02\x02", b"")])
def test_a_leaf_out_of_order_or_of_another_length_or_without_a_value_is_refused(second: tuple[bytes, bytes]) -> None:
    trie = SortedTrie()
    trie.add(b"\x01\x02", b"value")
    with pytest.raises(LeavesOutOfOrder):
        trie.add(*second)
